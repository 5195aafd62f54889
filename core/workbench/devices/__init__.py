"""SelectPTDevice (C13): which devices there are, what is wrong with them, how good they are, and opening one."""

from core.workbench.devices.choosing import DOIP_ONLY_URI, NO_VCI, Devices

__all__ = ["DOIP_ONLY_URI", "NO_VCI", "Devices"]
