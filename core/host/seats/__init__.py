"""Who is at the host: a seat a client (seat.py) with its outbox, and the wheel that one of them has (wheel.py)."""
