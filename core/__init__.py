"""Passbay's core: everything except the screens. See README.md in this folder for the map."""
