"""A workbench of cardboard with fixed results, for snapshots and hostile text: no real one repeats."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.diagnosis.traffic.filter import parse
from core.diagnosis.traffic.lines import exchange_facts, row_facts
from core.errors import ProductError
from core.events import Event
from core.settings import Settings
from core.vocabulary import (
    BusFigures,
    BusLine,
    CanAddress,
    CodingChange,
    CodingDiff,
    CodingDifference,
    CodingExport,
    CodingItemState,
    CodingKept,
    CodingResult,
    CodingState,
    DataReport,
    DeviceInfo,
    DeviceKind,
    DeviceTrial,
    DoipAddress,
    DoipEntity,
    DtcReading,
    EnvironmentValue,
    ErrorLine,
    EuroClass,
    ExchangeLine,
    FaultsResult,
    FlashCheck,
    FlashChoice,
    FlashOrderPreview,
    FlashOrderResult,
    FlashPreview,
    FlashResult,
    FlashUnitResult,
    FrameLine,
    FrameRow,
    GarageVehicle,
    HostInfo,
    HostJob,
    HostSeat,
    Interrupted,
    KeptFigures,
    PanelShot,
    PanelWish,
    SimulatedFault,
    SurveyResult,
    TraceFigures,
    Transport,
    TwinReport,
    UnitState,
    UnitSurvey,
    VehicleCodingResult,
    VehicleIdentity,
    VehicleUnit,
)
from core.workbench import WorkbenchPaths
from tests.tui.fake_library import FakeLibrary
from tests.tui.fake_paper import FakePaper
from tests.tui.fake_shop import FakeShop
from tests.tui.fake_visits import FakeAssistance

NOON = 1_700_049_600.0  # 2023-11-15 12:00:00 UTC
BOTH = frozenset({Transport.CAN, Transport.DOIP})
VIN = "XPBMX00000A000001"


def devices() -> list[DeviceInfo]:
    can, doip = frozenset({Transport.CAN}), frozenset({Transport.DOIP})
    return [
        DeviceInfo(
            DeviceKind.SIMULATION, "Simulation - no VCI", "sim:car-mixed", BOTH, True, "always works", "Mixed car"
        ),
        DeviceInfo(
            DeviceKind.SIMULATION, "Simulation: car-doip", "sim:car-doip", doip, True, "always works", "DoIP car"
        ),
        DeviceInfo(
            DeviceKind.CAN, "virtual", "can:virtual/0?bitrate=500000", can, True, "ready", "inside this process"
        ),
        DeviceInfo(
            DeviceKind.CAN, "socketcan", "can:socketcan/can0?bitrate=500000", can, False, "no CAN interface found"
        ),
        DeviceInfo(DeviceKind.CAN, "vector", "can:vector/0?bitrate=500000", can, False, "driver missing: vxlapi", "XL"),
        DeviceInfo(DeviceKind.DOIP, "DoIP only", "doip://127.0.0.1:13400", doip, True, "network, UDP 13400"),
    ]


def trial_of(uri: str) -> DeviceTrial:
    """What the test of a device finds here: a good one on CAN, a broken one else."""
    if not uri.startswith("can:virtual"):
        return DeviceTrial(uri, "Broken box", at=NOON, problem="Broken box: the library x.so crashed (SIGSEGV).",
                           advice="Unplug the device, plug it in again.")  # fmt: skip
    return DeviceTrial(
        uri, "virtual 0", "00004711", NOON, firmware="1.2.3", library_version="0.9", api="04.04", abi="32 bit",
        voltage=12.6, abilities=(("CAN", "yes"), ("ISO15765", "yes"), ("periodic messages", "no (ERR_NOT_SUPPORTED)")),
        limits=("The device sends no periodic messages: this PC keeps the session alive.",), loopback="yes",
        latency_ms=0.35, frames_per_second=3900, wire_share=0.89, seconds=1.2,
    )  # fmt: skip


UNITS = (
    VehicleUnit("ENGINE", "Engine control", CanAddress(0x7E0, 0x7E8), flashable=True, codable=True),
    VehicleUnit("TRANSMISSION", "Transmission control", CanAddress(0x7E1, 0x7E9), flashable=True),
    VehicleUnit("BRAKES", "Brake control", CanAddress(0x7E2, 0x7EA), flashable=True, codable=True),
    VehicleUnit("BODY", "Body controller", CanAddress(0x7E4, 0x7EC), flashable=True, codable=True),
    VehicleUnit("HEADUNIT", "Head unit", DoipAddress(0x1010), flashable=True, codable=True),
    VehicleUnit("CLUSTER", "Instrument cluster", DoipAddress(0x1020), False, "the device has no DoIP"),
)

MISFIRE = DtcReading(
    0x030100,
    "P0301-00",
    "Cylinder 1 misfire detected",
    0x2F,
    ("active", "stored"),
    (
        EnvironmentValue("Odometer", "48102", "km"),
        EnvironmentValue("Engine speed", "1680", "rpm"),
        EnvironmentValue("Coolant temperature", "92", "°C"),
    ),
)
LAMP = DtcReading(0x9A0113, "B1A01-13", "Low beam left, circuit open", 0x28, ("stored",))


def surveyed() -> tuple[UnitSurvey, ...]:
    can = {unit.name: unit.address for unit in UNITS}
    idents = (("VIN_Read", VIN), ("HardwareNumber_Read", "HW-ENG-0200"), ("BootSoftware_Read", "BL-ENG-07"))
    return (
        UnitSurvey(
            "ENGINE",
            "Engine control",
            can["ENGINE"],
            UnitState.FAULT,
            "",
            "HW-ENG-0200",
            "2063.12",
            "APPL",
            1,
            1,
            0,
            "2063.15",
            (MISFIRE,),
            idents,
        ),
        UnitSurvey(
            "TRANSMISSION",
            "Transmission control",
            can["TRANSMISSION"],
            UnitState.OK,
            "",
            "HW-TCU-0100",
            "1187.03",
            "APPL",
            idents=(("HardwareNumber_Read", "HW-TCU-0100"),),
        ),
        UnitSurvey(
            "BRAKES",
            "Brake control",
            can["BRAKES"],
            UnitState.IN_BOOT,
            "the boot loader answers",
            "HW-BRK-1",
            "",
            "BOOT",
        ),
        UnitSurvey(
            "BODY",
            "Body controller",
            can["BODY"],
            UnitState.STORED,
            "",
            "HW-BCM-0300",
            "0921.44",
            "APPL",
            1,
            0,
            0,
            "0921.50",
            (LAMP,),
        ),
        UnitSurvey("HEADUNIT", "Head unit", can["HEADUNIT"], UnitState.NO_ANSWER, "no answer (3 tries)"),
        UnitSurvey("CLUSTER", "Instrument cluster", can["CLUSTER"], UnitState.NOT_REACHABLE, "the device has no DoIP"),
    )


IDENTITY = VehicleIdentity(VIN, "CAR_MIXED", "Mixed car, EURO 6", EuroClass.EURO_6, UNITS, "passenger cars")
SURVEY = SurveyResult(VIN, "CAR_MIXED", "Mixed car, EURO 6", EuroClass.EURO_6, surveyed(), 12.6)
STEPS = ("Session, security access", "Fingerprint", "Erase", "Transfer", "Check", "Reset and read back")
PREVIEW = FlashPreview(
    "ENGINE",
    "ENGINE_2063_15",
    "car-mixed.pdx",
    "2063.12",
    "2063.15",
    524288,
    "ab" * 32,
    (
        FlashCheck("Certification", True, "EURO 6", "EURO 5, 6 or VI"),
        FlashCheck("Hardware number", True, "HW-ENG-0200", "HW-ENG-0200"),
        FlashCheck("Battery voltage", None, "not measured", "12.0 to 15.5 V", "the device cannot measure it"),
        FlashCheck("Image checksum", True, "CRC32 1A2B3C4D", "CRC32 1A2B3C4D"),
    ),
    STEPS,
)
FLASHED = FlashResult(
    "ENGINE", "flashed", "ENGINE_2063_15", 524288, 14.2, 36921.0, "ab" * 32, "2063.12", "2063.15", 0, 14
)
CODING = CodingState(
    "BODY",
    VIN,
    (
        CodingItemState("DAYTIME_LIGHT", "Daytime running light", "MAIN", "off", "on", ("off", "on")),
        CodingItemState("COUNTRY", "Country", "MAIN", "ECE", "ECE", ("ECE", "USA", "Japan")),
        CodingItemState("SPEED_WARNING", "Speed warning", "MAIN", "120", "0", (), 0, 250, "km/h"),
    ),
    (("MAIN", 0xF1A0, bytes.fromhex("2F150800024008")),),
    "/data/coding/body.json",
)
CODED = CodingResult(
    "BODY",
    (CodingChange("DAYTIME_LIGHT", "off", "on"),),
    (("MAIN", 0xF1A0, bytes.fromhex("2F150800024008"), bytes.fromhex("3F150800024008")),),
    "/data/coding/body.json",
    True,
)

PLAN = (
    "Unit ENGINE at 7E0/7E8: Engine 2063.15",
    "Supply voltage 12 to 15.5 V",
    "Routine 0203 says whether the unit is ready",
    "CRC32 of each block compared by routine 0202",
)
TWIN = TwinReport(True, True, "The simulated twin took it in 1.4 s: ENGINE 2063.12 -> 2063.15.", 1.4)
_BODY_PREVIEW = replace(
    PREVIEW, unit="BODY", flashware="BODY_0921_50", software_before="0921.44", software_after="0921.50", bytes=8192
)
_HEAD_PREVIEW = replace(
    PREVIEW, unit="HEADUNIT", flashware="HU_5", software_before="5126.44", software_after="5126.44", up_to_date=True
)
ORDER = FlashOrderPreview((_BODY_PREVIEW, PREVIEW, _HEAD_PREVIEW), (("BODY",), ("ENGINE",)))
ORDERED = FlashOrderResult(
    "failed",
    (
        FlashUnitResult(
            "BODY", "flashed", replace(FLASHED, unit="BODY", software_before="0921.44", software_after="0921.50")
        ),
        FlashUnitResult(
            "ENGINE", "failed", None, "The transfer broke off at block 34.", "JobInterrupted", "PB-503",
            "Keep the ignition on and recover ENGINE.", True,
        ),
    ),
    51.3,
    ("ENGINE has no valid software: the vehicle must not be driven.",),
)  # fmt: skip
KEPT = (
    CodingKept(
        "/data/coding/body-1.json", VIN, "BODY", NOON - 86_400 * 9, "anna", "set", "", CODING.records,
        (("DAYTIME_LIGHT", "on"), ("COUNTRY", "USA"), ("SPEED_WARNING", "120")),
        (CodingChange("COUNTRY", "USA", "ECE"),), "verified", "HW-BCM-0300", "0921.44",
    ),
    CodingKept(
        "/data/coding/body-2.json", VIN, "BODY", NOON - 3600, "ben", "load", "WO-4711", CODING.records,
        (("DAYTIME_LIGHT", "off"), ("COUNTRY", "ECE"), ("SPEED_WARNING", "120")),
        (CodingChange("SPEED_WARNING", "120", "50"),), "", "HW-BCM-0300", "0921.44",
    ),
)  # fmt: skip
DIFF = CodingDiff(
    "car", "body.json",
    (CodingDifference("BODY", "MAIN", "COUNTRY", "ECE", "USA"), CodingDifference("BODY", "MAIN", "SPEED", "120", "50")),
    warnings=("The file was kept with software 0921.40.",),
)  # fmt: skip
EXPORT = CodingExport("/data/coding/export.json", VIN, ("BODY", "ENGINE"), "cd" * 32, (("HEADUNIT", "no answer"),))
LEFT = Interrupted(
    "flash-1", NOON - 600, VIN, "ENGINE", vci="sim:car-mixed", flashware="ENGINE_2063_15", software_before="2063.12",
    software_after="2063.15", step="transfer-1", block=1, offset=325_058,
    sentence=f"ENGINE of VIN {VIN} was left in programming: the transfer of block 1 was under way.",
    advice="Keep the ignition on and repeat the flash from the erase.",
)  # fmt: skip
HOST = HostInfo("sim:car-mixed", 4242, NOON, VIN, None, "pid 1 (passbay)", 1)
FLASHING = HostJob("flash-7", "flash", "ENGINE", NOON - 60, "transfer-1", "Transfer block 1", 325_058, 524_288, 41e3)
FAULTS = (
    SimulatedFault("lost-76", "The acknowledgement of a block is lost.", "TransferData", BOTH),
    SimulatedFault("nrc-72", "Programming the flash memory fails (0x72).", "TransferData", BOTH),
    SimulatedFault("silence", "The unit says nothing any more.", "TransferData", BOTH, True),
    SimulatedFault("bus-off", "The bus is dead for two seconds.", "TransferData", frozenset({Transport.CAN})),
)


class FakeJob:
    """A job's handle. `finish` ends it with its result, `fail` with an error; `instant` ones are over at once."""

    def __init__(self, result: Any, instant: bool = True) -> None:
        self.result, self.error, self.done, self.cancelled = result, None, instant, False
        self.kind, self.unit, self.job_id = "flash", "ENGINE", "flash-7"

    def wait(self, timeout: float | None = None) -> Any:
        if self.error is not None:
            raise self.error
        return self.result

    def cancel(self) -> None:
        self.cancelled = True

    def finish(self) -> None:
        self.done = True

    def fail(self, error: ProductError) -> None:
        self.error, self.done = error, True


