"""The Support Tool's core (T6): help pages and reference, contacts, the bundle with its masking. Asks no network."""
