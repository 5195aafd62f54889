"""What holds for the whole vehicle while units are flashed: extended session, keep-alive, quiet. Flashes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from core.diagnosis.commands import Collect, Command, Functional, Job, KeepAlive, Reconnect, Request, Tell
from core.errors import ProductError
from core.events import Noted
from core.protocol.dialect import Dialect, dialect_of
from core.vocabulary import EcuAddress

if TYPE_CHECKING:
    from core.catalogue.model import FlashPolicy

ANSWERS_WITHIN = 0.2
"""Seconds in which all units have answered a functional request whose answer cannot be suppressed (P2max is 50 ms)."""
Place = tuple[str, EcuAddress]


class Frame:
    """Opened once and closed once, however many units are flashed in between (page 3 of the plan, section 3.1).

    A switch (85, 28) is used where one of the policies wants it; the keep-alive is as often as the strictest asks.
    Units of another protocol in the same vehicle are asked in theirs.
    """

    def __init__(self, everyone: Iterable[EcuAddress], policies: Sequence[FlashPolicy]) -> None:
        self._everyone = tuple(dict.fromkeys(everyone))
        self._session = policies[0].extended_session
        groups: dict[str, list[EcuAddress]] = {}
        for address in self._everyone:
            groups.setdefault(address.protocol, []).append(address)
        self._groups = [(dialect_of(name), tuple(addresses)) for name, addresses in sorted(groups.items())]
        self._interval = min(policy.keep_alive_interval for policy in policies)
        self._dtc_setting = any(policy.dtc_setting for policy in policies)
        self._communication = any(policy.communication_control for policy in policies)

    def open(self) -> Job[None]:
        """All units into the extended session, and kept there."""
        for dialect, addresses in self._groups:
            yield _session(dialect, addresses, self._extended(dialect))
        yield KeepAlive(self._everyone, self._interval)

    def quiet(self) -> Job[None]:
        """After the units have said that they are ready: no trouble codes, no normal messages."""
        for dialect, addresses in self._groups:
            if self._dtc_setting:
                yield Functional(addresses, dialect.dtc_setting(False, suppress=True))
            if self._communication:
                yield Functional(addresses, dialect.normal_messages(False, suppress=True))

    def rejoin(self, place: Place) -> Job[None]:
        """A unit that was reset is quiet again while others are flashed. It may refuse: nothing depends on it."""
        dialect = dialect_of(place[1])
        commands: list[Command] = [self._ask(place, dialect.session(self._extended(dialect)))]
        if self._dtc_setting:
            commands.append(self._ask(place, dialect.dtc_setting(False)))
        if self._communication:
            commands.append(self._ask(place, dialect.normal_messages(False)))
        yield from _all("While quieting the vehicle", commands)

    def close(self, *, awaited: Iterable[tuple[Place, float]] = (), cleared: Iterable[Place] = ()) -> Job[None]:
        """On every ending communication and DTC setting are on again; an error here replaces none.

        `awaited`: units that leave their boot loader by one more reset, and the seconds they may take; the next job
        must not fall into it. `cleared`: the reset and the silence of these have left codes that are no faults.
        """
        commands: list[Command] = []
        for dialect, addresses in self._groups:
            if self._communication:
                commands.append(Functional(addresses, dialect.normal_messages(True, suppress=True)))
            if self._dtc_setting:
                commands.append(Functional(addresses, dialect.dtc_setting(True, suppress=True)))
        commands.append(KeepAlive(()))
        commands += [_session(dialect, addresses, dialect.default_session) for dialect, addresses in self._groups]
        commands += [Reconnect(unit, address, probe_of(address), seconds) for (unit, address), seconds in awaited]
        commands += [self._ask(place, dialect_of(place[1]).clear_dtcs()) for place in cleared]
        yield from _all("While putting the vehicle back", commands)

    def _extended(self, dialect: Dialect) -> int:
        """The policy's session where it is one of this protocol."""
        mine = (self._session > 0x7F) == (dialect.extended_session > 0x7F)
        return self._session if mine else dialect.extended_session

    @staticmethod
    def _ask(place: Place, pdu: bytes) -> Request:
        return Request(*place, pdu, raise_negative=False)


def probe_of(address: EcuAddress) -> bytes:
    """TesterPresent that is answered."""
    return dialect_of(address).tester_present(suppress=False)


def _session(dialect: Dialect, addresses: tuple[EcuAddress, ...], kind: int) -> Command:
    """Functionally; answers that cannot be suppressed are gathered, so that none is taken for another one's."""
    quiet = dialect.quiet_session(kind)
    if quiet is not None:
        return Functional(addresses, quiet)
    return Collect(addresses, dialect.session(kind), ANSWERS_WITHIN)


def _all(when: str, commands: Iterable[Command]) -> Job[None]:
    for command in commands:
        try:
            yield command
        except ProductError as problem:
            yield Tell(Noted(0.0, "warning", f"{when}: {problem.message}"))
