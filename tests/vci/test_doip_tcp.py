"""DoipVci on real loopback sockets against the DoIP entity: reading, waiting, losing, several units and threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from core.errors import NoResponse, ProductError, RemoteProtocolError, RoutingDenied, VciLost, VciNotFound
from core.protocol import doip_messages as dm
from core.vci.doip.tcp import DoipLink, DoipVci
from core.vocabulary import CanAddress, CanFrame, DoipAddress, DoipMessage, Transport
from tests.vci.doip_server import UNITS, VIN, DoipServer, config

ENGINE, BRAKES = DoipAddress(0x1001), DoipAddress(0x1002)
LONG = 20.0  # seconds nobody ever waits in a test that passes


class Tapped:
    """A tap that keeps everything, and the VCI with it."""

    def __init__(self, server: DoipServer, source: int = 0x0E00) -> None:
        self.seen: list[DoipMessage] = []
        self.vci = DoipVci("127.0.0.1", server.port, source=source, tap=self.tap)

    def tap(self, record: CanFrame | DoipMessage) -> None:
        assert isinstance(record, DoipMessage)
        self.seen.append(record)

    def __enter__(self) -> DoipVci:
        return self.vci

    def __exit__(self, *error: object) -> None:
        self.vci.close()


def ask(link: DoipLink, pdu: bytes) -> bytes | None:
    link.send(pdu)
    return link.receive(time.monotonic() + LONG)


def in_thread(work: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    """Run `work`; its result or ProductError is in the list when the thread has ended."""
    result: list[object] = []

    def run() -> None:
        try:
            result.append(work())
        except ProductError as error:
            result.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, result


def silent(unit: int, pdu: bytes) -> list[bytes]:
    return []


def test_a_request_and_its_answer_and_what_the_entity_told_about_itself() -> None:
    with DoipServer(settings=config(max_data_size=0x2004)) as server, Tapped(server) as vci:
        assert vci.transports == {Transport.DOIP}
        assert vci.uri == f"doip://127.0.0.1:{server.port}?source=0x0e00"
        assert vci.entity_address == 0x1000
        assert vci.vin_hint() == VIN
        assert vci.voltage() is None
        link = vci.open_link(ENGINE)
        assert link.max_pdu == 0x2000
        assert ask(link, b"\x22\xf1\x90") == b"\x62\x10\x01\xf1\x90"
        assert link.receiving_since() is None
        assert link.receive(time.monotonic()) is None


def test_an_entity_without_udp_tells_nothing_and_works() -> None:
    with DoipServer(udp=False) as server, Tapped(server) as vci:
        assert vci.vin_hint() == ""
        assert vci.open_link(ENGINE).max_pdu == 0xFFFF_FFFF - 4
        assert ask(vci.open_link(ENGINE), b"\x3e\x00") == b"\x7e\x10\x01\x00"


def test_a_late_identification_is_waited_for_by_the_vin_hint() -> None:
    with DoipServer(settings=config(announce_wait=0.5)) as server, Tapped(server) as vci:
        assert vci.vin_hint() == VIN


def test_large_messages_in_both_directions() -> None:
    answers = {0x22: bytes([0x62]) + bytes(range(256)) * 1024}
    with (
        DoipServer(lambda unit, pdu: [answers.get(pdu[0], bytes([pdu[0] + 0x40]))]) as server,
        Tapped(server) as vci,
    ):
        link = vci.open_link(ENGINE)
        big = b"\x36\x01" + bytes(range(256)) * 2048
        assert ask(link, big) == b"\x76"
        assert server.requests[-1][1] == big
        assert ask(link, b"\x22\x00\x01") == answers[0x22]


def test_an_idle_vci_answers_an_alive_check_within_500_ms() -> None:
    """The entity's own 500 ms judge: it closes the socket of who is late."""
    with DoipServer() as server, (tapped := Tapped(server)) as vci:

        def answers() -> int:
            return sum(m.payload_type == 0x0008 for m in tapped.seen)

        link = vci.open_link(ENGINE)
        for number in range(4):
            if number % 2 == 0:  # right after traffic, and again when it has been idle
                ask(link, b"\x3e\x00")
            else:
                assert server.wait(lambda: vci.connection._leading)  # the background thread has taken over
            server.check_alive()
            assert server.wait(lambda number=number: answers() == number + 1 or server.closed)
            assert server.closed == []
        assert ask(link, b"\x3e\x00") == b"\x7e\x10\x01\x00"