class FakeStream:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def publish(self, event: Event) -> None:
        self.events.append(event)

    def drain(self) -> list[Event]:
        events, self.events = self.events, []
        return events


def frame_rows() -> list[FrameRow]:
    return [
        FrameRow("0C9", 60211, 10.0, bytes.fromhex("1A40007D00000000"), (True, True, *(False,) * 6), "", True, NOON, 8),
        FrameRow("1A0", 30105, 20.0, bytes.fromhex("00FF12"), (False,) * 3, "", True, NOON, 3),
        FrameRow(
            "7E0", 214, None, bytes.fromhex("023E80CCCCCCCCCC"), (False,) * 8, "ENGINE: TesterPresent", False, NOON, 8
        ),
        FrameRow(
            "7E8",
            96,
            4.1,
            bytes.fromhex("037F3678CCCCCCCC"),
            (False,) * 8,
            "ENGINE: ! negative: TransferData 0x78 requestCorrectlyReceivedResponsePending",
            True,
            NOON,
            8,
        ),
        FrameRow(
            "0E00>1010", 12, 2000.0, bytes.fromhex("3E80"), (False,) * 2, "HEADUNIT: TesterPresent", False, NOON, 2
        ),
    ]


def exchange_lines() -> list[ExchangeLine]:
    vin, seed = bytes.fromhex("22F190"), bytes.fromhex("3400440001000000080000")
    return [
        ExchangeLine(
            0, NOON, "ENGINE", "7E0", "ReadDataByIdentifier F190", "ok", "VIN_Read: VIN=" + VIN, 12.4, 0, 1, vin, 3,
            bytes.fromhex("62F190") + VIN.encode(), 20,
        ),
        ExchangeLine(1, NOON + 0.3, "all units", "7DF", "TesterPresent", "quiet", "", None, 0, 0, b"\x3e\x80", 2),
        ExchangeLine(
            2, NOON + 0.5, "ENGINE", "7E0", "RequestDownload", "negative",
            "! negative: RequestDownload 0x33 securityAccessDenied", 10.1, 0, 1, seed, 11, bytes.fromhex("7F3433"), 3,
        ),
        ExchangeLine(
            3, NOON + 0.9, "BODY", "7E4", "RoutineControl start FF00", "pending",
            "! pending: RoutineControl 0x78 needs more time", 310.0, 4, 0, bytes.fromhex("3101FF00"), 4,
        ),
    ]  # fmt: skip


