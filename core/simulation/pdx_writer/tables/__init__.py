"""What the garage's vehicles are: plain Python data, no XML and no bytes."""
