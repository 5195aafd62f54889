"""The back end: an ASGI app over a database, in this process or on a server. Knows no vehicle."""
