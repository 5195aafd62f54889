"""Retail Data Storage: a pull-through store of release data on the shop's LAN. Signs nothing, checks what it keeps."""
