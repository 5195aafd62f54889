"""KWP2000 on CAN: the services of ISO 14230-3 over ISO-TP, as older series speak them. UDS is beside this package."""

from core.protocol.kwp2000.client import KwpClient

__all__ = ["KwpClient"]
