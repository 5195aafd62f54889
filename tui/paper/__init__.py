"""The paper side of the roof: what the screens know of StartKey, log-in and credit, and what they ask for."""
