"""What the workbench does for the shop PC itself: PC check, hosts and ports, Support Tool."""

from core.workbench.shop.checks import ShopPc
from core.workbench.shop.support import Support

__all__ = ["ShopPc", "Support"]
