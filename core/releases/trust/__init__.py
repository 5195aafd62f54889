"""The Update Framework's client workflow (python-tuf) over our sources. Every tuf exception is translated here."""
