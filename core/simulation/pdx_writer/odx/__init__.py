"""Writes the data tables as ODX 2.2 documents (ISO 22901-1), one module per category."""
