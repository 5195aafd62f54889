"""A simulated car that outlives its testers, and testers that may die: for campaigns. No cut is decided here."""

from __future__ import annotations

import shutil
import socket
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from pathlib import Path
from types import TracebackType

import can

from core.catalogue import Catalogue, load
from core.catalogue.model import FlashSession
from core.diagnosis.runner import RunningJob
from core.errors import ProductError
from core.events import Event, Noted
from core.simulation.can_side import CanSide
from core.simulation.certificates import Authority
from core.simulation.doip.side import DoipSide
from core.simulation.doip.tls import garage_trust, server_context
from core.simulation.ecu.server import Peer
from core.simulation.garage import Garage, GarageUnit
from core.simulation.initial_state import SimTiming
from core.simulation.vehicle_files import garage_data, initial_state, pdx_path
from core.stream import EventStream
from core.vci.channel import Vci
from core.vci.combined import CombinedVci
from core.vci.doip.tcp import DoipVci
from core.vci.doip.tls import TlsTrust
from core.vci.j2534.helper.client import RemoteDevice
from core.vci.j2534.vci import J2534Vci
from core.vci.opening import MULTICAST_BLOCK, open_bus
from core.vci.python_can import CanVci
from core.vci.uri import VciUri
from core.vocabulary import FlashResult, Interrupted
from core.workbench import Workbench, WorkbenchPaths
from tests.campaign.cuts import CutVci, Killed, SkippingClock
from tests.papers import commission
from tests.vci.j2534.support import Compiler, Wire

QUICK = SimTiming(
    reset_time=0.03, erase_per_kib=0.0, erase_minimum=0.06, checksum_per_kib=0.0, answer_time=0.0, pending_interval=0.02
)
WAYS = ("j2534", "multicast", "tls")
"""A compiled pass-thru library in a helper process, python-can's udp_multicast, DoIP over TLS with certificates."""
MULTICAST = "239.74.163.71"
PATIENCE = 120.0  # seconds


@dataclass(frozen=True)
class Subject:
    """Which unit of which car is flashed; `block_length` is what its 0x34 offers (maxNumberOfBlockLength).

    `way`: "" the simulation's own (virtual CAN bus, plain DoIP), else one of WAYS.
    """

    car: str
    unit: str
    block_length: int
    timing: SimTiming = QUICK
    way: str = ""


class Watched(EventStream):
    """Calls `alarmed` when the product tells an error while a job runs, as a technician would see it."""

    def __init__(self, alarmed: Callable[[], None]) -> None:
        super().__init__()
        self._alarmed = alarmed

    def publish(self, event: Event) -> None:
        super().publish(event)
        if isinstance(event, Noted) and event.severity == "error":
            self._alarmed()


