"""Coding: read, change by name, before-image, read-back, restore, files, comparison. Meanings are the catalogue's."""

from core.diagnosis.coding.backups import BackupStore
from core.diagnosis.coding.comparing import coding_diff, file_diff, load_preview, side_of
from core.diagnosis.coding.job import coding_after, coding_load, coding_read, coding_restore, coding_write
from core.diagnosis.coding.whole import coding_export, vehicle_restore

__all__ = [
    "BackupStore",
    "coding_after",
    "coding_diff",
    "coding_export",
    "coding_load",
    "coding_read",
    "coding_restore",
    "coding_write",
    "file_diff",
    "load_preview",
    "side_of",
    "vehicle_restore",
]
