"""Work on releases: download, export. What is decided elsewhere is carried out here."""
