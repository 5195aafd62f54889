"""What the administrator of a back end does, directly on its database: `passbay admin ...`."""

from core.backend.admin.desk import AdminDesk, open_desk

__all__ = ["AdminDesk", "open_desk"]
