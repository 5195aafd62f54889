"""Both sides of DoIP against each other with a fake clock: streams cut, doubled, split and lost at every index."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import NoResponse, RemoteProtocolError, RoutingDenied
from core.protocol.doip import ClientState, DoipClientMachine, Transmission
from core.protocol.doip_entity import Close, Diagnostic, DoipEntity, Send
from core.protocol.doip_messages import Activation
from tests.protocol.doip_entity_help import BRAKES, ENGINE, entity

Pieces = Callable[[bytes], list[bytes]]
REQUESTS = [
    (ENGINE, b"\x22\xf1\x90"), (BRAKES, b"\x10\x03"), (ENGINE, b"\x36\x01" + bytes(range(40))), (0x1009, b"\x3e\x00"),
]  # fmt: skip


def whole(data: bytes) -> list[bytes]:
    return [data] if data else []


class Line:
    """A client and an entity with a clock; `up` and `down` say in which pieces bytes arrive (none: lost)."""

    def __init__(self, gateway: DoipEntity, up: Pieces = whole, down: Pieces = whole) -> None:
        self.gateway, self.client = gateway, DoipClientMachine()
        self.up, self.down = up, down
        self.now = 0.0
        self.closed = ""
        self.requests: list[tuple[int, bytes]] = []
        gateway.connected("A", self.now)
        self.inboxes = {unit: self.client.open(unit) for unit in (ENGINE, BRAKES)}
        self.client.activate(self.now)
        self.settle()

    def settle(self) -> None:
        """Until both have said everything that they have to say now."""
        for _ in range(200):
            for piece in self.up(self.client.bytes_to_send(self.now)):
                self.gateway.receive("A", piece, self.now)
            outputs = self.gateway.outputs()
            for output in outputs:
                if isinstance(output, Send):
                    for piece in self.down(output.data):
                        self.client.receive(piece, self.now)
                elif isinstance(output, Diagnostic):
                    self.requests.append((output.target, output.pdu))
                    answer = bytes([(output.pdu[0] + 0x40) & 0xFF]) + output.pdu[1:]
                    self.gateway.respond("A", output.target, answer, self.now)
                elif isinstance(output, Close):
                    self.closed = output.reason
            if not outputs and not self.client.outgoing:
                return
        raise AssertionError("the two never come to rest")

    def send(self, target: int, pdu: bytes) -> Transmission:
        transmission = self.client.send(target, pdu, self.now)
        self.settle()
        return transmission

    def pass_time(self, until: float) -> None:
        while True:
            times = [t for t in (self.client.next_deadline(), self.gateway.next_deadline()) if t is not None]
            if not times or min(times) > until:
                self.now = until
                return
            self.now = max(self.now, min(times))
            self.client.handle_timeout(self.now)
            self.gateway.handle_timeout(self.now)
            self.settle()


def conversation(line: Line) -> list[object]:
    """The same four requests; what came of each."""
    result: list[object] = []
    for target, pdu in REQUESTS:
        transmission = line.send(target, pdu)
        assert transmission.ready
        inbox = line.inboxes.get(target)
        result.append(type(transmission.error).__name__ if transmission.error else inbox.take() if inbox else None)
    return result


EXPECTED = [b"\x62\xf1\x90", b"\x50\x03", b"\x76\x01" + bytes(range(40)), "RoutingDenied"]


def test_a_calm_line() -> None:
    line = Line(entity())
    assert line.client.state is ClientState.ACTIVE
    assert conversation(line) == EXPECTED


@pytest.mark.parametrize("index", range(1, 60))
def test_every_message_split_at_every_index_in_both_directions(index: int) -> None:
    def cut(data: bytes) -> list[bytes]:
        return [piece for piece in (data[:index], data[index:]) if piece]

    assert conversation(Line(entity(), cut, cut)) == EXPECTED


@given(st.lists(st.integers(1, 9), min_size=1, max_size=20), st.lists(st.integers(1, 9), min_size=1, max_size=20))
@settings(max_examples=40, deadline=None)
def test_pieces_of_any_sizes_in_both_directions(ups: list[int], downs: list[int]) -> None:
    def pieces(sizes: list[int]) -> Pieces:
        def cut(data: bytes) -> list[bytes]:
            found, position, number = [], 0, 0
            while position < len(data):
                found.append(data[position : position + sizes[number % len(sizes)]])
                position, number = position + sizes[number % len(sizes)], number + 1
            return found

        return cut

    assert conversation(Line(entity(), pieces(ups), pieces(downs))) == EXPECTED


class Damage:
    """Bytes as they are, but the one at `index` of the whole direction is lost, doubled or turned over."""

    def __init__(self, index: int, kind: str) -> None:
        self.index, self.kind, self.position = index, kind, 0

    def __call__(self, data: bytes) -> list[bytes]:
        at, self.position = self.index - self.position, self.position + len(data)
        if not data or not 0 <= at < len(data):
            return [data] if data else []
        changed = {"lost": b"", "doubled": data[at : at + 1] * 2, "turned": bytes([data[at] ^ 0xFF])}[self.kind]
        damaged = data[:at] + changed + data[at + 1 :]
        return [damaged] if damaged else []


@pytest.mark.parametrize("kind", ["lost", "doubled", "turned"])
@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_byte_lost_doubled_or_turned_at_every_index_ends_in_an_answer_or_an_error(kind: str, direction: str) -> None:
    """TCP does neither, damaged gateways do: whatever happens, every wait ends within the machine's own timers."""
    ends: set[str] = set()
    for index in range(200):
        damage = Damage(index, kind)
        line = Line(entity(), damage, whole) if direction == "up" else Line(entity(), whole, damage)
        line.pass_time(line.now + 70.0)
        for target, pdu in REQUESTS:
            if line.client.state is not ClientState.ACTIVE:
                break
            transmission = line.client.send(target, pdu, line.now)
            line.settle()
            line.pass_time(line.now + 3.0)
            assert transmission.ready
            ends.add(type(transmission.error).__name__)
        if line.client.state is not ClientState.ACTIVE:
            error = line.client.error
            assert isinstance(error, (RemoteProtocolError, RoutingDenied, NoResponse)), error
            ends.add(type(error).__name__)
    assert len(ends) >= 3