class Rig:
    """The car on its buses, with the journal and catalogue that a workbench would have. Close it."""

    def __init__(self, subject: Subject, cache: Path, home: Path, outside: bool = False) -> None:
        """`outside`: on a bus that other processes reach, at `uri`; a `tester` in this process is not for it."""
        self.subject = subject
        self.paths = WorkbenchPaths(home / "config", home / "data", cache, home / "state")
        self._frozen = home / "frozen"
        self.catalogue: Catalogue = load([pdx_path(subject.car)], self.paths.compiled)
        initial = initial_state(subject.car)
        units = {
            name: replace(unit, timing=subject.timing)
            if name != subject.unit
            else replace(unit, timing=subject.timing, max_block_length=subject.block_length)
            for name, unit in initial.units.items()
        }
        self._outside = outside
        self._full_voltage = initial.voltage
        self.garage = Garage(
            subject.car, garage_data(subject.car, self.paths.compiled), replace(initial, units=units, broadcast=()),
            clock=time.monotonic,
        )  # fmt: skip
        self.unit: GarageUnit = self.garage.unit(subject.unit)
        self._stack = ExitStack()
        self._channel = ""
        self._doip: DoipSide | None = None
        self.uri = ""
        self._trust: TlsTrust | None = None
        self._wire: Wire | None = None
        if self.unit.can_address is None:
            self._doip = self._tls_side(home) if subject.way == "tls" else DoipSide(self.garage)
            self._stack.callback(self._doip.close)
            self.uri = f"doip://{self._doip.host}:{self._doip.port}"
        elif subject.way == "j2534":
            self._wire = self._stack.enter_context(Wire())
            self._stack.callback(CanSide(self.garage, self._wire.bus()).close)
        elif outside or subject.way == "multicast":
            self.uri = f"can:udp_multicast/{MULTICAST}?port={free_port()}"
            bus = open_bus(VciUri.parse(self.uri))
            self._stack.callback(CanSide(self.garage, bus, MULTICAST_BLOCK).close)
        else:
            self._channel = f"campaign-{uuid.uuid4()}"
            self._stack.callback(CanSide(self.garage, self._bus()).close)
        self._factory = [(bytes(r.data), (r.used_start, r.used_end)) for r in self.unit.state.memory.regions]
        session: FlashSession = self.catalogue.flash_sessions(self.unit.model.info)[-1]
        self.session = session
        images = [self.catalogue.image(session, block) for block in session.blocks]
        self.wanted = {segment.start: segment.data for image in images for segment in image.segments}

    def _tls_side(self, home: Path) -> DoipSide:
        folder = home / "certificates"
        side = DoipSide(self.garage, tls=server_context(Authority(folder), self.garage.name, self.garage.vin, "client"))
        self._trust = garage_trust(folder, side.tls_port)
        return side

    def _bus(self) -> can.BusABC:
        return can.Bus(interface="virtual", channel=self._channel)

    def factory(self) -> None:
        """The old software again, everything at rest, an empty journal and history."""
        for unit in self.garage.units:
            with unit.lock:
                if unit is self.unit:
                    regions = unit.state.memory.regions
                    for region, (data, used) in zip(regions, self._factory, strict=True):
                        region.restore(data, True, used)
                unit.power_on(time.monotonic())
        self.charge()
        for folder in (self.paths.state, self.paths.data):
            shutil.rmtree(folder, ignore_errors=True)
        if self._outside:
            commission(self.paths)  # to other processes it is a real vehicle

    def right(self) -> bool:
        """Every byte of the flashware is in the unit's memory, marked valid, and the application runs."""
        with self.unit.lock:
            server, memory = self.unit.server, self.unit.state.memory
            held = {
                start: bytes(region.data[start - region.start : start - region.start + len(data)])
                for start, data in self.wanted.items()
                if (region := memory.holding(start, len(data))) is not None
            }
            return held == self.wanted and memory.valid and not server.in_boot

    def alive(self) -> bool:
        """The unit has a whole software, old or new: it would start by itself."""
        with self.unit.lock:
            return self.unit.state.memory.valid

    def tester(self, cut_at: int | None = None, happen: Callable[[CutVci], None] = lambda vci: None) -> Tester:
        """A new process that connects to the car."""
        stack = ExitStack()
        can_vci = doip_vci = None
        clock = SkippingClock()
        if self._doip is None:
            can_vci = self._can_way()
        else:
            trust = None if self._trust is None else lambda: self._trust
            doip_vci = DoipVci(
                self._doip.host, self._doip.port, source=0x0E00, tap=lambda record: None, trust=trust
            )  # fmt: skip
        inner = CombinedVci(
            can_vci, doip_vci, uri=f"sim:{self.subject.car}", name="campaign", voltage=lambda: self.garage.voltage,
            vin_hint=self.garage.vin, on_close=stack.close,
        )  # fmt: skip
        return Tester(self, CutVci(inner, clock, cut_at, happen))

    def _can_way(self) -> Vci:
        named = {"uri": "sim:", "name": "campaign", "tap": lambda record: None}
        if self._wire is not None:
            device = RemoteDevice((sys.executable,), passthru(), "campaign", str(self._wire.path))
            return J2534Vci(device, bitrate=500_000, **named)
        if self.uri:
            bus = open_bus(VciUri.parse(self.uri))
            return CanVci(bus, echoes=True, block_size=MULTICAST_BLOCK, **named)
        return CanVci(self._bus(), **named)

    def charge(self) -> None:
        """The technician connects the battery charger."""
        self.garage.voltage = self._full_voltage

    def on_request(self, happen: Callable[[int], None]) -> None:
        """Calls `happen` with 1, 2, 3 ... as soon as the unit has worked on a physical request; until `factory`."""
        server, asked = self.unit.server, count(1)
        receive = server.receive

        def counted(pdu: bytes, now: float, functional: bool = False, peer: Peer = None) -> None:
            receive(pdu, now, functional, peer)
            if not functional:
                happen(next(asked))

        server.receive = counted  # type: ignore[method-assign]

    def freeze_journal(self) -> None:
        """What is on the disk at this moment is what a killed tester leaves."""
        shutil.rmtree(self._frozen, ignore_errors=True)
        self._frozen.mkdir()
        for path in self.paths.journal.glob("*.jsonl"):
            shutil.copy(path, self._frozen)

    def thaw_journal(self) -> None:
        """Everything that the threads of a tester wrote after its death is undone."""
        shutil.rmtree(self.paths.journal, ignore_errors=True)
        self._frozen.replace(self.paths.journal)

    def power_cycle(self) -> None:
        """The unit loses its supply for a moment."""
        with self.unit.lock:
            self.unit.server.begin_reset(time.monotonic())

    def restored(self) -> bool:
        """Every unit sends its messages and records trouble codes."""
        return all(unit.server.transmit_normal and unit.server.dtc_recording for unit in self.garage.units)

    def close(self) -> None:
        self._stack.close()

    def __enter__(self) -> Rig:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Wired(Workbench):
    """The product's workbench, whose device is the given one."""

    def __init__(self, paths: WorkbenchPaths, stream: EventStream, vci: CutVci) -> None:
        super().__init__(paths, stream)
        self._vci = vci

    def _open_vci(self, uri: VciUri) -> Vci:
        return self._vci  # type: ignore[return-value]


