"""What is wrong with an installed pass-thru device: each one is tried in a process of its own."""
