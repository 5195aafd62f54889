"""Which requests are heard at all: Host (DNS rebinding) and Origin (other pages), and how often one may ask. Pure."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict, deque
from urllib.parse import urlsplit

_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))
_MOST_ADDRESSES = 1000


def host_name(host_header: str) -> str:
    """The name in a Host header without its port, "" for what is none."""
    try:
        parts = urlsplit(f"//{host_header}")
        _port = parts.port  # raises for what is none
    except ValueError:
        return ""
    clean = parts.hostname or ""
    return "" if parts.username is not None or parts.path or parts.query or parts.fragment else clean


class Names:
    """The names that this door answers to. A page of somebody else's name that resolves to this PC gets nothing."""

    def __init__(self, host: str, url: str, known: tuple[str, ...] = ()) -> None:
        self._names = {
            host.lower(),
            (urlsplit(url).hostname or "").lower(),
            *(name.lower() for name in known),
            *_LOOPBACK,
        }
        self._names -= {"", "0.0.0.0", "::"}
        # bound to all interfaces it has more addresses than can be listed; an address is no name that can be rebound
        self._any_address = host in ("0.0.0.0", "::")

    def knows(self, host_header: str) -> bool:
        name = host_name(host_header).lower()
        if name in self._names:
            return True
        return self._any_address and _is_address(name)


def same_origin(origin: str, scheme: str, host_header: str) -> bool:
    """Whether a request was made by a page of this very door. Browsers always send an Origin with what changes
    something and with a websocket; whatever sends none is no browser that could have been tricked, and is refused, too.
    """
    return origin.lower() == f"{scheme}://{host_header}".lower()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class Rate:
    """At most `most` times in `seconds`, for each key and for all together `most_of_all`. `now` only goes on."""

    def __init__(self, most: int, most_of_all: int, seconds: float) -> None:
        self._most, self._all_most, self._seconds = most, most_of_all, seconds
        self._times: OrderedDict[str, deque[float]] = OrderedDict()
        self._all: deque[float] = deque()

    def admits(self, key: str, now: float) -> bool:
        """Counts only what is admitted."""
        mine = self._times.setdefault(key, deque())
        self._times.move_to_end(key)
        for times in (mine, self._all):
            while times and now - times[0] >= self._seconds:
                times.popleft()
        while len(self._times) > _MOST_ADDRESSES:
            self._times.popitem(last=False)
        if len(mine) >= self._most or len(self._all) >= self._all_most:
            return False
        mine.append(now)
        self._all.append(now)
        return True
