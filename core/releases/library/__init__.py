"""The library: every wish on releases and AddOns, from search to roll-back. Values come in; it asks nobody."""

from core.releases.library.activation import Activation as Library
from core.releases.library.base import Origin

__all__ = ["Library", "Origin"]
