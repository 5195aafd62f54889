"""DoIP over TLS with the simulated entity: 07 leads there, trust in both directions, the main job, a foreign client."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from doipclient import DoIPClient

from core.errors import DataInvalid, ProductError, RoutingDenied, VciLost, VciNotFound
from core.simulation.certificates import Authority
from core.simulation.doip.tls import garage_trust
from core.simulation.serve import RunningGarage, serve
from core.vci.doip.tcp import DoipVci
from core.vci.doip.tls import TlsLayer, TlsTrust, client_context
from core.workbench import open_workbench

PATIENCE = 60.0


@contextmanager
def garage(folder: Path, cache: Path, tls: str = "yes") -> Iterator[RunningGarage]:
    with serve(
        "car-doip", doip=("127.0.0.1", 0), cache_directory=cache, certificates=folder, tls=tls, tls_port=0
    ) as running:
        yield running


def place(running: RunningGarage) -> tuple[str, int, int]:
    told = running.describe()
    host, port = str(told["doip"]).rsplit(":", 1)
    return host, int(port), int(told["tls_port"])


def connect(running: RunningGarage, trust: TlsTrust, secure: bool = False) -> DoipVci:
    host, port, _ = place(running)
    return DoipVci(host, port, tap=lambda seen: None, trust=lambda: trust, secure=secure)


@pytest.mark.parametrize("tls", ["yes", "client"])
@pytest.mark.parametrize("secure", [False, True])
def test_07_leads_to_tls_by_itself(tmp_path: Path, compiled_cache: Path, tls: str, secure: bool) -> None:
    with garage(tmp_path, compiled_cache, tls) as running:
        vci = connect(running, garage_trust(tmp_path, place(running)[2]), secure)
        try:
            assert vci.secure and vci.entity_address is not None
            address = next(unit.doip_address for unit in running.garage.units if unit.doip_address is not None)
            link = vci.open_link(address)
            link.send(b"\x22\xf1\x90")
            answer = link.receive(time.monotonic() + PATIENCE)
            assert answer == b"\x62\xf1\x90" + running.garage.vin.encode()
            link.send(b"\x3e\x00")
            assert link.receive(time.monotonic() + PATIENCE) == b"\x7e\x00"
        finally:
            vci.close()


def test_a_lost_tls_connection_is_made_anew_over_tls(tmp_path: Path, compiled_cache: Path) -> None:
    with garage(tmp_path, compiled_cache) as running:
        vci = connect(running, garage_trust(tmp_path, place(running)[2]))
        address = next(unit.doip_address for unit in running.garage.units if unit.doip_address is not None)
        link = vci.open_link(address)
        vci.connection._socket._socket.shutdown(socket.SHUT_RDWR)
        with pytest.raises(VciLost):
            link.receive(time.monotonic() + PATIENCE)
        again = vci.open_link(address)
        again.send(b"\x3e\x00")
        assert again.receive(time.monotonic() + PATIENCE) == b"\x7e\x00"
        vci.close()


def test_the_main_job_over_tls(papers: Path) -> None:
    with open_workbench() as workbench:
        running = workbench.serve_garage("car-doip", doip="127.0.0.1:0", tls="client", tls_port=0)
        host, port, tls_port = place(running)
        with workbench.connect(f"doip://{host}:{port}?tls_port={tls_port}", hosted=False) as vehicle:
            result = vehicle.survey().wait(PATIENCE)
            assert result.units and all(unit.software for unit in result.units)
            assert vehicle.faults("BODY").wait(PATIENCE) is not None
            flashed = vehicle.flash("BODY").wait(PATIENCE)
            assert (flashed.result, flashed.software_after) == ("flashed", vehicle.flashware("BODY")[0].software)
            item = next(each for each in vehicle.coding_read("BODY").wait(PATIENCE).items if len(each.choices) > 1)
            wanted = next(choice for choice in item.choices if choice != item.now)
            vehicle.coding_write("BODY", {item.name: wanted}).wait(PATIENCE)
            now = {each.name: each.now for each in vehicle.coding_read("BODY").wait(PATIENCE).items}
            assert now[item.name] == wanted


def test_a_simulated_car_behind_tls_in_one_process(home: Path) -> None:
    with open_workbench() as workbench, workbench.connect("sim:car-doip?tls=client", hosted=False) as vehicle:
        assert all(unit.software for unit in vehicle.survey().wait(PATIENCE).units)


def test_who_is_not_trusted_is_told_so(tmp_path: Path, compiled_cache: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    Authority(theirs).ensure()
    with garage(ours, compiled_cache, "client") as running:
        port = place(running)[2]
        known = garage_trust(ours, port)
        with pytest.raises(RoutingDenied, match="is not trusted") as caught:
            connect(running, garage_trust(theirs, port))
        assert "doip_roots" in caught.value.advice
        with pytest.raises(RoutingDenied, match="is not trusted"):
            connect(running, TlsTrust(port=port))
        for certificate in (None, Authority(theirs).tls_identity):
            with pytest.raises(RoutingDenied, match=r"refused this tester's certificate|refused the TLS") as caught:
                connect(running, TlsTrust(known.roots, certificate, port=port))
            assert "doip_certificate" in caught.value.advice
        vci = connect(running, TlsTrust((), known.certificate, verify=False, port=port))
        vci.close()
        (tmp_path / "broken.pem").write_text("no certificate")
        with pytest.raises(DataInvalid, match=r"broken\.pem"):
            connect(running, TlsTrust((tmp_path / "broken.pem",), port=port))
        with pytest.raises(DataInvalid, match=r"broken\.pem"):
            connect(running, TlsTrust(known.roots, tmp_path / "broken.pem", port=port))


def test_nobody_behind_the_tls_port_and_somebody_else(tmp_path: Path, compiled_cache: Path) -> None:
    with garage(tmp_path, compiled_cache) as running, socket.create_server(("127.0.0.1", 0)) as silent:
        free = socket.create_server(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        with pytest.raises(VciNotFound, match=f"TLS port {port}"):
            connect(running, TlsTrust(port=port))

        def babble() -> None:
            with silent.accept()[0] as sock:
                sock.recv(4096)
                sock.sendall(b"HTTP/1.0 400 no\r\n\r\n")

        thread = threading.Thread(target=babble)
        thread.start()
        with pytest.raises(ProductError, match=r"TLS"):
            connect(running, TlsTrust(port=silent.getsockname()[1]))
        thread.join(PATIENCE)


def test_a_foreign_client_over_tls(tmp_path: Path, compiled_cache: Path) -> None:
    """doipclient with the standard library's own TLS sockets."""
    with garage(tmp_path, compiled_cache, "client") as running:
        host, _, port = place(running)
        context = client_context(garage_trust(tmp_path, port))
        client = DoIPClient(host, 0x1000, tcp_port=port, use_secure=context, auto_reconnect_tcp=False)
        try:
            address = next(unit.doip_address for unit in running.garage.units if unit.doip_address is not None)
            client.send_diagnostic_to_address(address.logical, bytes.fromhex("22f190"))
            assert bytes(client.receive_diagnostic(timeout=10)) == b"\x62\xf1\x90" + running.garage.vin.encode()
        finally:
            client.close()


