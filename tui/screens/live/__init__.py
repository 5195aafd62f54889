"""The live panel: screen, filter dialog, search and bookmarks. No protocol knowledge."""

from tui.screens.live.screen import LiveScreen

__all__ = ["LiveScreen"]