def test_an_alive_check_is_answered_while_a_link_waits() -> None:
    with DoipServer(silent) as server:
        tapped = Tapped(server)
        with tapped as vci:
            link = vci.open_link(ENGINE)
            link.send(b"\x22\xf1\x90")
            thread, result = in_thread(lambda: link.receive(time.monotonic() + LONG))
            server.check_alive()
            assert server.wait(lambda: any(m.payload_type == 0x0008 for m in tapped.seen))
            server.do(lambda: server.entity.respond(1, 0x1001, b"\x62late", time.monotonic()) and None)
            thread.join(LONG)
            assert result == [b"\x62late"]
            assert server.closed == []


def test_several_units_over_one_socket_each_thread_gets_its_own_answers() -> None:
    with DoipServer() as server, Tapped(server) as vci:

        def talk(unit: int) -> list[bytes | None]:
            link = vci.open_link(DoipAddress(unit))
            return [ask(link, b"\x22" + number.to_bytes(2, "big")) for number in range(60)]

        running = {unit: in_thread(lambda unit=unit: talk(unit)) for unit in UNITS}  # type: ignore[misc]
        for unit, (thread, result) in running.items():
            thread.join(LONG)
            assert result == [[b"\x62" + unit.to_bytes(2, "big") + n.to_bytes(2, "big") for n in range(60)]]
        assert len(server.connections) == 1


