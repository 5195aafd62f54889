"""`sim:VEHICLE` and `garage serve` with the product's own vehicles: every unit answers, the state stays, locks hold."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from doipclient import DoIPClient

from core.errors import DataMissing, UsageError, VciBusy, VciLost, VciNotFound
from core.protocol.authentication.seed_key import key_for
from core.protocol.dialect import dialect_of
from core.simulation.can_side import CanSide
from core.simulation.doip.side import DoipSide
from core.simulation.ecu.memory import Region
from core.simulation.garage import Garage
from core.simulation.serve import RunningGarage, serve
from core.simulation.sim_vci import SimulationVci, open_simulation, reset_vehicle
from core.simulation.vehicle_files import garage_vehicle, vehicle_names
from core.vci.channel import Link
from core.vci.uri import VciUri
from core.vocabulary import UDS, CanFrame, DoipMessage, EuroClass, Transport
from tests.simulation.judges import code, flash, over_can, over_doip, read_text
from tests.simulation.support import TOML, car

MULTICAST = "can:udp_multicast/239.74.163.2?port={}"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One compiled cache for the module: compiling takes a second for each vehicle."""
    return tmp_path_factory.mktemp("cache")


Opener = Callable[[str], SimulationVci]


@pytest.fixture
def simulate(tmp_path: Path, cache: Path) -> Opener:
    return lambda name: open_simulation(
        name,
        tap=lambda record: None,
        cache_directory=cache,
        state_directory=tmp_path / "garage",
        lock_directory=tmp_path / "locks",
    )


def ask(link: Link, request: str | bytes) -> bytes:
    """One request to one unit; 0x78 is waited out."""
    pdu = bytes.fromhex(request) if isinstance(request, str) else request
    link.send(pdu)
    while True:
        answer = link.receive(time.monotonic() + 20)
        assert answer is not None, pdu.hex()
        if answer[:1] != b"\x7f" or answer[2] != 0x78:
            return answer


def write_coding(link: Link, did: int, value: bytes) -> None:
    ask(link, "1003")
    seed = ask(link, "2701")[2:]
    assert ask(link, b"\x27\x02" + key_for("passbay-garage", seed, 1)) == b"\x67\x02"
    assert ask(link, b"\x2e" + did.to_bytes(2, "big") + value)[:1] == b"\x6e"


def test_the_cars_that_come_with_the_product(cache: Path) -> None:
    cars = {name: garage_vehicle(name, cache) for name in vehicle_names()}
    assert list(cars) == ["car-mixed", "car-das", "car-doip", "car-old", "truck", "van"]
    assert cars["car-mixed"].transports == {Transport.CAN, Transport.DOIP} and len(cars["car-mixed"].units) == 6
    assert cars["car-doip"].transports == {Transport.DOIP} and len(cars["car-doip"].units) == 6
    assert cars["car-old"].transports == {Transport.CAN} and cars["car-old"].euro_class is EuroClass.BEFORE_EURO_5
    assert all(len(car.vin) == 17 and car.uri == f"sim:{name}" and car.title for name, car in cars.items())
    with pytest.raises(UsageError) as caught:
        garage_vehicle("car-none", cache)
    assert "car-mixed, car-das, car-doip, car-old, truck, van" in caught.value.advice


@pytest.mark.parametrize("name", ["car-mixed", "car-das", "car-doip", "car-old", "truck", "van"])
def test_every_unit_answers_all_that_its_data_name(simulate: Opener, name: str) -> None:
    vci = simulate(name)
    try:
        assert vci.voltage() == vci.garage.initial.voltage > 12
        assert vci.vin_hint() == ("" if name in ("car-das", "car-old", "truck") else vci.garage.vin)
        for unit in vci.garage.units:
            info = unit.model.info
            assert info.address is not None
            link = vci.open_link(info.address)
            dialect = dialect_of(info.address)
            answers = {ident: ask(link, dialect.read_data(ident.did)) for ident in info.idents}
            said = {ident.kind: dialect.data_of(answer, ident.did) for ident, answer in answers.items()}
            assert all(said.values()) and said["vin"] == vci.garage.vin.encode()
            for record in info.coding:
                answer = ask(link, dialect.read_data(record.did))
                assert len(dialect.data_of(answer, record.did)) == record.length
            for code in (dtc.code for dtc in info.dtcs):
                assert ask(link, dialect.environment(code)[0].pdu)[0] in (0x59, 0x57)
            sessions = vci.garage.data.sessions[unit.name]
            assert said["software"].decode() == sessions[0].own_software != sessions[-1].own_software
            if dialect.name == UDS:
                supported = ask(link, "190a")[3:]
                assert {supported[at : at + 3] for at in range(0, len(supported), 4)} == {
                    dtc.code.to_bytes(3, "big") for dtc in info.dtcs
                }
            link.close()
    finally:
        vci.close()


