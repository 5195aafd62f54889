"""`sim:VEHICLE`: a garage vehicle in this process behind an ordinary VCI. Its state is kept between two runs.

The tester's side is the product's own path: python-can's virtual bus and a real TCP connection on the loopback.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

from core.pc.locks import DeviceLock
from core.simulation.garage import Garage, issue_from
from core.simulation.state import GarageStore, Saver, erase_state
from core.simulation.vehicle_files import garage_data, initial_state
from core.vci.channel import Clock, Tap, Vci
from core.vci.combined import CombinedVci

TESTER = 0x0E00


class SimulationVci(CombinedVci):
    """The VCI of a garage vehicle. `garage` is the car itself; `notices` are sentences about its stored state."""

    def __init__(
        self, can: Vci | None, doip: Vci | None, garage: Garage, notices: list[str], on_close: Callable[[], None]
    ) -> None:
        super().__init__(
            can,
            doip,
            uri=f"sim:{garage.name}",
            name=f"Simulation {garage.name}",
            voltage=lambda: garage.voltage,
            vin_hint=garage.vin if doip is not None else "",  # what the gateway announces
            on_close=on_close,
        )
        self.garage, self.notices = garage, notices
        self.misbehaviour = garage.misbehaviour


def open_simulation(
    vehicle: str,
    *,
    tap: Tap,
    cache_directory: Path,
    state_directory: Path,
    lock_directory: Path,
    clock: Clock = time.monotonic,
    certificates: Path | None = None,
    faults: Iterable[str] = (),
    tls: str = "",
) -> SimulationVci:
    """Start the vehicle with its stored state (state_directory/VEHICLE) and open the ways that it has.

    `certificates` is the folder of the installation's own root: secured units (0x29) need it. `faults` are orders for
    misbehaviour, in force before the first connection. `tls` as with `serve`.

    UsageError for an unknown vehicle or fault, VciBusy where another process uses it, DataInvalid for damaged data.
    """
    initial = initial_state(vehicle)
    with ExitStack() as stack:
        stack.enter_context(vehicle_lock(vehicle, lock_directory))
        issue = issue_from(certificates) if certificates else None
        garage = Garage(vehicle, garage_data(vehicle, cache_directory), initial, clock=clock, issue=issue)
        garage.misbehaviour.order(faults)
        store = GarageStore(state_directory / vehicle)
        store.load(garage)
        stack.callback(Saver(garage, store).close)
        can = open_can_way(garage, tap, stack) if any(unit.can_address for unit in garage.units) else None
        has_doip = any(unit.doip_address for unit in garage.units)
        doip = open_doip_way(garage, tap, stack, tls, certificates) if has_doip else None
        return SimulationVci(can, doip, garage, store.notices, stack.pop_all().close)


def reset_vehicle(vehicle: str, *, state_directory: Path, lock_directory: Path) -> None:
    """Back to the factory. UsageError for an unknown vehicle, VciBusy while a process uses it."""
    initial_state(vehicle)
    with vehicle_lock(vehicle, lock_directory):
        erase_state(state_directory / vehicle)


def vehicle_lock(vehicle: str, lock_directory: Path) -> DeviceLock:
    """One process at a time may use a vehicle and its stored state."""
    return DeviceLock(f"sim:{vehicle}", lock_directory)


def open_can_way(garage: Garage, tap: Tap, stack: ExitStack) -> Vci:
    import can

    from core.simulation.can_side import CanSide
    from core.vci.python_can import CanVci

    channel = f"passbay-{uuid.uuid4()}"
    fd = any(unit.needs_fd for unit in garage.units)
    stack.callback(CanSide(garage, can.Bus(interface="virtual", channel=channel), fd=fd).close)
    bus = can.Bus(interface="virtual", channel=channel)
    name = f"Simulation {garage.name}"
    vci = CanVci(bus, uri=f"sim:{garage.name}", name=name, tap=tap, clock=garage.clock, channel="CAN", fd=fd)
    stack.callback(vci.close)
    return vci


def open_doip_way(
    garage: Garage, tap: Tap, stack: ExitStack, tls: str = "", certificates: Path | None = None
) -> Vci:
    from core.simulation.doip.side import DoipSide
    from core.vci.doip.tcp import DoipVci
    from core.vci.doip.tls import TlsTrust

    if not tls or certificates is None:
        side = DoipSide(garage)
        trust = TlsTrust()
    else:
        from core.simulation.certificates import Authority
        from core.simulation.doip.tls import garage_trust, server_context

        side = DoipSide(garage, tls=server_context(Authority(certificates), garage.name, garage.vin, tls))
        trust = garage_trust(certificates, side.tls_port)
    stack.callback(side.close)
    vci = DoipVci(side.host, side.port, source=TESTER, tap=tap, clock=garage.clock, trust=lambda: trust)
    stack.callback(vci.close)
    return vci
