"""Sentences of the core in other languages: found by their shape. Pure."""
