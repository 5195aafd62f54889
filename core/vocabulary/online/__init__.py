"""Nouns of the online wing."""