@pytest.mark.parametrize("how", ["rst", "fin", "garbage", "close"])
def test_a_loss_reaches_every_waiter_at_once(how: str) -> None:
    with DoipServer(silent) as server, Tapped(server) as vci:
        links = [vci.open_link(DoipAddress(unit)) for unit in sorted(UNITS)]
        for link in links:
            link.send(b"\x22\xf1\x90")
        started = time.monotonic()
        waiting = [in_thread(lambda link=link: link.receive(time.monotonic() + LONG)) for link in links]  # type: ignore[misc]
        {
            "rst": server.reset_connections,
            "fin": lambda: server.do(lambda: server.entity.close_all("reset")),
            "garbage": lambda: server.push(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            "close": vci.close,
        }[how]()
        for thread, result in waiting:
            thread.join(LONG)
            assert isinstance(result[0], RemoteProtocolError if how == "garbage" else VciLost)
        assert time.monotonic() - started < LONG / 2
        with pytest.raises(ProductError):
            links[0].send(b"\x3e\x00")
        assert len(server.requests) == len(links)


def test_after_a_loss_open_link_connects_anew_and_nothing_is_sent_again() -> None:
    with DoipServer(silent) as server, Tapped(server) as vci:
        old, other = vci.open_link(ENGINE), vci.open_link(BRAKES)
        old.send(b"\x36\x01data")
        server.reset_connections()
        with pytest.raises(VciLost):
            old.receive(time.monotonic() + LONG)
        with pytest.raises(VciLost):  # still: nobody wished a new connection
            other.send(b"\x3e\x00")
        new = vci.open_link(ENGINE)
        new.send(b"\x22\x01\x01")
        other.send(b"\x22\x01\x02")  # a new message on the new connection
        assert server.requests == [(0x1001, b"\x36\x01data"), (0x1001, b"\x22\x01\x01"), (0x1002, b"\x22\x01\x02")]
        server.do(lambda: server.entity.respond(2, 0x1002, b"\x62\x01\x02", time.monotonic()) and None)
        assert other.receive(time.monotonic() + LONG) == b"\x62\x01\x02"


def test_a_closed_vci_stays_closed() -> None:
    with DoipServer() as server:
        with Tapped(server) as vci:
            link = vci.open_link(ENGINE)
        with pytest.raises(VciLost):
            vci.open_link(ENGINE)
        with pytest.raises(VciLost):
            link.send(b"\x3e\x00")
        with pytest.raises(VciLost):
            vci.send_functional(ENGINE, b"\x3e\x80")
        link.close()
        link.close()
        vci.close()
        assert vci.vin_hint() == VIN


def test_messages_that_nobody_reads_are_kept_in_order() -> None:
    with DoipServer(silent) as server, Tapped(server) as vci:
        link, brakes = vci.open_link(ENGINE), vci.open_link(BRAKES)
        link.send(b"\x2a\x03\x01")

        def flood() -> None:
            for number in range(2000):
                server.entity.respond(1, 0x1001, number.to_bytes(4, "big") * 100, time.monotonic())
            server.entity.respond(1, 0x1002, b"last", time.monotonic())

        server.do(flood)
        assert brakes.receive(time.monotonic() + LONG) == b"last"  # all of it went by while nobody asked the engine
        got = [link.receive(time.monotonic() + LONG) for _ in range(2000)]
        assert got == [number.to_bytes(4, "big") * 100 for number in range(2000)]


def test_clear_forgets_what_was_not_read_and_close_hears_nothing_more() -> None:
    with DoipServer() as server, Tapped(server) as vci:
        link, other = vci.open_link(ENGINE), vci.open_link(ENGINE)
        link.send(b"\x22\x01\x01")
        assert other.receive(time.monotonic() + LONG) == b"\x62\x10\x01\x01\x01"  # both hear the unit
        link.clear()
        other.close()
        assert ask(link, b"\x22\x02\x02") == b"\x62\x10\x01\x02\x02"


def test_the_tap_sees_every_message_once_and_requests_before_their_answers() -> None:
    with DoipServer() as server:
        tapped = Tapped(server)
        with tapped as vci:
            link = vci.open_link(ENGINE)
            for number in range(20):
                ask(link, b"\x22\x00" + bytes([number]))
            vci.send_functional(ENGINE, b"\x3e\x80")
            assert server.wait(lambda: len(tapped.seen) >= 6 + 60 + 2)
        udp, tcp = [m for m in tapped.seen if m.payload_type in (0x0001, 0x0004, 0x4001, 0x4002)], []
        assert sorted((m.payload_type, m.is_rx) for m in udp) == [
            (0x0001, False), (0x0004, True), (0x4001, False), (0x4002, True),
        ]  # fmt: skip
        tcp = [(m.payload_type, m.payload, m.is_rx) for m in tapped.seen if m not in udp]
        expected: list[tuple[int, bytes, bool]] = [
            (0x0005, bytes.fromhex("0e000000000000"), False),
            (0x0006, bytes.fromhex("0e0010001000000000"), True),
        ]
        for number in range(20):
            expected.append((0x8001, bytes.fromhex("0e0010012200") + bytes([number]), False))
            expected.append((0x8002, bytes.fromhex("10010e0000"), True))
            expected.append((0x8001, bytes.fromhex("10010e0062100100") + bytes([number]), True))
        expected.append((0x8001, bytes.fromhex("0e00e4003e80"), False))
        expected.append((0x8002, bytes.fromhex("e4000e0000"), True))
        assert tcp == expected
        assert all(m.channel == f"127.0.0.1:{server.port}" for m in tapped.seen)


def test_functional_requests_are_collected_from_the_units_that_are_asked() -> None:
    pending = {0x1001: [b"\x7f\x22\x78", b"\x62one"], 0x1002: [b"\x62two"], 0x1003: []}
    with DoipServer(lambda unit, pdu: pending.get(unit, [b"\x62no"])) as server, Tapped(server) as vci:
        units = (ENGINE, BRAKES)
        answers = vci.collect_functional(units, b"\x22\xf1\x90", time.monotonic() + LONG)  # ends long before
        assert answers == [(ENGINE, b"\x7f\x22\x78"), (ENGINE, b"\x62one"), (BRAKES, b"\x62two")]
        assert vci.collect_functional((DoipAddress(0x1003),), b"\x22\xf1\x90", time.monotonic() + 0.1) == []
        assert vci.collect_functional((CanAddress(0x7E0, 0x7E8),), b"\x22\xf1\x90", time.monotonic() + LONG) == []
        assert [target for target, _pdu in server.requests] == [0xE400, 0xE400]


def test_the_functional_way_is_free_while_a_link_waits() -> None:
    with DoipServer(silent) as server, Tapped(server) as vci:
        link = vci.open_link(ENGINE)
        link.send(b"\x31\x01\xff\x00")
        thread, result = in_thread(lambda: link.receive(time.monotonic() + LONG))
        for _ in range(3):
            vci.send_functional(ENGINE, b"\x3e\x80")
        assert server.wait(lambda: server.requests.count((0xE400, b"\x3e\x80")) == 3)
        server.do(lambda: server.entity.respond(1, 0x1001, b"\x71\x01\xff\x00", time.monotonic()) and None)
        thread.join(LONG)
        assert result == [b"\x71\x01\xff\x00"]


def test_an_answer_that_has_begun_is_waited_for_beyond_the_deadline() -> None:
    whole = dm.encode(0x8001, dm.diagnostic(0x1001, 0x0E00, b"\x62" + bytes(100)))
    with DoipServer(silent) as server, Tapped(server) as vci:
        link, brakes = vci.open_link(ENGINE), vci.open_link(BRAKES)
        link.send(b"\x22\xf1\x90")
        server.push(whole[:50])
        assert server.wait(lambda: link.receiving_since() is not None)
        assert brakes.receiving_since() is None
        assert brakes.receive(time.monotonic() + 0.02) is None
        thread, result = in_thread(lambda: link.receive(time.monotonic() + 0.01))
        thread.join(0.2)
        assert thread.is_alive()
        server.push(whole[50:])
        thread.join(LONG)
        assert result == [b"\x62" + bytes(100)]


def test_nacks_become_errors_and_the_connection_goes_on() -> None:
    with DoipServer() as server, Tapped(server) as vci:
        link = vci.open_link(ENGINE)
        for code, error in ((0x06, NoResponse), (0x03, RoutingDenied)):
            server.entity.set_nack(0x1001, code)
            with pytest.raises(error):
                link.send(b"\x3e\x00")
        server.entity.set_nack(0x1001, 0x05)  # no memory: repeated until there is some
        thread, result = in_thread(lambda: ask(link, b"\x3e\x00"))
        server.do(lambda: server.entity.set_nack(0x1001, None))
        thread.join(LONG)
        assert result == [b"\x7e\x10\x01\x00"]


# ---- connecting


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"testers": {0x0E80}}, 0x00), ({"activation_types": frozenset({1})}, 0x06),
     ({"needs_authentication": frozenset({0})}, 0x04)],
)  # fmt: skip
def test_a_refused_activation_is_told_with_its_code(changes: dict[str, object], code: int) -> None:
    with DoipServer(settings=config(**changes)) as server:
        with pytest.raises(RoutingDenied) as refused:
            Tapped(server)
        assert refused.value.denial_code == code


