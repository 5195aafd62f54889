"""Screens of the shop PC: PC check, hosts and ports, Support Tool."""
