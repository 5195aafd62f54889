"""The live panel's view through the host: one round trip a look, and only what the panel shows travels."""

from __future__ import annotations

from core.errors import ProductError
from core.host.link import HostLink
from core.vocabulary import BusFigures, PanelShot, PanelWish

ANSWER_SECONDS = 2.0  # a panel shows what it had rather than wait for a host that hangs


class HostedTrafficView:
    """The same face as the in-process view, `look` and `clear`. Blocks: call it beside the screens."""

    def __init__(self, link: HostLink, number: int) -> None:
        self._link = link
        self._number = number
        self._shot = PanelShot(PanelWish("rows", 0), (), BusFigures(None, 0.0, 0, 0))

    def look(self, now: float, wish: PanelWish) -> PanelShot:
        """Asks the host to take in what came, and for what is wished. The last answer again where it does not answer:
        the message list tells what happened to the host."""
        try:
            shot = self._link.call("traffic", self._number, now, wish, seconds=ANSWER_SECONDS)
        except (ProductError, TimeoutError):
            return self._shot
        if isinstance(shot, PanelShot):
            self._shot = shot
        return self._shot

    def clear(self) -> None:
        """Empties rows, lists and counters; goes on from here."""
        try:
            self._link.call("traffic_clear", self._number, seconds=ANSWER_SECONDS)
        except (ProductError, TimeoutError):
            pass
