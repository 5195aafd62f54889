"""What travels over HTTP between this PC and a back end, and the one client that sends it."""
