"""Other languages: sentences of the core found by their shape, and what a browser wishes for. Pure."""
