"""Nouns of the shop PC: what it must have, which hosts it must reach."""
