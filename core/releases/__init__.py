"""Releases and AddOns on this PC: trust, download, storage, activation. Asks through its own fetcher."""
