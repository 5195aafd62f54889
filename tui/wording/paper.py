"""How the screens say StartKey, log-in, credit and back end: a tone and a few words. No widget, no wish."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from core.vocabulary import (
    PRODUCT_GROUPS,
    AccountState,
    Activation,
    BackendState,
    CreditBalance,
    CreditDuration,
    CreditPackage,
    Role,
    StartKeyState,
    StartKeyVerdict,
)
from tui.locale import _, said, several
from tui.widgets.plain import Cell, clean, fit

if TYPE_CHECKING:
    from tui.paper.desk import Papers

Told = tuple[str, str]
"""Tone and words."""
DayWords = Callable[[float], str]
Kind = TypeVar("Kind", CreditBalance, CreditPackage)

ROLES = {
    Role.STANDARD_DIAGNOSIS: _("standard diagnosis"),
    Role.FLASH: _("flash"),
    Role.ORGANISATION_ADMIN: _("administrator"),
}
VERDICTS = {
    StartKeyVerdict.VALID: ("ok", _("valid")),
    StartKeyVerdict.GRACE_WARNING: ("warn", _("valid, long not checked online")),
    StartKeyVerdict.READ_ONLY: ("bad", _("read-only until it is checked online")),
    StartKeyVerdict.MISSING: ("warn", _("none for this system yet")),
    StartKeyVerdict.INVALID: ("bad", _("not valid")),
    StartKeyVerdict.OTHER_PC: ("bad", _("of another PC")),
    StartKeyVerdict.EXPIRED: ("bad", _("expired")),
}
DURATIONS = {
    CreditDuration.HOUR: _("hour"),
    CreditDuration.DAY: _("day"),
    CreditDuration.WEEK: _("week"),
    CreditDuration.MONTH: _("month"),
    CreditDuration.YEAR: _("year"),
}
CLOCK_SLACK = 60.0  # seconds: more than this makes signed papers look too old or too new
LOW_CREDIT, LAST_CREDIT = 30, 5  # minutes, from which the header warns
NOT_NEEDED = _("not needed for the simulation")


def roles_words(roles: Iterable[Role]) -> str:
    return ", ".join(ROLES[role] for role in Role if role in set(roles)) or _("no rights yet")


def role_word(account: AccountState) -> str:
    """The one that counts, for the header."""
    if Role.FLASH in account.roles:
        return _("flash")
    if Role.STANDARD_DIAGNOSIS in account.roles:
        return _("standard")
    return _("activating") if account.activation is Activation.PENDING else _("no rights")


def minutes_words(minutes: int) -> str:
    """3 h 41 min, 59 min."""
    hours, rest = divmod(max(0, minutes), 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def minutes_short(minutes: int) -> str:
    """For the header: 3h41, 59 min, 12 d."""
    hours, rest = divmod(max(0, minutes), 60)
    if hours >= 72:
        return f"{hours // 24} d"
    return f"{hours}h{rest:02}" if hours else f"{rest} min"


def minutes_tone(minutes: int) -> str:
    return "" if minutes > LOW_CREDIT else "warn" if minutes > LAST_CREDIT else "bad"


def header_words(papers: Papers) -> Cell:
    """anna/flash 3h41: who works here with which right, and what is left for the connected vehicle's group."""
    account = papers.account
    if not account.user:
        return ((_("not logged in"), "warn"),)
    user = clean(account.user)
    who = (f"{fit(user, min(len(user), 12))}/{role_word(account)}", "")
    if papers.out_of_credit and papers.needed:
        return who, (_("  no credit"), "bad")
    if papers.minutes is None:
        return (who,)
    return who, (f"  {minutes_short(papers.minutes)}", minutes_tone(papers.minutes))


def activation_words(account: AccountState, day: DayWords) -> Told:
    """L5: the device stays usable while the activation is pending."""
    if account.activation is Activation.ACTIVE:
        return "ok", _("active")
    if account.activation is Activation.PENDING:
        until = (
            _(", at the latest {day}").format(day=day(account.activation_until))
            if account.activation_until
            else _(" (up to 4 hours)")
        )
        return "busy", _("under way{until}").format(until=until)
    return "dim", _("no right to activate")


def start_key_told(papers: Papers, day: DayWords) -> Told:
    if papers.activating:
        return "busy", _("checking online ...")
    state = papers.start_key
    if state is None:
        return _unknown(papers, "start_key")
    return start_key_words(state, day)


def start_key_words(state: StartKeyState, day: DayWords) -> Told:
    tone, words = VERDICTS[state.verdict]
    if state.restart_needed:
        return "warn", _("a new one was downloaded: close and start Passbay again")
    if state.green and state.expires:
        return tone, _("{words} until {value}").format(words=words, value=day(state.expires)[:10])
    return tone, words


def login_told(papers: Papers) -> Told:
    account = papers.account
    if account.user:
        if account.activation is Activation.PENDING:
            held = f"{roles_words(account.roles)}; " if account.roles else ""
            return "busy", _("{user}: {rights}activation under way").format(user=account.user, rights=held)
        return "ok" if account.roles else "warn", f"{account.user}: {roles_words(account.roles)}"
    if papers.login is not None and papers.login.under_way:
        return "busy", _("waits for its approval")
    return ("warn", _("nobody is logged in")) if papers.needed else ("dim", NOT_NEEDED)


