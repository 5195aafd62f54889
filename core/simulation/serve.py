"""Puts a garage vehicle on a real python-can bus and a DoIP port, for other people's testers. Handles no signals."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import LocalProtocolError, UsageError, VciLost
from core.simulation.garage import Garage, GarageUnit, issue_from
from core.simulation.sim_vci import vehicle_lock
from core.simulation.state import GarageStore, Saver
from core.simulation.vehicle_files import garage_data, initial_state
from core.vci.channel import Clock
from core.vci.uri import DOIP_PORT, TLS_PORT, VciUri
from core.vocabulary import CanAddress

if TYPE_CHECKING:
    from core.simulation.can_side import CanSide
    from core.simulation.doip.side import DoipSide

DEFAULT_CAN = VciUri.parse("can:udp_multicast/239.74.163.2?port=43113")
DEFAULT_CAN_FD = VciUri.parse(f"{DEFAULT_CAN.text}&fd=1")
DEFAULT_DOIP = ("127.0.0.1", DOIP_PORT)


class RunningGarage:
    """A vehicle on its buses until `close`. `garage` is the car: its voltage may be set, its faults provoked."""

    def __init__(
        self, garage: Garage, can: tuple[VciUri, CanSide] | None, doip: DoipSide | None, resources: ExitStack
    ) -> None:
        self.garage = garage
        self.notices: list[str] = []
        self._can, self._doip, self._resources = can, doip, resources

    def describe(self) -> dict[str, Any]:
        """`vehicle`, `can` (INTERFACE/CHANNEL?...), `doip` (HOST:PORT), `units` with `tx`/`rx` or `address`.

        Only units that can be reached are listed; a way that is not served is None.
        """
        units = [_describe(unit) for unit in self.garage.units if self._serves(unit)]
        can = self._can[0].text.removeprefix("can:") if self._can else None
        told: dict[str, Any] = {"vehicle": self.garage.name, "vin": self.garage.vin, "can": can, "doip": self._place()}
        told["units"] = units
        if self._doip is not None and self._doip.tls_port:
            told["tls_port"] = self._doip.tls_port
        return told

    def check(self) -> None:
        """VciLost where a way was given up since."""
        for side in (self._can[1] if self._can else None, self._doip):
            if side is not None and side.failure:
                raise VciLost(f"The garage of {self.garage.name} has stopped: {side.failure}.")

    def close(self) -> None:
        """Off the buses; stores the state where it is kept. Idempotent."""
        self._resources.close()

    def __enter__(self) -> RunningGarage:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _place(self) -> str | None:
        if self._doip is None:
            return None
        host = f"[{self._doip.host}]" if ":" in self._doip.host else self._doip.host
        return f"{host}:{self._doip.port}"

    def _serves(self, unit: GarageUnit) -> bool:
        if unit.can_address is None:
            return self._doip is not None
        return self._can is not None and (self._can[0].fd or not unit.needs_fd)


def serve(
    vehicle: str,
    can: VciUri | None = None,
    doip: tuple[str, int] | None = None,
    *,
    cache_directory: Path,
    state_directory: Path | None = None,
    lock_directory: Path | None = None,
    clock: Clock = time.monotonic,
    certificates: Path | None = None,
    auth_roots: Sequence[Path] = (),
    faults: Sequence[str] = (),
    tls: str = "",
    tls_port: int = TLS_PORT,
) -> RunningGarage:
    """Start `vehicle`. With neither `can` nor `doip` it goes on the default ones that it has.

    With a `state_directory` (and `lock_directory`) it goes on from its stored state and keeps it; else it is fresh
    from the factory and forgets. Secured units (0x29) take their certificates from the folder `certificates` and trust
    its root and those in the PEM files `auth_roots`. `faults` are orders for misbehaviour. `tls` "yes": the DoIP entity
    wants TLS, on `tls_port` (0: any); "client": and a certificate of the tester, from one of those roots.

    UsageError for a way that the vehicle does not have and for an unknown fault; VciBusy, VciNotFound, DriverMissing as
    for any device.
    """
    issue = issue_from(certificates, _readable(auth_roots)) if certificates else None
    garage = Garage(vehicle, garage_data(vehicle, cache_directory), initial_state(vehicle), clock=clock, issue=issue)
    garage.misbehaviour.order(faults)
    has_can = any(unit.can_address for unit in garage.units)
    has_doip = any(unit.doip_address for unit in garage.units)
    if can is None and doip is None:
        way = DEFAULT_CAN_FD if any(unit.needs_fd for unit in garage.units) else DEFAULT_CAN
        can, doip = way if has_can else None, DEFAULT_DOIP if has_doip else None
    for asked, there, name in ((can, has_can, "CAN"), (doip, has_doip, "DoIP")):
        if asked is not None and not there:
            raise UsageError(f"{vehicle} has no unit on {name}.", "Leave that option out.")
    with ExitStack() as stack:
        notices = _keep(garage, state_directory, lock_directory, stack) if state_directory is not None else []
        can_side = _start_can(garage, can, stack) if can is not None else None
        doip_side = None
        if doip is not None:
            doip_side = _start_doip(garage, doip, stack, tls, tls_port, certificates, auth_roots)
        running = RunningGarage(garage, can_side, doip_side, stack.pop_all())
        running.notices = notices
        return running


def _readable(roots: Sequence[Path]) -> Sequence[Path]:
    """A wrong file is said now, not when the first tester is refused. DataInvalid, StorageFailed."""
    if roots:
        from core.simulation.certificates import read_roots

        for path in roots:
            read_roots(path)
    return roots


def _keep(garage: Garage, state_directory: Path, lock_directory: Path | None, stack: ExitStack) -> list[str]:
    stack.enter_context(vehicle_lock(garage.name, lock_directory or state_directory))
    store = GarageStore(state_directory / garage.name)
    store.load(garage)
    stack.callback(Saver(garage, store).close)
    return store.notices


def _start_can(garage: Garage, uri: VciUri, stack: ExitStack) -> tuple[VciUri, CanSide]:
    from core.simulation.can_side import CanSide
    from core.vci.opening import MULTICAST_BLOCK, open_bus

    block_size = MULTICAST_BLOCK if uri.interface == "udp_multicast" else 0
    side = CanSide(garage, open_bus(uri), block_size, fd=uri.fd)
    stack.callback(side.close)
    return uri, side


def _start_doip(
    garage: Garage, place: tuple[str, int], stack: ExitStack, tls: str, tls_port: int, certificates: Path | None,
    auth_roots: Sequence[Path],
) -> DoipSide:  # fmt: skip
    from core.simulation.doip.side import DoipSide

    context = None
    if tls:
        from core.simulation.certificates import Authority
        from core.simulation.doip.tls import server_context

        if certificates is None:
            raise LocalProtocolError("TLS needs the folder of the garage's certificates")
        context = server_context(Authority(certificates, auth_roots), garage.name, garage.vin, tls)
    side = DoipSide(garage, *place, discovery=True, tls=context, tls_port=tls_port)
    stack.callback(side.close)
    return side


def _describe(unit: GarageUnit) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": unit.name}
    if unit.can_address is not None:
        entry |= _describe_can(unit.can_address)
    elif unit.doip_address is not None:
        entry["address"] = f"0x{unit.doip_address.logical:04X}"
    return entry


def _describe_can(address: CanAddress) -> dict[str, Any]:
    entry: dict[str, Any] = {"tx": f"0x{address.tx:X}", "rx": f"0x{address.rx:X}"}
    if address.tx_extension is not None and address.rx_extension is not None:
        extensions = {"tx_extension": f"0x{address.tx_extension:02X}", "rx_extension": f"0x{address.rx_extension:02X}"}
        entry |= {"addressing": address.addressing.value, **extensions}
    return entry | ({"fd": True} if address.is_fd else {})
