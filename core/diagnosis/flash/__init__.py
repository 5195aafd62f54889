"""Flashing one unit: choosing flashware, checks before the first erase, the sequence, every ending safe."""

from core.diagnosis.flash.job import flash, flash_preview
from core.diagnosis.flash.order import flash_order, flash_order_preview
from core.diagnosis.flash.plan import FlashTask
from core.diagnosis.flash.recover import recover, with_journal
from core.diagnosis.flash.source import flashware_for, unit_name

__all__ = [
    "FlashTask",
    "flash",
    "flash_order",
    "flash_order_preview",
    "flash_preview",
    "flashware_for",
    "recover",
    "unit_name",
    "with_journal",
]
