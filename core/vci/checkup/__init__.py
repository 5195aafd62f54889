"""What is wrong with a device, and how good it is: each one is tried in a process of its own."""
