"""Screens of the releases: Update Service Control Center, AddOn Center."""
