"""The paper side of this PC: hardware ID, StartKey, log-in, time credit, permits. Pure code decides."""
