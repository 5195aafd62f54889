"""When a device may ask again whether it was approved (RFC 8628, section 3.5). Pure: time is an argument.

polling = Polling(interval=5, expires_in=1800, now=now)
while polling.state is PollState.WAITING:
    ...wait until polling.next_at...
    polling.answered("slow_down", now)      # or .silent(now) for a lost connection, a time-out, a status of 500
"""

from __future__ import annotations

from enum import Enum

SLOWER = 5.0
LONGEST_INTERVAL = 60.0


class PollState(Enum):
    WAITING = "waiting"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    REFUSED = "refused"


_ENDINGS = {"access_denied": PollState.DENIED, "expired_token": PollState.EXPIRED}


class Polling:
    """`next_at`: not before. The interval never gets shorter."""

    def __init__(self, interval: float, expires_in: float, now: float) -> None:
        self.state = PollState.WAITING
        self.interval = max(interval, 1.0)
        self.expires_at = now + expires_in
        self.next_at = now + self.interval

    def approved(self) -> None:
        self.state = PollState.APPROVED

    def answered(self, error: str, now: float) -> None:
        """The OAuth error of the token endpoint."""
        if error == "authorization_pending":
            self._again(now)
        elif error == "slow_down":
            self.interval += SLOWER
            self._again(now)
        else:
            self.state = _ENDINGS.get(error, PollState.REFUSED)

    def silent(self, now: float, wait: float = 0.0) -> None:
        """No answer, or one of a server in trouble, which may want to be left alone for `wait` seconds: the interval
        doubles before the next try."""
        self.interval = max(self.interval, min(self.interval * 2, LONGEST_INTERVAL))
        self._again(now, wait)

    def look(self, now: float) -> None:
        """Time has passed."""
        if self.state is PollState.WAITING and now >= self.expires_at:
            self.state = PollState.EXPIRED

    def _again(self, now: float, wait: float = 0.0) -> None:
        self.next_at = now + max(self.interval, wait)
        if self.next_at >= self.expires_at:
            self.state = PollState.EXPIRED  # the next question would come too late
