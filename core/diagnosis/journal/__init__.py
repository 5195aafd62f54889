"""The journal: what a job that changes a unit has done, on the disk before the next step; and what follows from it."""

from core.diagnosis.journal.files import JournalFolder
from core.diagnosis.journal.journal import Journal
from core.diagnosis.journal.recovery import left_in_programming, unfinished

__all__ = ["Journal", "JournalFolder", "left_in_programming", "unfinished"]
