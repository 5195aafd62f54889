"""The client of a back end: in process for the embedded one, over the network for a shared one."""

from core.online.client.backend import BackendClient
from core.online.client.way import Answer, Way

__all__ = ["Answer", "BackendClient", "Way"]
