"""One authenticated connection between two processes of one user: whole messages, both ways. Knows no message's sense.

Both ends prove that they know the host's key (HMAC-SHA256 over fresh numbers) before anything is decoded.
"""

from __future__ import annotations

import hmac
import os
import secrets
import socket
import threading
from multiprocessing.connection import Client, Connection, Listener
from typing import Any

from core.host import codec

LARGEST = 64 << 20  # bytes of one message
HANDSHAKE_SECONDS = 5.0
BACKLOG = 16
_NUMBER = 32
_PROOF = 32
HERE_IS_POSIX = os.name == "posix"


class Wire:
    """Send from any thread, receive in one. After `hang_up` both ends see the end; `close` frees the descriptor."""

    def __init__(self, connection: Any) -> None:
        self._connection: Connection[bytes, bytes] = connection
        # reentrant: a signal handler may cancel a job while its thread is just sending
        self._sending = threading.RLock()
        self._gone = False

    def send(self, message: Any) -> bool:
        """False where the other end is gone. LocalProtocolError for what cannot be encoded."""
        data = codec.encode(message)
        try:
            with self._sending:
                self._connection.send_bytes(data)
        except (OSError, ValueError):  # ValueError: sending began after close
            return False
        return True

    def receive(self) -> Any:
        """The next message, None when the other end is gone. RemoteProtocolError for what no message is."""
        try:
            data = self._connection.recv_bytes(LARGEST)
        except (OSError, EOFError, ValueError, MemoryError):
            return None
        return codec.decode(data)

    def hang_up(self) -> None:
        """Both ends wake up with the end of the conversation. From any thread."""
        if self._gone:
            return
        self._gone = True
        if not HERE_IS_POSIX:
            self._connection.close()
            return
        try:
            # closing a descriptor does not wake the thread that reads it; shutting the socket down does
            with socket.socket(fileno=os.dup(self._connection.fileno())) as line:
                line.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the other end was quicker

    def close(self) -> None:
        """When no thread uses it any more."""
        self._gone = True
        self._connection.close()

    # -- both ends prove themselves

    def admit(self, key: bytes) -> bool:
        """The host's side: whether the one who called knows `key`."""
        number = secrets.token_bytes(_NUMBER)
        try:
            self._connection.send_bytes(number)
            answer = self._short(_NUMBER + _PROOF)
            theirs, proof = answer[:_NUMBER], answer[_NUMBER:]
            if not hmac.compare_digest(proof, _proof(key, b"client", number, theirs)):
                return False
            self._connection.send_bytes(_proof(key, b"host", theirs, number))
        except (OSError, EOFError, ValueError):
            return False
        return True

    def introduce(self, key: bytes) -> bool:
        """The client's side: whether the host admitted us and proved itself."""
        mine = secrets.token_bytes(_NUMBER)
        try:
            number = self._short(_NUMBER)
            self._connection.send_bytes(mine + _proof(key, b"client", number, mine))
            return hmac.compare_digest(self._short(_PROOF), _proof(key, b"host", mine, number))
        except (OSError, EOFError, ValueError):
            return False

    def _short(self, length: int) -> bytes:
        if not self._connection.poll(HANDSHAKE_SECONDS):
            raise EOFError("no answer")
        data = self._connection.recv_bytes(length)
        if len(data) != length:
            raise EOFError("too short")
        return data


def _proof(key: bytes, side: bytes, first: bytes, second: bytes) -> bytes:
    return hmac.digest(key, side + first + second, "sha256")


def call_up(address: str, key: bytes) -> Wire:
    """A wire to the host that listens at `address`.

    ConnectionRefusedError or FileNotFoundError where nobody listens, TimeoutError where the other side does not
    answer or does not know `key`.
    """
    wire = Wire(Client(address, family="AF_UNIX" if HERE_IS_POSIX else "AF_PIPE"))
    if wire.introduce(key):
        return wire
    wire.close()
    raise TimeoutError("no handshake")


class Door:
    """Where a host listens: a Unix socket at `address` (mode 0600), or a named pipe of its own on Windows ("").

    The socket's file is left to the registry: a Listener of multiprocessing removes it at a time of its own.
    """

    def __init__(self, address: str) -> None:
        self._closed = False
        self._socket: socket.socket | None = None
        self._listener: Listener | None = None
        if HERE_IS_POSIX:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.bind(address)
            os.chmod(address, 0o600)  # noqa: PTH101 - the folder's 0700 protects it until here
            self._socket.listen(BACKLOG)
            self.address = address
        else:
            self._listener = Listener(family="AF_PIPE")
            self.address = str(self._listener.address)

    def next(self) -> Wire | None:
        """Waits for somebody to call; None when the door was closed."""
        while not self._closed:
            try:
                connection = self._accept()
            except (OSError, EOFError):
                continue  # it went away while it called
            if not self._closed:
                return Wire(connection)
            connection.close()
        for listener in (self._socket, self._listener):
            if listener is not None:
                listener.close()
        return None

    def _accept(self) -> Any:
        if self._socket is not None:
            line, _ = self._socket.accept()
            line.setblocking(True)
            return Connection(line.detach())
        assert self._listener is not None
        return self._listener.accept()

    def close(self) -> None:
        """Wakes the thread that waits in `next`; from another thread."""
        self._closed = True
        try:
            Client(self.address, family="AF_UNIX" if HERE_IS_POSIX else "AF_PIPE").close()
        except OSError:
            pass  # nobody waits
