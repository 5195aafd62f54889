"""Passbay in the browser, as the workbench knows it: the book of visits between the door and the screens."""

from core.workbench.assistance.book import VisitBook

__all__ = ["VisitBook"]
