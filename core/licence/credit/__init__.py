"""Time credit on this PC: whole minutes, warnings, what was last seen, and the outbox of what must be booked."""
