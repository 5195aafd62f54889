"""What holds for the whole vehicle while units are flashed: extended session, keep-alive, quiet. Flashes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from core.diagnosis.commands import Command, Functional, Job, KeepAlive, Reconnect, Request, Tell
from core.errors import ProductError
from core.events import Noted
from core.protocol import uds
from core.vocabulary import EcuAddress

if TYPE_CHECKING:
    from core.catalogue.model import FlashPolicy

DEFAULT = 0x01
PROBE = uds.tester_present(suppress=False)
Place = tuple[str, EcuAddress]


class Frame:
    """Opened once and closed once, however many units are flashed in between (page 3 of the plan, section 3.1).

    A switch (85, 28) is used where one of the policies wants it; the keep-alive is as often as the strictest asks.
    """

    def __init__(self, everyone: Iterable[EcuAddress], policies: Sequence[FlashPolicy]) -> None:
        self._everyone = tuple(dict.fromkeys(everyone))
        self._session = policies[0].extended_session
        self._interval = min(policy.keep_alive_interval for policy in policies)
        self._dtc_setting = any(policy.dtc_setting for policy in policies)
        self._communication = any(policy.communication_control for policy in policies)

    def open(self) -> Job[None]:
        """All units into the extended session, and kept there."""
        yield Functional(self._everyone, uds.session(self._session, suppress=True))
        yield KeepAlive(self._everyone, self._interval)

    def quiet(self) -> Job[None]:
        """After the units have said that they are ready: no trouble codes, no normal messages."""
        if self._dtc_setting:
            yield Functional(self._everyone, uds.dtc_setting(2, suppress=True))
        if self._communication:
            yield Functional(self._everyone, uds.communication_control(1, suppress=True))

    def rejoin(self, place: Place) -> Job[None]:
        """A unit that was reset is quiet again while others are flashed. It may refuse: nothing depends on it."""
        commands: list[Command] = [self._ask(place, uds.session(self._session))]
        if self._dtc_setting:
            commands.append(self._ask(place, uds.dtc_setting(2)))
        if self._communication:
            commands.append(self._ask(place, uds.communication_control(1)))
        yield from _all("While quieting the vehicle", commands)

    def close(self, *, awaited: Iterable[tuple[Place, float]] = (), cleared: Iterable[Place] = ()) -> Job[None]:
        """On every ending communication and DTC setting are on again; an error here replaces none.

        `awaited`: units that leave their boot loader by one more reset, and the seconds they may take; the next job
        must not fall into it. `cleared`: the reset and the silence of these have left codes that are no faults.
        """
        commands: list[Command] = []
        if self._communication:
            commands.append(Functional(self._everyone, uds.communication_control(0, suppress=True)))
        if self._dtc_setting:
            commands.append(Functional(self._everyone, uds.dtc_setting(1, suppress=True)))
        commands += [KeepAlive(()), Functional(self._everyone, uds.session(DEFAULT, suppress=True))]
        commands += [Reconnect(unit, address, PROBE, seconds) for (unit, address), seconds in awaited]
        commands += [self._ask(place, uds.clear_dtcs()) for place in cleared]
        yield from _all("While putting the vehicle back", commands)

    @staticmethod
    def _ask(place: Place, pdu: bytes) -> Request:
        return Request(*place, pdu, raise_negative=False)


def _all(when: str, commands: Iterable[Command]) -> Job[None]:
    for command in commands:
        try:
            yield command
        except ProductError as problem:
            yield Tell(Noted(0.0, "warning", f"{when}: {problem.message}"))
