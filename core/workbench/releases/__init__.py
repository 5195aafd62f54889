"""The Update Service and the AddOn Center for the roof: `workbench.library`."""

from core.workbench.releases.desk import LibraryDesk

__all__ = ["LibraryDesk"]
