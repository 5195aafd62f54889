"""Several units in one order: sequence.py says who comes when, job.py does it."""

from core.diagnosis.flash.order.job import flash_order, flash_order_preview

__all__ = ["flash_order", "flash_order_preview"]