def test_the_state_stays_between_two_runs_until_a_reset(simulate: Opener, tmp_path: Path) -> None:
    vci = simulate("car-mixed")
    unit = vci.garage.unit("BODY")
    record = unit.model.info.coding[0]
    before = unit.state.coding[record.did]
    wish = record.factory
    assert wish != before
    try:
        write_coding(vci.open_link(unit.model.info.addresses[0]), record.did, wish)
        with pytest.raises(VciBusy):
            simulate("car-mixed")
        with pytest.raises(VciBusy):
            reset_vehicle("car-mixed", state_directory=tmp_path / "garage", lock_directory=tmp_path / "locks")
        simulate("car-old").close()  # another car is free
    finally:
        vci.close()
    again = simulate("car-mixed")
    assert again.garage.unit("BODY").state.coding[record.did] == wish
    again.close()
    reset_vehicle("car-mixed", state_directory=tmp_path / "garage", lock_directory=tmp_path / "locks")
    fresh = simulate("car-mixed")
    assert fresh.garage.unit("BODY").state.coding[record.did] == before
    fresh.close()


KILLED = """
import sys, time
from pathlib import Path
from core.simulation.sim_vci import open_simulation
from tests.simulation.test_sim_vci import ask, write_coding
root, cache = Path(sys.argv[1]), Path(sys.argv[2])
vci = open_simulation("car-doip", tap=lambda record: None, cache_directory=cache, state_directory=root / "garage",
                      lock_directory=root / "locks")
unit = vci.garage.unit("BODY")
link = vci.open_link(unit.model.info.addresses[0])
record = unit.model.info.coding[0]
assert unit.state.coding[record.did] != record.factory
write_coding(link, record.did, record.factory)
ask(link, "1003")
ask(link, "1002")
seed = ask(link, "2711")[2:]
from core.protocol.authentication.seed_key import key_for
ask(link, b"\\x27\\x12" + key_for("passbay-garage", seed, 0x11))
ask(link, "2ef15a01")
ask(link, "3101ff000101")
print("erased", flush=True)
time.sleep(100)
"""


def test_killed_while_flashing_it_is_in_boot_and_can_be_flashed(simulate: Opener, tmp_path: Path, cache: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path), str(cache)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None and process.stdout.readline() == "erased\n"
        state = tmp_path / "garage" / "car-doip" / "state.json"
        deadline = time.monotonic() + 20
        while not (state.exists() and '"valid": false' in state.read_text()):
            assert time.monotonic() < deadline
    finally:
        process.kill()
        process.communicate()
    vci = simulate("car-doip")
    try:
        assert vci.notices == []
        unit = vci.garage.unit("BODY")
        assert unit.server.in_boot
        link = vci.open_link(unit.model.info.addresses[0])
        assert ask(link, "1002")[:2] == b"\x50\x02"
        record = unit.model.info.coding[0]
        assert unit.state.coding[record.did] == record.factory
    finally:
        vci.close()


def test_the_tap_sees_both_ways(tmp_path: Path, cache: Path) -> None:
    seen: list[CanFrame | DoipMessage] = []
    vci = open_simulation(
        "car-mixed", tap=seen.append, cache_directory=cache, state_directory=tmp_path, lock_directory=tmp_path
    )
    try:
        ask(vci.open_link(vci.garage.unit("ENGINE").model.info.addresses[0]), "22F190")
        ask(vci.open_link(vci.garage.unit("CLUSTER").model.info.addresses[0]), "22F190")
    finally:
        vci.close()
    frames = {record.arbitration_id for record in seen if isinstance(record, CanFrame)}
    assert {0x7E0, 0x7E8} <= frames
    assert any(isinstance(record, DoipMessage) and record.payload_type == 0x8001 for record in seen)


def test_a_served_car_is_read_coded_and_flashed_by_stock_clients(cache: Path) -> None:
    import can

    uri = VciUri.parse(MULTICAST.format(20000 + time.monotonic_ns() % 20000))
    with serve("car-mixed", uri, ("127.0.0.1", 0), cache_directory=cache) as running:
        told = running.describe()
        assert told["vehicle"] == "car-mixed" and f"can:{told['can']}" == uri.text and len(told["units"]) == 6
        assert {"name": "BODY", "tx": "0x7E4", "rx": "0x7EC"} in told["units"]
        assert {"name": "CLUSTER", "address": "0x1020"} in told["units"]
        host, port = told["doip"].split(":")
        data = running.garage.data

        def newest(name: str) -> dict[int, bytes]:
            session = data.sessions[name][-1]
            return {at: content for block in session.blocks for at, content in data.load_block(session, block)}

        record = running.garage.unit("BODY").model.info.coding[0]
        settings = {"channel": uri.channel, "port": uri.options["port"], "fd": False}
        with can.Bus(interface="udp_multicast", **settings) as bus:
            with over_can(bus, 0x7E4, 0x7EC) as client:
                code(client, record.did, record.factory)
                assert client.read_data_by_identifier_first([record.did]) == record.factory
                flash(client, newest("BODY"))
            while running.garage.unit("BODY").server.in_boot or running.garage.unit("BODY").server.silent:
                running.check()
            with over_can(bus, 0x7E4, 0x7EC) as client:
                assert read_text(client, 0xF189) == data.sessions["BODY"][-1].own_software
        with over_doip(host, int(port), 0x1020) as client:
            flash(client, newest("CLUSTER"))
        while running.garage.unit("CLUSTER").server.in_boot or running.garage.unit("CLUSTER").server.silent:
            running.check()
        with over_doip(host, int(port), 0x1020) as client:
            assert read_text(client, 0xF189) == data.sessions["CLUSTER"][-1].own_software


