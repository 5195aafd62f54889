"""The verdict on a StartKey that is genuine and of this PC: green, warning, read-only or expired. Pure.

Times are milliseconds UTC. `now` is the time that core/licence/clock holds for true, never the bare clock.
"""

from __future__ import annotations

from core.online.wire import StartKey
from core.vocabulary import StartKeyState, StartKeyVerdict

DAY = 86_400_000
GRACE_DAYS = 30
"""Days without an online check after which changing ends and reading goes on."""
WARNING_DAY = 23


def judge(paper: StartKey, now: int, checked: int, restart_needed: bool = False) -> StartKeyState:
    """`checked`: the last signed answer to an online check, 0 for none; the issue itself was one."""
    last = max(checked, paper.issued)
    days = (now - last) / DAY
    verdict, words = _verdict(paper, now, days)
    return StartKeyState(
        verdict, words, paper.key_id, paper.organisation, paper.contract, paper.issued / 1000, paper.expires / 1000,
        checked / 1000 if checked else None, paper.product_groups, paper.roles, restart_needed,
    )  # fmt: skip


def last_day(paper: StartKey, checked: int) -> int:
    """When changing ends, without another check."""
    return max(checked, paper.issued) + GRACE_DAYS * DAY


def _verdict(paper: StartKey, now: int, days: float) -> tuple[StartKeyVerdict, str]:
    if now >= paper.expires:
        return StartKeyVerdict.EXPIRED, "The StartKey has expired."
    if days >= GRACE_DAYS:
        words = "The StartKey was not checked online for {days} days: reading goes on, changing does not."
        return StartKeyVerdict.READ_ONLY, words.format(days=int(days))
    if days >= WARNING_DAY:
        words = "The StartKey was not checked online for {days} days; in {left} days changing ends."
        left = GRACE_DAYS - int(days)
        return StartKeyVerdict.GRACE_WARNING, words.format(days=int(days), left=left)
    return StartKeyVerdict.VALID, "The StartKey is up to date."
