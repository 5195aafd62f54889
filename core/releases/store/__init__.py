"""What is on this PC's disk: one pointer file, files by their content, the trusted metadata. Asks no network."""