def error_lines() -> list[ErrorLine]:
    return [
        ErrorLine(
            0, NOON + 0.5, "warning", "ENGINE", "NRC 33", "! negative: RequestDownload 0x33 securityAccessDenied"
        ),
        ErrorLine(1, NOON + 2.0, "warning", "ENGINE", "P0301-00", "0x2F active, pending: Cylinder 1 misfire detected"),
        ErrorLine(2, NOON + 9.0, "info", "ENGINE", "P0301-00", "0x2F became 0x28 stored: Cylinder 1 misfire detected"),
    ]


BUSES = (
    BusLine("can0", 90638, 0, 61, 1204.0, 1311.0, 0.38, tuple(900.0 + 300 * (n % 7) / 6 for n in range(60))),
    BusLine("DoIP", 12, 0, 1, 0.5, 6.0, None, tuple(float(n % 5 == 0) for n in range(60))),
)


class FakeView:
    """A TrafficView with fixed content."""

    def __init__(self) -> None:
        self.looks = 0
        self.wishes: list[PanelWish] = []
        self.shown_rows, self.shown_exchanges = frame_rows(), exchange_lines()
        self.shown_errors = error_lines()
        self.shown_buses: tuple[BusLine, ...] = BUSES[:1]
        self.figures = BusFigures(0.38, 1204.0, 90638, 0, 0)

    def clear(self) -> None:
        self.shown_rows, self.shown_exchanges, self.shown_errors = [], [], []

    def look(self, now: float, wish: PanelWish) -> PanelShot:
        self.looks += 1
        self.wishes.append(wish)
        units = ("BODY", "ENGINE", "HEADUNIT")
        names = (tuple(row.identifier for row in self.shown_rows), units, tuple(bus.name for bus in self.shown_buses))
        lines: Any = self._lines(wish)[-wish.count :] if wish.count else ()
        kept = KeptFigures(252.0, 300_000, 3 << 20, 0)
        return PanelShot(wish, tuple(lines), self.figures, self.shown_buses, kept, names)

    def _lines(self, wish: PanelWish) -> Any:
        chosen = parse(wish.filter)
        rows = [row for row in self.shown_rows if chosen.matches(row_facts(row, row.meaning.partition(":")[0]))]
        if wish.mode == "frames":
            return [
                FrameLine(n, NOON + n / 100, row.identifier, row.is_rx, row.data, row.length, False, row.bus,
                          10.0 if n else None)
                for n, row in enumerate(rows)
            ]  # fmt: skip
        if wish.mode == "talk":
            return [line for line in self.shown_exchanges if chosen.matches(exchange_facts(line))]
        return {"rows": rows, "errors": self.shown_errors}.get(wish.mode, [])


