"""Flashing one unit: choosing flashware, checks before the first erase, the sequence, every ending safe."""

from core.diagnosis.flash.job import flash, flash_preview
from core.diagnosis.flash.plan import FlashTask

__all__ = ["FlashTask", "flash", "flash_preview"]
