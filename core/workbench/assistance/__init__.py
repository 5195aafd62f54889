"""Passbay in the browser, as the workbench knows it: the door, the book of visits, and its face for the roof."""

from core.workbench.assistance.book import VisitBook
from core.workbench.assistance.face import Assistance

__all__ = ["Assistance", "VisitBook"]