class FakeVehicle:
    """In a host, as the screens have it. Every job answers with the fixed result; `hold` keeps jobs running until the
    test ends them. `running` is a job that another screen began."""

    def __init__(self, uri: str = "sim:car-mixed") -> None:
        self.uri, self.name, self.transports = uri, "Simulation", BOTH
        self.identity = IDENTITY
        self.vin, self.title, self.euro_class, self.units = VIN, IDENTITY.title, IDENTITY.euro_class, UNITS
        self.host: HostInfo | None = HOST
        self.driving, self.driver = True, "pid 1 (passbay)"
        self.seats: tuple[HostSeat, ...] = ()
        self.running: FakeJob | None = None
        self.last_job: FakeJob | None = None
        self.order = ""
        self.faults_ordered: tuple[str, ...] = ()
        self.kept: tuple[CodingKept, ...] = KEPT
        self.asked: list[tuple[Any, ...]] = []  # what was called with which arguments, where a test cares
        self.hold = False
        self.jobs: list[tuple[str, FakeJob]] = []
        self.view = FakeView()
        self.closed = False
        self.results: dict[str, Any] = {
            "identify": IDENTITY,
            "survey": SURVEY,
            "preview": PREVIEW,
            "flash": FLASHED,
            "coding": CODING,
            "coded": CODED,
            "faults": FaultsResult("ENGINE", (MISFIRE,)),
            "cleared": FaultsResult("ENGINE", (), True),
            "order-preview": ORDER,
            "order": ORDERED,
            "diff": DIFF,
            "export": EXPORT,
            "restored": VehicleCodingResult("/data/all.json", (CODED,), (("ENGINE", "no answer"),)),
        }
        self.choices: tuple[FlashChoice, ...] = (
            FlashChoice("ENGINE_2063_15", "Engine 2063.15", "car-mixed.pdx", "2063.15", 524288, True),
            FlashChoice("ENGINE_2063_12", "Engine 2063.12", "car-mixed.pdx", "2063.12", 524288),
        )
        self.written: list[Mapping[str, str]] = []

    def _job(self, kind: str) -> FakeJob:
        job = FakeJob(self.results[kind], not self.hold)
        self.jobs.append((kind, job))
        return job

    @property
    def lent_to(self) -> str:
        return next((seat.name for seat in self.seats if seat.helper and seat.driving), "")

    def hand_over(self, seat: int) -> None:
        self.asked.append(("hand-over", seat))

    def take_back(self) -> None:
        self.asked.append(("take-back",))

    def voltage(self) -> float | None:
        return 12.6

    def identify(self) -> FakeJob:
        return self._job("identify")

    def survey(self) -> FakeJob:
        return self._job("survey")

    def faults(self, ecu: str, clear: bool = False) -> FakeJob:
        return self._job("cleared" if clear else "faults")

    def flashware(self, ecu: str) -> tuple[FlashChoice, ...]:
        return self.choices

    def flash_preview(self, ecu: str, flashware: str | None = None, twin: bool = False) -> FakeJob:
        job = self._job("preview")
        job.result = replace(job.result, plan=PLAN, twin=TWIN if twin else None)
        return job

    def flash(self, ecu: str, flashware: str | None = None, force: bool = False, override: str = "") -> FakeJob:
        self.asked.append(("flash", ecu, flashware, force, override))
        return self._job("flash")

    def recover(self, ecu: str) -> FakeJob:
        self.asked.append(("recover", ecu))
        return self._job("flash")

    def flash_order_preview(self, wishes: Sequence[Any] = (), twin: bool = False) -> FakeJob:
        self.asked.append(("order-preview", *(wish.ecu for wish in wishes)))
        return self._job("order-preview")

    def flash_order(self, wishes: Sequence[Any] = (), force: bool = False) -> FakeJob:
        self.asked.append(("order", *(wish.ecu for wish in wishes)))
        return self._job("order")

    def use_order(self, text: str) -> None:
        self.order = text

    def ordered_faults(self) -> tuple[str, ...]:
        return self.faults_ordered

    def struck_faults(self) -> tuple[str, ...]:
        return self.faults_ordered[:1]

    def set_faults(self, faults: Sequence[str]) -> None:
        self.faults_ordered = tuple(faults)

    def coding_read(self, ecu: str) -> FakeJob:
        return self._job("coding")

    def coding_write(self, ecu: str, changes: Mapping[str, str]) -> FakeJob:
        self.written.append(dict(changes))
        return self._job("coded")

    def coding_after(self, state: CodingState, changes: Mapping[str, str]) -> tuple[tuple[str, int, bytes, bytes], ...]:
        after = bytes.fromhex("3F150800024008" if "DAYTIME_LIGHT" in changes else "2F150800024008")
        return ((state.records[0][0], state.records[0][1], state.records[0][2], after),)

    def coding_restore(self, ecu: str, backup: str | None = None) -> FakeJob:
        self.asked.append(("restore", ecu, backup))
        return self._job("coded")

    def coding_history(self, ecu: str = "") -> tuple[CodingKept, ...]:
        return self.kept

    def coding_export(self, ecus: Any, file: Any = None) -> FakeJob:
        self.asked.append(("export", ecus, file))
        return self._job("export")

    def vehicle_backup(self, file: Any = None) -> FakeJob:
        self.asked.append(("backup", file))
        return self._job("export")

    def coding_load_preview(self, ecu: str, file: Any, other_vehicle: bool = False) -> FakeJob:
        return self._job("diff")

    def coding_load(self, ecu: str, file: Any, other_vehicle: bool = False) -> FakeJob:
        self.asked.append(("load", ecu, file))
        return self._job("coded")

    def vehicle_restore(self, file: Any, ecus: Sequence[str] = ()) -> FakeJob:
        self.asked.append(("vehicle-restore", file))
        return self._job("restored")

    def traffic_view(self) -> FakeView:
        return self.view

    def save_trace(self, path: Any, minutes: float | None = None) -> TraceFigures:
        self.asked.append(("save", str(path), minutes))
        return TraceFigures(str(path), 302_119, 12, 0, 61, NOON, 252.0)

    def use_dbc(self, path: Any) -> int:
        self.asked.append(("dbc", str(path)))
        return 42

    def close(self) -> None:
        self.closed = True