def test_a_pending_confirmation_is_waited_for() -> None:
    with DoipServer(settings=config(needs_confirmation=frozenset({0}))) as server:
        thread, result = in_thread(lambda: Tapped(server))
        assert server.wait(lambda: any(s.state.value == "confirming" for s in server.entity._sockets.values()))
        server.do(lambda: server.entity.confirm(1, True, time.monotonic()))
        thread.join(LONG)
        assert isinstance(result[0], Tapped)
        with result[0] as vci:
            assert ask(vci.open_link(ENGINE), b"\x3e\x00") == b"\x7e\x10\x01\x00"


def test_a_second_tester_is_refused_while_the_idle_first_is_alive() -> None:
    with DoipServer(settings=config(max_sockets=1)) as server, Tapped(server) as first:
        with pytest.raises(RoutingDenied) as refused:
            Tapped(server, source=0x0E01)
        assert refused.value.denial_code == 0x01
        assert ask(first.open_link(ENGINE), b"\x3e\x00") == b"\x7e\x10\x01\x00"


def test_nobody_there_is_not_found() -> None:
    with DoipServer() as server:
        port = server.port
    with pytest.raises(VciNotFound):
        DoipVci("127.0.0.1", port, tap=lambda record: None)
    with pytest.raises(VciNotFound):
        DoipVci("no-such-host.invalid", port, tap=lambda record: None)


def test_a_can_unit_is_not_reached_over_doip() -> None:
    with DoipServer() as server, Tapped(server) as vci:
        with pytest.raises(VciNotFound, match="CAN"):
            vci.open_link(CanAddress(0x7E0, 0x7E8))
        vci.send_functional(CanAddress(0x7E0, 0x7E8), b"\x3e\x80")
        assert ask(vci.open_link(ENGINE), b"\x3e\x00") == b"\x7e\x10\x01\x00"
        assert server.requests == [(0x1001, b"\x3e\x00")]
