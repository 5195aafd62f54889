"""The command group `passbay trace`."""
