"""Commands of the paper side: StartKey, log-in, time credit."""