def test_serving_keeps_the_state_only_where_asked(cache: Path, tmp_path: Path) -> None:
    place = ("127.0.0.1", 0)
    folders = {"cache_directory": cache, "state_directory": tmp_path / "garage", "lock_directory": tmp_path / "locks"}
    with serve("car-doip", doip=place, **folders) as running:
        running.garage.unit("BODY").state.fingerprint = b"kept"
        running.garage.record_fault("BODY", running.garage.unit("BODY").model.info.dtcs[0].code)
        with pytest.raises(VciBusy):
            serve("car-doip", doip=place, **folders)
        with serve("car-doip", doip=place, cache_directory=cache) as fresh:
            assert fresh.garage.unit("BODY").state.fingerprint == b"\xff" * 9
    with serve("car-doip", doip=place, **folders) as again:
        assert again.garage.unit("BODY").state.fingerprint == b"kept"


def test_serving_refuses(cache: Path) -> None:
    with pytest.raises(UsageError, match="CAN"):
        serve("car-doip", VciUri.parse("can:virtual/x"), cache_directory=cache)
    with pytest.raises(UsageError, match="DoIP"):
        serve("car-old", doip=("127.0.0.1", 0), cache_directory=cache)
    with pytest.raises(UsageError):
        serve("car-none", cache_directory=cache)
    with pytest.raises(VciNotFound):
        serve("car-doip", doip=("203.0.113.7", 0), cache_directory=cache)


def test_data_that_contradict_themselves_are_refused_at_the_start() -> None:
    for damage in ('[units.BODY.security.11]\nmethod = "unknown"\n', '[units.DOOR.security.01]\nmethod = "unknown"\n'):
        data, initial, _ = car(toml=TOML + damage)
        with pytest.raises(DataMissing, match="unknown"):
            Garage("test-car", data, initial, clock=time.monotonic)
    data, initial, _ = car(toml=TOML.replace('hardware = "HW-1"', 'hardware = "HW-1"\nflashware = "none"'))
    with pytest.raises(DataMissing, match="none"):
        Garage("test-car", data, initial, clock=time.monotonic)


class Gone(Region):
    """A region whose image cannot be read any more."""

    @property
    def data(self) -> bytearray:
        raise DataMissing("the image is gone")


def test_images_that_are_gone_stop_the_can_side_and_it_says_so() -> None:
    import can

    data, initial, _ = car()
    garage = Garage("test-car", data, initial, clock=time.monotonic)
    garage.unit("BODY").state.memory.regions[0] = Gone("B", 0x08004000, 16, bytes)
    uri = VciUri.parse(f"can:virtual/gone-{time.monotonic_ns()}")
    side = CanSide(garage, can.Bus(interface="virtual", channel=uri.channel))
    with can.Bus(interface="virtual", channel=uri.channel) as bus:
        bus.send(can.Message(arbitration_id=0x7E4, data=bytes.fromhex("0322F18900000000"), is_extended_id=False))
        running = RunningGarage(garage, (uri, side), None, ExitStack())
        with pytest.raises(VciLost, match="image is gone"):
            while True:
                running.check()
        side.close()


def test_images_that_are_gone_stop_the_doip_side_and_it_says_so() -> None:
    data, initial, _ = car(doip=True)
    garage = Garage("test-car", data, initial, clock=time.monotonic)
    garage.unit("BODY").state.memory.regions[0] = Gone("B", 0x08004000, 16, bytes)
    side = DoipSide(garage)
    try:
        with DoIPClient(side.host, 0x1003, tcp_port=side.port, client_logical_address=0x0E80) as tester:
            tester.send_diagnostic(bytes.fromhex("22F189"))
            running = RunningGarage(garage, None, side, ExitStack())
            with pytest.raises(VciLost, match="image is gone"):
                while True:
                    running.check()
    finally:
        side.close()
