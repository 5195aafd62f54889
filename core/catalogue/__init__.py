"""Diagnostic data: PDX read with odxtools in a child process, compiled, and used without odxtools.

`load(paths, cache_directory) -> Catalogue` is the door; coding.py and images.py stand beside it. What a PDX of ours
says beyond plain ODX is in sdg.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.catalogue.catalogue import Catalogue, OpenFile, identifying_dids, load
from core.catalogue.coding import apply, decode_items, factory_meanings, item_states
from core.catalogue.images import FlashImage, ImageSegment, image_from_file

if TYPE_CHECKING:
    from core.catalogue.compile_process import Limits

__all__ = [
    "Catalogue",
    "FlashImage",
    "ImageSegment",
    "Limits",
    "OpenFile",
    "apply",
    "decode_items",
    "factory_meanings",
    "identifying_dids",
    "image_from_file",
    "item_states",
    "load",
]


def __getattr__(name: str) -> Any:
    """`Limits` comes with subprocess and zipfile, which opening a known file does not need."""
    if name == "Limits":
        from core.catalogue.compile_process import Limits

        return Limits
    raise AttributeError(name)