class FakeWorkbench(FakeShop):
    """The face of core.workbench.Workbench with fixed answers."""

    def __init__(self, vehicle: FakeVehicle | None = None) -> None:
        super().__init__()
        self.stream = FakeStream()
        self.problems: tuple[str, ...] = ()
        self.settings = Settings()
        self.last_device = "sim:car-mixed"
        self.vehicle = vehicle or FakeVehicle()
        self.paper = FakePaper()
        self.library = FakeLibrary()
        self.assistance = FakeAssistance()
        self.listed = devices()
        self.entities = [DoipEntity("192.0.2.10", 13400, VIN, 0x1000, b"\x02" * 6, b"\x03" * 6, 0)]
        self.remembered: list[str] = []
        self.trials: list[DeviceTrial] = []
        self.resets: list[str] = []
        self.connected: list[tuple[str, tuple[Any, ...]]] = []
        self.refusal: ProductError | None = None
        self.paths = WorkbenchPaths.below(Path("/home/anna/passbay"))
        self.found_hosts: list[HostInfo] = []
        self.left: list[Interrupted] = []
        self.written: dict[str, str] = {}
        self.attached: list[tuple[int | str, bool]] = []
        self.replayed: tuple[Event, ...] = ()
        self.data_report = DataReport("extra.pdx", True, "2.2.0", ({"name": "ENGINE"},))

    def simulations(self) -> list[DeviceInfo]:
        return [d for d in self.listed if d.kind is DeviceKind.SIMULATION]

    def devices(self) -> list[DeviceInfo]:
        return self.listed

    def device_trials(self) -> tuple[DeviceTrial, ...]:
        return tuple(self.trials)

    def test_device(self, uri: str) -> DeviceTrial:
        trial = trial_of(uri)
        self.trials.insert(0, trial)
        return trial

    def discover_doip(
        self, timeout: float = 2.0, port: int = 13400, addresses: Sequence[str] | None = None
    ) -> list[DoipEntity]:
        return self.entities

    def remember_device(self, uri: str) -> None:
        self.remembered.append(uri)

    def garage_vehicles(self) -> list[GarageVehicle]:
        return []

    def reset_garage(self, name: str) -> None:
        self.resets.append(name)

    def check_data(self, path: object) -> DataReport:
        return self.data_report

    def hosts(self) -> list[HostInfo]:
        return self.found_hosts

    def unfinished(self) -> tuple[Interrupted, ...]:
        return tuple(self.left)

    def dismiss(self, entry: Interrupted) -> None:
        self.left.remove(entry)

    def attach(self, which: int | str, watch: bool = False) -> FakeVehicle:
        self.attached.append((which, watch))
        for fact in self.replayed:  # as a host does: what its job has done so far
            self.stream.publish(fact)
        return self.vehicle

    def fault_names(self) -> tuple[SimulatedFault, ...]:
        return FAULTS

    def report(self, what: str, form: str = "text", vin: str | None = None) -> str:
        return f"{form} protocol of {what}"

    def write_text(self, path: Path, text: str) -> Path:
        self.written[str(path)] = text
        return path

    def trace_place(self, vin: str = "") -> Path:
        return self.paths.traces / "XPBMX00000A000001-20231115-120000.pcapng"

    def change_settings(self, **values: Any) -> None:
        self.settings = replace(self.settings, **values)

    def warm_up(self) -> None:
        pass

    def connect(self, uri: str, data_files: Sequence[Any] = (), hosted: bool | None = None) -> FakeVehicle:
        assert hosted, "the screens' vehicles live in a host"
        if self.refusal is not None:
            raise self.refusal
        self.connected.append((uri, tuple(data_files)))
        return self.vehicle

    def close(self) -> None:
        self.vehicle.close()


def clock_words(at: float) -> str:
    """Times of day in UTC, so that a snapshot looks the same in every time zone."""
    return time.strftime("%H:%M:%S", time.gmtime(at))


def day_words(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime(at))


Opened = Callable[[], FakeWorkbench]
