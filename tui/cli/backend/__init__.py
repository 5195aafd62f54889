"""`passbay serve` and `passbay admin ...`."""
