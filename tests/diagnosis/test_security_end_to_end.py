"""Secured units of car-doip, from the workbench to the bus: no set-up, refused testers before any erase, two homes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from core.catalogue.model import FlashPolicy
from core.diagnosis.flash import FlashTask, flash
from core.diagnosis.security import KEY, SecurityMethods
from core.errors import DataInvalid, JobCancelled, NegativeResponse, PreconditionNotMet, ProductError
from core.protocol.authentication import seed_key
from core.protocol.authentication.certificates import TESTER, UNIT
from core.protocol.authentication.messages import VerifyCertificate
from core.simulation.certificates import AUTHORITY, IDENTITY, Authority, Pair, issue, new_root
from core.vocabulary import DoipAddress, DoipMessage
from core.workbench import Vehicle, Workbench, WorkbenchPaths, open_workbench
from tests.diagnosis.garage_help import PATIENCE, garage_of, in_transfer, restored, wait_until, when
from tests.diagnosis.world import ENGINE_ADDRESS, Drive, Unit, known_vehicle, no_file, session
from tests.papers import commission

SECURED = ("DRIVE", "DRIVERASSIST")


class Bus:
    """The UDS messages to and from one unit since the last look."""

    def __init__(self, workbench: Workbench, logical: int = 0x1001) -> None:
        self._traffic = workbench.stream.traffic
        self._unit = logical.to_bytes(2, "big")
        self._cursor = self._traffic.total

    def sent(self) -> list[str]:
        records, self._cursor, lost = self._traffic.read_since(self._cursor)
        assert lost == 0
        wanted = (r for r in records if isinstance(r, DoipMessage) and r.payload_type == 0x8001 and not r.is_rx)
        return [r.payload[4:].hex() for r in wanted if r.payload[2:4] == self._unit]


def heads(sent: list[str], *prefixes: str) -> list[str]:
    return [pdu for pdu in sent if pdu.startswith(prefixes)]


@pytest.mark.parametrize("name", SECURED)
def test_flash_and_coding_need_no_set_up(workbench: Workbench, name: str) -> None:
    with workbench.connect("sim:car-doip") as vehicle:
        bus = Bus(workbench, {"DRIVE": 0x1001, "DRIVERASSIST": 0x1005}[name])
        preview = vehicle.flash_preview(name).wait(PATIENCE)
        line = next(check for check in preview.checks if check.name == "access")
        assert (line.ok, line.measured, line.wanted) == (True, "garage-certificate", "valid certificate")
        assert heads(bus.sent(), "29") == []  # looking changes nothing
        assert vehicle.flash(name).wait(PATIENCE).result == "flashed"
        sent = bus.sent()
        tasks = [pdu[2:4] for pdu in heads(sent, "29")]
        assert tasks == ["08", "02", "03"] * 2  # in the extended session, and again in the boot loader
        assert heads(sent, "27") == []
        assert sent.index(heads(sent, "2903")[0]) < sent.index(heads(sent, "1002")[0])
        item = next(i for i in vehicle.coding_read(name).wait(PATIENCE).items if i.choices)
        other = next(c for c in item.choices if c != item.now)
        bus.sent()
        assert vehicle.coding_write(name, {item.name: other}).wait(PATIENCE).verified
        sent = bus.sent()
        assert [pdu[2:4] for pdu in heads(sent, "29")] == ["08", "02", "03"] and heads(sent, "27") == []
        wait_until(lambda: restored(garage_of(vehicle)))


def test_the_other_units_are_opened_by_seed_and_key_as_ever(workbench: Workbench) -> None:
    with workbench.connect("sim:car-doip") as vehicle:
        bus = Bus(workbench, 0x1003)
        assert vehicle.flash("BODY").wait(PATIENCE).result == "flashed"
        sent = bus.sent()
        assert heads(sent, "29") == [] and len(heads(sent, "2711", "2712")) == 2


def test_without_certificates_every_door_is_shut(workbench: Workbench) -> None:
    with workbench.connect("sim:car-doip") as vehicle:
        pdus = [bytes.fromhex(text) for text in ("1003", "2e0100015020", "1002")]
        result = vehicle.uds("DRIVE", pdus).wait(PATIENCE)
        assert [exchange.answer[:3].hex() for exchange in result.exchanges][1] == "7f2e34"
        target = DoipAddress(0x1001)
        more = [bytes.fromhex(text) for text in ("1002", "3101ff000101", "3400448004000000070000", "2ef15a01")]
        answers = vehicle.uds(target, more).wait(PATIENCE).exchanges
        assert [exchange.answer[:3].hex() for exchange in answers][1:] == ["7f3134", "7f3434", "7f2e34"]


# -- testers that are refused


@pytest.fixture
def vehicle(workbench: Workbench) -> Iterator[Vehicle]:
    workbench.security.auth_root()
    with workbench.connect("sim:car-doip") as vehicle:
        vehicle.identify().wait(PATIENCE)
        yield vehicle  # type: ignore[misc]


def _root(workbench: Workbench) -> Pair:
    return Authority(workbench.security.garage_folder).ensure()


def _become(workbench: Workbench, content: bytes) -> None:
    (workbench.security.garage_folder / IDENTITY).write_bytes(content)


def refused(vehicle: Vehicle, kind: type[ProductError] = PreconditionNotMet) -> ProductError:
    with pytest.raises(kind) as caught:
        vehicle.flash("DRIVE").wait(PATIENCE)
    wait_until(lambda: restored(garage_of(vehicle)))
    unit = garage_of(vehicle).unit("DRIVE")
    assert all(region.valid for region in unit.state.memory.regions)
    return caught.value


def test_an_expired_certificate_is_refused_before_anything_is_sent(workbench: Workbench, vehicle: Vehicle) -> None:
    bus = Bus(workbench)
    _become(workbench, issue(_root(workbench), "late", TESTER, 1.6e9, until=1.7e9).pem())
    error = refused(vehicle)
    assert "has expired on 2023-11-14" in error.message and "identity.pem" in error.advice
    assert heads(bus.sent(), "10", "29", "31", "2e", "34") == []
    item = next(i for i in vehicle.coding_read("DRIVE").wait(PATIENCE).items if i.choices)
    bus.sent()
    with pytest.raises(PreconditionNotMet, match="has expired"):
        vehicle.coding_write("DRIVE", {item.name: next(c for c in item.choices if c != item.now)}).wait(PATIENCE)
    assert heads(bus.sent(), "2e", "29") == []


def test_an_expired_one_is_refused_by_the_unit_too(workbench: Workbench, vehicle: Vehicle) -> None:
    late = issue(_root(workbench), "late", TESTER, 1.6e9, until=1.7e9).certificate.public_bytes(Encoding.DER)
    pdus = [b"\x10\x03", VerifyCertificate(late, bytes(32)).encode()]
    assert vehicle.uds("DRIVE", pdus).wait(PATIENCE).exchanges[1].answer.hex() == "7f2950"


def test_a_foreign_certificate_is_refused_before_programming(workbench: Workbench, vehicle: Vehicle) -> None:
    bus = Bus(workbench)
    _become(workbench, issue(new_root("another workshop", 1.7e9), "foreign", TESTER, 1.7e9).pem())
    error = refused(vehicle)
    assert "does not accept this tester" in error.message and "0x52" in error.message
    assert "--auth-root" in error.advice
    sent = bus.sent()
    assert heads(sent, "1002", "31", "2e", "34") == [] and len(heads(sent, "2902")) == 1


@pytest.mark.parametrize(("content", "kind", "words"), [
    (b"", PreconditionNotMet, "no readable certificate"),
    (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", PreconditionNotMet, "no readable certificate"),
])  # fmt: skip
def test_a_tester_without_a_certificate(
    workbench: Workbench, vehicle: Vehicle, content: bytes, kind: type[ProductError], words: str
) -> None:
    bus = Bus(workbench)
    _become(workbench, content)
    assert words in refused(vehicle, kind).message
    assert heads(bus.sent(), "10", "29", "31", "2e", "34") == []
    with pytest.raises(DataInvalid):
        workbench.security.methods(workbench.settings).identity("garage-certificate")


def test_a_certificate_for_units_is_none_for_testers(workbench: Workbench, vehicle: Vehicle) -> None:
    _become(workbench, issue(_root(workbench), "DRIVE", UNIT, 1.7e9).pem())
    assert "was not issued for a tester" in refused(vehicle).message


def test_a_false_unit_is_not_programmed(workbench: Workbench) -> None:
    """The car comes from another installation: its unit cannot show a certificate that is trusted here."""
    workbench.security.auth_root()
    (workbench.security.garage_folder / "roots.pem").write_bytes(
        new_root("nobody's", 1.7e9).certificate.public_bytes(Encoding.PEM)
    )
    with workbench.connect("sim:car-doip") as vehicle:
        bus = Bus(workbench)
        error = refused(vehicle)  # type: ignore[arg-type]
        assert "DRIVE cannot be trusted" in error.message and "--trust" in error.advice
        sent = bus.sent()
        assert heads(sent, "2903", "1002", "31", "34") == []


# -- another process, another home


@pytest.mark.usefixtures("papers")
def test_a_served_car_knows_the_tester_of_its_home_only(
    workbench: Workbench, tmp_path: Path, compiled_cache: Path
) -> None:
    away = WorkbenchPaths.below(tmp_path / "away")
    away = WorkbenchPaths(away.config, away.data, compiled_cache, away.state)
    commission(away)
    with open_workbench(away) as visitor:
        with workbench.serve_garage("car-doip", doip="127.0.0.1:0") as served:
            uri = f"doip://{served.describe()['doip']}"
            with visitor.connect(uri, hosted=False) as vehicle, pytest.raises(PreconditionNotMet, match="0x52"):
                vehicle.flash("DRIVE").wait(PATIENCE)
            with workbench.connect(uri, hosted=False) as vehicle:
                assert vehicle.flash("DRIVE").wait(PATIENCE).result == "flashed"
        roots = [visitor.security.auth_root()]
        with workbench.serve_garage("car-doip", doip="127.0.0.1:0", auth_roots=roots) as served:
            uri = f"doip://{served.describe()['doip']}"
            with visitor.connect(uri, hosted=False) as vehicle:
                with pytest.raises(PreconditionNotMet, match="DRIVE cannot be trusted"):
                    vehicle.flash("DRIVE").wait(PATIENCE)
                visitor.security.trust_auth_root(workbench.security.auth_root())
                assert vehicle.flash("DRIVE").wait(PATIENCE).result == "flashed"


def test_nothing_secret_is_exported(workbench: Workbench) -> None:
    exported = workbench.security.auth_root().read_bytes()
    assert b"PRIVATE" not in exported and len(x509.load_pem_x509_certificates(exported)) == 1
    assert b"PRIVATE" in (workbench.security.garage_folder / AUTHORITY).read_bytes()


def test_a_method_name_from_a_data_file_names_no_other_folder(workbench: Workbench) -> None:
    methods = workbench.security.methods(workbench.settings)
    for name in ("../../etc", "a/b", "", ".", "..", "a\\b", "x" * 65):
        with pytest.raises(PreconditionNotMet, match="no usable name"):
            methods.identity(name)


# -- methods of the settings and of the workbench, in a flash


def _flash_with(methods: SecurityMethods, policy: FlashPolicy) -> tuple[Unit, ProductError | None]:
    known = known_vehicle(sessions=(session(policy=policy),))
    known = replace(known, surroundings=replace(known.surroundings, security=methods))
    unit = Unit()
    try:
        Drive({ENGINE_ADDRESS: unit}).run(flash(FlashTask(known, "ENGINE", None, no_file)))
    except ProductError as error:
        return unit, error
    return unit, None


def test_an_unknown_method_is_named_before_the_first_erase(workbench: Workbench) -> None:
    policy = FlashPolicy(reset_time=1.0, security_method="oem-9")
    unit, error = _flash_with(workbench.security.methods(workbench.settings), policy)
    assert isinstance(error, PreconditionNotMet) and "'oem-9'" in error.message
    assert "[security.oem-9]" in error.advice and str(workbench.paths.settings_file) in error.advice
    assert not [pdu for pdu in unit.seen if pdu[0] in (0x10, 0x27, 0x2E, 0x31)]


def test_a_signer_that_is_handed_in_unlocks(workbench: Workbench) -> None:
    asked: list[Mapping[str, str | int]] = []

    def online(kind: str, payload: Mapping[str, str | int]) -> bytes:
        asked.append(payload)
        assert kind == KEY
        return seed_key.key_for(seed_key.GARAGE, bytes.fromhex(str(payload["seed"])), int(payload["level"]))

    workbench.security.add_signer("oem-9", online)
    policy = FlashPolicy(reset_time=1.0, security_method="oem-9")
    unit, error = _flash_with(workbench.security.methods(workbench.settings), policy)
    assert error is None and unit.written
    (payload,) = asked
    assert (payload["unit"], payload["level"], payload["method"]) == ("ENGINE", 0x11, "oem-9")


def test_a_wrong_key_ends_it_and_is_counted() -> None:
    methods = SecurityMethods({"oem-9": lambda kind, payload: b"wrong"})
    policy = FlashPolicy(reset_time=1.0, security_method="oem-9")
    for words in ("first wrong key", "wrong key number 2"):
        unit, error = _flash_with(methods, policy)
        assert isinstance(error, PreconditionNotMet) and words in error.message
        assert [pdu[0] for pdu in unit.seen].count(0x27) == 2 and not unit.written


def test_a_unit_that_refuses_the_service_itself_is_told_as_it_is() -> None:
    methods = SecurityMethods()
    unit, error = _flash_with(methods, FlashPolicy(reset_time=1.0, authentication="garage-certificate"))
    assert isinstance(error, PreconditionNotMet) and not isinstance(error, NegativeResponse) and not unit.written


def test_a_program_of_the_settings_is_used(new_workbench: Callable[[], Workbench], tmp_path: Path) -> None:
    first = new_workbench()
    script = tmp_path / "keys.py"
    script.write_text(
        "import hashlib, hmac, json, sys\n"
        "r = json.load(sys.stdin)\n"
        "seed = bytes.fromhex(r['seed'])\n"
        "secret = b'passbay garage: published, for simulated vehicles only'\n"
        "key = hmac.digest(secret, bytes([r['level']]) + seed, hashlib.sha256)[:max(4, len(seed))]\n"
        "print(json.dumps({'key': key.hex()}))\n"
    )
    first.paths.config.mkdir(parents=True, exist_ok=True)
    first.paths.settings_file.write_text(f"[security.oem-9]\ncommand = {[sys.executable, str(script)]!r}\n")
    second = new_workbench()
    assert second.problems == ()
    policy = FlashPolicy(reset_time=1.0, security_method="oem-9")
    unit, error = _flash_with(second.security.methods(second.settings), policy)
    assert error is None and unit.written


def test_a_secured_unit_that_was_cut_is_recovered(workbench: Workbench) -> None:
    """It is in its boot loader then, which asks for certificates from the first request on."""
    with workbench.connect("sim:car-doip") as vehicle:
        vehicle.identify().wait(PATIENCE)
        jobs = []
        with when(workbench, in_transfer, lambda: jobs[0].cancel()):
            jobs.append(vehicle.flash("DRIVERASSIST"))
            with pytest.raises(JobCancelled):
                jobs[0].wait(PATIENCE)
        wait_until(lambda: restored(garage_of(vehicle)))
        assert garage_of(vehicle).unit("DRIVERASSIST").server.in_boot
        assert vehicle.recover("DRIVERASSIST").wait(PATIENCE).result == "flashed"
