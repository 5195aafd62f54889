"""The releases' side of the roof: what the screens know of releases, AddOns and downloads, and what they ask for."""
