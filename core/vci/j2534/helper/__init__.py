"""Libraries that this process must not or cannot load: they run in a helper process, under a Python that fits them."""
