"""The shop side of the roof: what the screens know of this PC, its network, help pages and contacts."""
