"""The Flash screen: what it knows and shows (look.py), what the technician may do (screen.py)."""

from tui.screens.flash.screen import FlashScreen

__all__ = ["FlashScreen"]
