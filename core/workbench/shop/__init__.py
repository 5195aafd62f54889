"""What the workbench does for the shop PC itself: PC check, hosts and ports."""

from core.workbench.shop.checks import ShopPc

__all__ = ["ShopPc"]