class Tester:
    """One process of the product, connected to the car of a rig: its Vehicle over a VCI that can be cut."""

    __test__ = False

    def __init__(self, rig: Rig, vci: CutVci) -> None:
        self.vci = vci
        self._unit = rig.subject.unit
        self.workbench = _Wired(rig.paths, Watched(rig.charge), vci)
        self.vehicle = self.workbench.connect(f"sim:{rig.subject.car}", hosted=False)
        # waiting for somebody who cannot answer is skipped, not slept
        tester = self.vehicle._tester  # type: ignore[union-attr]
        tester.clock = vci.clock
        tester._pause = lambda seconds: vci.clock.skip(seconds) if vci.silent or vci.lost else time.sleep(seconds)

    def flash(self) -> FlashResult | BaseException:
        """The result, or what the flash ended with."""
        self.vci.keep_alives.clear()
        return _ending(self.vehicle.flash(self._unit))

    def recover(self) -> FlashResult | BaseException:
        """As the product offers it: what the journal says was left is recovered, else the flash is started again."""
        self.vci.keep_alives.clear()
        return _ending(self.vehicle.recover(self._unit) if self.unfinished() else self.vehicle.flash(self._unit))

    def unfinished(self) -> tuple[Interrupted, ...]:
        return self.workbench.unfinished()

    def close(self) -> None:
        self.workbench.close()

    def __enter__(self) -> Tester:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@cache
def passthru() -> Path:
    """The J2534 library of the tests, compiled once a process. Where nobody can compile the tests are skipped."""
    return Compiler(Path(tempfile.mkdtemp(prefix="passbay-library-"))).library()


def free_port() -> int:
    """A UDP port that nobody uses now: two groups on one port hear each other."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        port: int = probe.getsockname()[1]
        return port


def _ending(job: RunningJob[FlashResult]) -> FlashResult | BaseException:
    try:
        return job.wait(PATIENCE)
    except (ProductError, Killed) as error:
        return error
