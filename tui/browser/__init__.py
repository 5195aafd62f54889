"""The door: Passbay in a web browser, on aiohttp with textual-serve's terminal; nothing without a visit that is in."""