def test_plain_text_on_the_tls_port_ends_the_connection(tmp_path: Path, compiled_cache: Path) -> None:
    with garage(tmp_path, compiled_cache) as running:
        host, _, port = place(running)
        with socket.create_connection((host, port), 10) as sock:
            sock.sendall(bytes.fromhex("02fd0005000000070e000000000000"))
            sock.settimeout(10)
            while sock.recv(4096):
                pass


def test_large_messages_and_a_slow_reader(tmp_path: Path) -> None:
    """The record layer alone: megabytes in pieces of any size."""
    from core.simulation.doip.tls import server_context

    server = TlsLayer(server_context(Authority(tmp_path), "x", "V" * 17, "yes"), server_side=True)
    client = TlsLayer(client_context(garage_trust(tmp_path)))
    for _ in range(6):
        client.receive(b"")
        server.receive(client.to_send())
        client.receive(server.to_send())
    assert client.established and server.established and client.version == "TLSv1.3"
    data = bytes(range(256)) * 4096
    client.encrypt(data)
    sealed, got = client.to_send(), b""
    for at in range(0, len(sealed), 1000):
        got += server.receive(sealed[at : at + 1000])
    assert got == data
    with pytest.raises(ssl.SSLError):
        server.receive(sealed[:20_000])  # a record that was there already
