"""Where bytes come from: a server, a folder or stick, an exported zip; one face, the same limits, no trust in any."""
