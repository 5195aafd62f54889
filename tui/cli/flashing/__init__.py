"""`passbay flash` and `passbay plan`."""