@pytest.mark.parametrize("lost", range(4))
def test_a_whole_answer_lost_is_told_apart_by_its_timer(lost: int) -> None:
    """0: the activation response, 1: the ack, 2: the answer (silence is the UDS client's matter), 3: nothing."""
    number = -1

    def down(data: bytes) -> list[bytes]:
        nonlocal number
        number += 1
        return [] if number == lost else [data]

    line = Line(entity(), whole, down)
    if lost == 0:
        line.pass_time(2.5)
        assert isinstance(line.client.error, NoResponse)
        assert line.client.error.timer == "A_DoIP_Ctrl"
        return
    transmission = line.send(ENGINE, b"\x22\xf1\x90")
    line.pass_time(line.now + 2.5)
    assert transmission.error is None  # an answer without an ack is proof enough
    assert line.inboxes[ENGINE].take() == (None if lost == 2 else b"\x62\xf1\x90")


def test_whole_messages_doubled_at_every_index() -> None:
    """A second copy of any message, in either direction, breaks nothing and is not taken for another answer's ack."""
    for direction in ("up", "down"):
        for index in range(12):
            count = -1

            def doubled(data: bytes, index: int = index) -> list[bytes]:
                nonlocal count
                count += 1 if data else 0
                return [data, data] if data and count == index else whole(data)

            line = Line(entity(), doubled) if direction == "up" else Line(entity(), whole, doubled)
            answers = []
            for target, pdu in REQUESTS[:3]:
                assert line.send(target, pdu).error is None
                answers.append(line.inboxes[target].take())
                line.inboxes[target].clear()
            assert answers == EXPECTED[:3]


def test_a_unit_without_memory_for_a_moment_is_asked_again_and_answers() -> None:
    line = Line(entity())
    line.gateway.set_nack(ENGINE, 0x05)
    transmission = line.send(ENGINE, b"\x3e\x00")
    line.pass_time(line.now + 0.3)
    assert not transmission.ready
    line.gateway.set_nack(ENGINE, None)
    line.pass_time(line.now + 0.2)
    assert transmission.ready
    assert transmission.error is None
    assert line.requests == [(ENGINE, b"\x3e\x00")]  # it was taken once
    assert line.inboxes[ENGINE].take() == b"\x7e\x00"


def test_an_idle_hour_keeps_the_connection() -> None:
    line = Line(entity())
    line.pass_time(3600.0)
    assert line.closed == ""
    assert conversation(line) == EXPECTED


def test_a_second_tester_does_not_cost_the_first_its_socket() -> None:
    line = Line(entity(max_sockets=1))
    line.gateway.connected("B", 1.0)
    second = DoipClientMachine(0x0E01)
    second.activate(1.0)
    line.now = 1.0
    line.gateway.receive("B", second.bytes_to_send(1.0), 1.0)
    for output in line.gateway.outputs():
        assert isinstance(output, Send)
        assert output.connection == "A"
        line.client.receive(output.data, 1.0)
    line.gateway.receive("A", line.client.bytes_to_send(1.0), 1.1)
    for output in line.gateway.outputs():
        if isinstance(output, Send) and output.connection == "B":
            second.receive(output.data, 1.1)
    assert isinstance(second.error, RoutingDenied)
    assert second.error.denial_code == Activation.NO_FREE_SOCKET
    assert conversation(line) == EXPECTED
