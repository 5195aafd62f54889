"""Hosts and ports (R6): name, connection, TLS and answer of each target, side by side under one deadline."""

from core.pc.network.check import check_targets
from core.pc.network.page import administrator_page

__all__ = ["administrator_page", "check_targets"]
