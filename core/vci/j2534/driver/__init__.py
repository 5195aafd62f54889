"""The binding to a vendor's library, by ctypes: standard library only, so that any Python can run it in a helper."""