def credit_told(papers: Papers, day: DayWords) -> Told:
    if not papers.account.user:
        return ("dim", _("log in to see it")) if papers.needed else ("dim", NOT_NEEDED)
    if papers.credit is None:
        return _unknown(papers, "credit")
    having = [balance for balance in papers.credit if has_credit(balance)]
    if not having:
        return "warn", _("none: enter shows what there is to buy")
    words = ", ".join(f"{b.group} {balance_words(b, day)}" for b in in_order(having)[:2])
    more = len(having) - 2
    return "ok", f"{words} +{more}" if more > 0 else words


def server_told(papers: Papers) -> Told:
    state = papers.backend
    if state is not None:
        return server_words(state)
    if "backend" in papers.troubles:
        return _unknown(papers, "backend")
    return ("busy", _("asking ...")) if papers.asks("backend") else ("dim", _("not asked yet"))


def server_name(papers: Papers) -> str:
    state = papers.backend
    if state is None:
        return "-"
    return _("built in") if state.embedded else state.url.partition("://")[2] or state.url


def server_words(state: BackendState) -> Told:
    """Embedded or shared, TLS, how quick."""
    if not state.reachable:
        where = state.url.partition("://")[2] or state.url
        return "bad", _("not reachable: {where}").format(where=where) if where and not state.embedded else _(
            "does not answer: {words}"
        ).format(words=said(state.words))
    place = _("built in, no port open") if state.embedded else state.url.partition("://")[2] or state.url
    quick = f", {state.milliseconds:.0f} ms" if state.milliseconds is not None else ""
    if state.maintenance:
        return "warn", f"{place}{quick}; {state.maintenance}"
    if state.embedded:
        return "ok", f"{place}{quick}"
    return (
        ("ok", f"{place}, TLS{quick}")
        if state.tls
        else ("warn", _("{place}, no TLS{quick}").format(place=place, quick=quick))
    )


def clock_told(papers: Papers) -> Told:
    state = papers.backend
    if state is None or state.clock_difference is None:
        return ("busy", _("asking ...")) if papers.asks("backend") else ("dim", _("not known"))
    seconds = state.clock_difference
    if abs(seconds) > CLOCK_SLACK:
        return "bad", _("{span} off the server: set date and time of this PC right").format(span=span(seconds))
    if abs(seconds) < 0.05:
        return "ok", _("the same as the server's")
    return "ok", _("{seconds:+.1f} s against the server").format(seconds=seconds)


def span(seconds: float) -> str:
    """A clock difference as one says it."""
    size = abs(seconds)
    if size < 120:
        return f"{size:.0f} s"
    if size < 7200:
        return f"{size / 60:.0f} min"
    return f"{size / 3600:.0f} h" if size < 172_800 else _("{value:.0f} days").format(value=size / 86_400)


def _unknown(papers: Papers, name: str) -> Told:
    trouble = papers.troubles.get(name)
    if trouble is not None:
        return "bad", f"{trouble.code} {said(trouble.message)}"
    if papers.asks(name):
        return "busy", _("asking ...")
    return ("dim", _("not asked yet")) if papers.needed else ("dim", NOT_NEEDED)


# -- credit


def has_credit(balance: CreditBalance) -> bool:
    return balance.minutes > 0 or balance.until is not None or bool(balance.unused)


def packages_words(duration: CreditDuration, count: int) -> str:
    """ "2 days": how many packages of which length."""
    words = {
        CreditDuration.HOUR: several("{count} hour", "{count} hours", count),
        CreditDuration.DAY: several("{count} day", "{count} days", count),
        CreditDuration.WEEK: several("{count} week", "{count} weeks", count),
        CreditDuration.MONTH: several("{count} month", "{count} months", count),
        CreditDuration.YEAR: several("{count} year", "{count} years", count),
    }
    return words[duration].format(count=count)


def balance_words(balance: CreditBalance, day: DayWords | None = None) -> str:
    """Minutes by use, the package that runs by the clock, packages not begun yet."""
    parts = []
    if balance.minutes or not (balance.until or balance.unused):
        parts.append(minutes_words(balance.minutes))
    if balance.until is not None:
        parts.append(
            _("until {day}").format(day=day(balance.until)) if day is not None else _("a package by the clock runs")
        )
    parts += [
        _("{packages} not begun").format(packages=packages_words(duration, count)) for duration, count in balance.unused
    ]
    return ", ".join(parts)


def in_order(kinds: Iterable[Kind]) -> list[Kind]:
    """Balances and packages as the groups and durations are named, not as a server sorts."""
    groups, durations = list(PRODUCT_GROUPS), list(CreditDuration)

    def place(one: Kind) -> tuple[int, str, int]:
        group = groups.index(one.group) if one.group in groups else len(groups)
        return group, one.group, durations.index(one.duration) if isinstance(one, CreditPackage) else 0

    return sorted(kinds, key=place)


def price_words(package: CreditPackage) -> str:
    if not package.price_cents:
        return _("free of charge")
    return f"{package.price_cents // 100}.{package.price_cents % 100:02} {package.currency}"


def package_words(package: CreditPackage) -> str:
    """What is bought: used by the minute, or by the clock from first use."""
    if package.duration is CreditDuration.HOUR:
        return _("{minutes_words}, used up by work").format(minutes_words=minutes_words(package.minutes))
    return _("one {duration} from first use").format(duration=DURATIONS[package.duration])
