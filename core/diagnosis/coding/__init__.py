"""Coding: read, change by name, verify, keep the before-image, restore. Which item means what is the catalogue's."""

from core.diagnosis.coding.backups import Backup, BackupStore
from core.diagnosis.coding.job import coding_after, coding_read, coding_restore, coding_write

__all__ = ["Backup", "BackupStore", "coding_after", "coding_read", "coding_restore", "coding_write"]
