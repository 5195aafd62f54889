"""DoipVci against peers that are no DoIP entity of ours: slow, stalled, silent, old, and hostile ones (raw sockets)."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from core.errors import NoResponse, ProductError, RemoteProtocolError, VciLost
from core.protocol import doip_messages as dm
from core.vci.doip import connection as doip_connection
from core.vci.doip.tcp import DoipVci
from core.vocabulary import DoipAddress

ENGINE = DoipAddress(0x1001)
LONG = 20.0
GRANTED = dm.encode(0x0006, dm.RoutingActivationResponse(0x0E00, 0x1000, 0x10).pack())
ACK = dm.encode(0x8002, dm.acknowledgement(0x1001, 0x0E00, 0x00))
Script = Callable[[socket.socket], None]


class Peer:
    """Each connection runs `script` in a thread of its own; the socket is closed after it."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._acceptor = threading.Thread(target=self._accept)
        self._acceptor.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _peer = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(sock,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with sock:
            sock.settimeout(LONG)
            try:
                self._script(sock)
            except OSError:
                pass  # the tester left

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in [self._acceptor, *self._threads]:
            thread.join(LONG)
            assert not thread.is_alive()


@pytest.fixture
def peer() -> Iterator[Callable[[Script], Peer]]:
    peers: list[Peer] = []

    def start(script: Script) -> Peer:
        peers.append(Peer(script))
        return peers[-1]

    yield start
    for one in peers:
        one.close()


def exactly(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = sock.recv(min(65536, size - len(data)))
        if not piece:
            raise OSError("the tester left")
        data += piece
    return data


def message(sock: socket.socket) -> tuple[int, bytes]:
    _version, _inverse, kind, length = dm.HEADER.unpack(exactly(sock, 8))
    return kind, exactly(sock, length)


def until_the_end(sock: socket.socket) -> None:
    while sock.recv(65536):
        pass


def connect(peer: Peer) -> DoipVci:
    return DoipVci("127.0.0.1", peer.port, tap=lambda record: None)


def test_a_peer_that_reads_late_and_slowly_gets_every_byte_in_order(peer: Callable[[Script], Peer]) -> None:
    """Its window is full for a while: the message waits, other threads' messages follow it, none is cut or lost."""
    go, got = threading.Event(), []

    def script(sock: socket.socket) -> None:
        message(sock)
        sock.sendall(GRANTED)
        go.wait(LONG)
        for _ in range(4):
            kind, payload = message(sock)
            got.append((kind, payload))
            sock.sendall(dm.encode(0x8002, dm.acknowledgement(int.from_bytes(payload[2:4], "big"), 0x0E00, 0)))
        until_the_end(sock)

    vci = connect(peer(script))
    try:
        large = [bytes([number]) * 3_000_000 for number in range(4)]
        links = [vci.open_link(DoipAddress(0x1001 + number)) for number in range(4)]
        threads = [threading.Thread(target=link.send, args=(pdu,)) for link, pdu in zip(links, large, strict=True)]
        for thread in threads:
            thread.start()
        threads[0].join(0.2)
        assert any(thread.is_alive() for thread in threads)  # stuck, as the peer reads nothing
        go.set()
        for thread in threads:
            thread.join(LONG)
        assert sorted(payload[4:] for _kind, payload in got) == large
        assert all(payload[2:4] == (0x1001 + payload[4]).to_bytes(2, "big") for _kind, payload in got)
    finally:
        vci.close()


def test_an_alive_check_is_answered_while_the_peer_has_no_room(peer: Callable[[Script], Peer]) -> None:
    """Both windows full must not lock: the peer sends without reading, then reads everything."""
    flood = dm.encode(0x8001, dm.diagnostic(0x1001, 0x0E00, b"\x62" + bytes(100_000)))
    seen: list[int] = []

    def script(sock: socket.socket) -> None:
        message(sock)
        sock.sendall(GRANTED)
        exactly(sock, 8)  # the head of a large message, not its body
        for _ in range(100):
            sock.sendall(flood)
        sock.sendall(dm.encode(0x0007))
        exactly(sock, 4 + 8_000_000)
        sock.sendall(ACK)
        seen.append(message(sock)[0])
        until_the_end(sock)

    vci = connect(peer(script))
    try:
        link = vci.open_link(ENGINE)
        link.send(bytes(8_000_000))
        answers = [link.receive(time.monotonic() + LONG) for _ in range(100)]
        assert all(answer is not None and len(answer) == 100_001 for answer in answers)
        assert link.receive(time.monotonic() + 0.05) is None
    finally:
        vci.close()
    assert seen == [0x0008]


def test_a_peer_that_never_reads_again_is_lost(peer: Callable[[Script], Peer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doip_connection, "_WRITE_STALL", 0.2)
    done = threading.Event()

    def script(sock: socket.socket) -> None:
        message(sock)
        sock.sendall(GRANTED)
        done.wait(LONG)

    vci = connect(peer(script))
    try:
        with pytest.raises(VciLost, match="takes no more data"):
            vci.open_link(ENGINE).send(bytes(16_000_000))
    finally:
        done.set()
        vci.close()


def test_a_silent_peer_is_no_response(peer: Callable[[Script], Peer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dm, "A_DOIP_CTRL", 0.1)
    with pytest.raises(NoResponse) as silence:
        connect(peer(until_the_end))
    assert silence.value.timer == "A_DoIP_Ctrl"


def test_a_message_that_is_never_acknowledged_is_no_response(
    peer: Callable[[Script], Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dm, "A_DOIP_DIAGNOSTIC_MESSAGE", 0.1)

    def script(sock: socket.socket) -> None:
        message(sock)
        sock.sendall(GRANTED)
        until_the_end(sock)

    vci = connect(peer(script))
    try:
        with pytest.raises(NoResponse) as silence:
            vci.open_link(ENGINE).send(b"\x3e\x00")
        assert silence.value.timer == "A_DoIP_Diagnostic_Message"
    finally:
        vci.close()


def test_an_entity_of_version_03_that_refuses_02_is_asked_again_in_03(peer: Callable[[Script], Peer]) -> None:
    versions: list[int] = []

    def script(sock: socket.socket) -> None:
        head = exactly(sock, 8)
        versions.append(head[0])
        if head[0] != 0x03:
            sock.sendall(dm.encode(0x0000, b"\x00", 0x03))
            return
        exactly(sock, 7)
        sock.sendall(dm.encode(0x0006, dm.RoutingActivationResponse(0x0E00, 0x1000, 0x10).pack(), 0x03))
        versions.append(exactly(sock, 8)[0])
        exactly(sock, 6)
        sock.sendall(dm.encode(0x8002, dm.acknowledgement(0x1001, 0x0E00, 0), 0x03))
        until_the_end(sock)

    vci = connect(peer(script))
    try:
        vci.open_link(ENGINE).send(b"\x3e\x00")
        assert versions == [0x02, 0x03, 0x03]
    finally:
        vci.close()


def test_a_peer_that_closes_while_activating_is_lost(peer: Callable[[Script], Peer]) -> None:
    with pytest.raises(VciLost):
        connect(peer(lambda sock: message(sock) and None))


@pytest.mark.parametrize("seed", range(12))
def test_random_answers_end_in_a_product_error_or_silence(
    seed: int, peer: Callable[[Script], Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dm, "A_DOIP_DIAGNOSTIC_MESSAGE", 0.2)
    monkeypatch.setattr(dm, "A_PROCESSING_TIME", 0.2)
    dice = random.Random(seed)
    pieces = [ACK, b"\x02\xfd", dm.encode(0x0007), dm.encode(0x8001, dm.diagnostic(0x1001, 0x0E00, b"\x7e\x00")), b"?"]

    def script(sock: socket.socket) -> None:
        message(sock)
        sock.sendall(GRANTED)
        for _ in range(200):
            sock.sendall(dice.choice(pieces) if dice.random() < 0.97 else dice.randbytes(12))
        until_the_end(sock)

    vci = connect(peer(script))
    errors: list[ProductError] = []
    try:
        link = vci.open_link(ENGINE)
        for _ in range(5):
            link.send(b"\x3e\x00")
            link.receive(time.monotonic() + 0.05)
    except ProductError as error:
        errors.append(error)
    finally:
        vci.close()
    assert all(isinstance(error, (RemoteProtocolError, VciLost, NoResponse)) for error in errors)
