"""TLS under a DoIP connection (ISO 13400-2:2019, TLS on port 3496): trust, the record layer in memory, its socket.

DoIP servers have no host names: what is verified is that the chain ends in a trusted root. Both ends of a simulated
vehicle use the same record layer.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import DataInvalid, NoResponse, RoutingDenied, VciLost
from core.protocol.doip_messages import Activation
from core.vocabulary.cleaning import clean

HANDSHAKE_LIMIT = 3.0  # seconds
_PROTOCOL = re.compile(r"^(tls|ssl)v[0-9]+ alert ")
_RECORD = 16 * 1024  # bytes of plain text in a TLS record at most
_READ = 64 * 1024
ROOTS_ADVICE = 'Name the roots of the vehicle\'s maker in the settings: [devices] doip_roots = "FILE.pem".'
OWN_ADVICE = 'Name your certificate with its key in the settings: [devices] doip_certificate = "FILE.pem".'


@dataclass(frozen=True, slots=True)
class TlsTrust:
    """Whom a tester believes and how it proves itself. `roots` are PEM files or folders of them; `certificate` is a
    PEM file with the own chain and its key. `verify` False takes any server: the connection is secret, the other end
    unknown. `port` is where TLS is spoken."""

    roots: tuple[Path, ...] = ()
    certificate: Path | None = None
    verify: bool = True
    port: int = 3496


class TlsBroken(ConnectionError):
    """The record layer itself has ended the connection: an alert of the other side, or bytes that are no TLS."""


class TlsLayer:
    """One end's record layer: bytes of the network in, plain text out, and the other way. No I/O, not thread safe."""

    def __init__(self, context: ssl.SSLContext, *, server_side: bool = False) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_side=server_side)
        self.established = False
        self.ended = False  # the other side has said goodbye

    def receive(self, data: bytes) -> bytes:
        """What the bytes hold; the handshake goes on by itself. ssl.SSLError where they are no TLS or no trust."""
        if data:
            self._incoming.write(data)
        pieces = []
        try:
            if not self.established:
                self._object.do_handshake()
                self.established = True
            while piece := self._object.read(_READ):
                pieces.append(piece)
            self.ended = True
        except ssl.SSLWantReadError:
            pass
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            self.ended = True
        return b"".join(pieces)

    def encrypt(self, data: bytes) -> None:
        """From then on it is part of `to_send`."""
        self._object.write(data)

    def to_send(self) -> bytes:
        """What goes to the network; handed out once."""
        return self._outgoing.read()

    def goodbye(self) -> None:
        """close_notify, as far as that is possible without waiting."""
        try:
            self._object.unwrap()
        except (ssl.SSLError, ValueError):
            pass

    @property
    def version(self) -> str:
        return self._object.version() or ""

    @property
    def peer(self) -> dict[str, Any]:
        """The other side's certificate in words of the ssl module; empty where it was not verified."""
        return dict(self._object.getpeercert() or {})


class TlsSocket:
    """The part of a socket that `DoipConnection` uses, with TLS between: one reader and one writer at a time."""

    def __init__(self, sock: socket.socket, layer: TlsLayer) -> None:
        self._socket, self.layer = sock, layer
        self._lock = threading.Lock()
        self._pending = b""
        for name in ("fileno", "setsockopt", "setblocking", "settimeout"):
            setattr(self, name, getattr(sock, name))

    def recv(self, size: int, flags: int = 0) -> bytes:
        """As of a socket. BlockingIOError where what came was not yet a whole record."""
        data = self._socket.recv(max(size, _READ), flags)
        with self._lock:
            try:
                plain = self.layer.receive(data)
            except ssl.SSLError as error:
                raise TlsBroken(_alert(error)) from error
            self._send_pending(self.layer.to_send())
            if plain or not data or self.layer.ended:
                return plain
        raise BlockingIOError

    def sendmsg(self, pieces: Sequence[bytes | memoryview], ancillary: Any = (), flags: int = 0) -> int:
        """How much was taken: a record of which a part has not gone yet counts, and goes before the next."""
        return self._send(b"".join(pieces), flags)

    def send(self, data: bytes) -> int:
        return self._send(data, 0)

    def flush(self) -> None:
        """What is left of the last record."""
        if self._pending:
            with self._lock:
                self._send_pending(b"")

    def shutdown(self, how: int) -> None:
        with self._lock:
            self.layer.goodbye()
            try:
                self._send_pending(self.layer.to_send())
            except OSError:
                pass
        self._socket.shutdown(how)

    def close(self) -> None:
        self._socket.close()

    def _send(self, data: bytes, flags: int) -> int:
        with self._lock:
            self._send_pending(b"", flags)
            at = 0
            while at < len(data) and not self._pending:
                self.layer.encrypt(data[at : at + _RECORD])
                at += len(data[at : at + _RECORD])
                self._send_pending(self.layer.to_send(), flags)
            return at

    def _send_pending(self, more: bytes, flags: int = getattr(socket, "MSG_DONTWAIT", 0)) -> None:
        self._pending += more
        try:
            while self._pending:
                self._pending = self._pending[self._socket.send(self._pending, flags) :]
        except (BlockingIOError, TimeoutError, InterruptedError):
            pass


def connect_tls(sock: socket.socket, trust: TlsTrust, channel: str) -> TlsSocket:
    """The handshake; an entity says nothing before it is asked.

    RoutingDenied where the server is not trusted or does not trust us, NoResponse, VciLost, DataInvalid.
    """
    layer = TlsLayer(client_context(trust))
    until = time.monotonic() + HANDSHAKE_LIMIT
    try:
        while not layer.established:
            layer.receive(b"")
            sock.sendall(layer.to_send())
            if layer.established:
                break
            sock.settimeout(max(0.001, until - time.monotonic()))
            data = sock.recv(_READ)
            if not data:
                raise VciLost(f"the DoIP entity {channel} closed the connection during the TLS handshake", OWN_ADVICE)
            layer.receive(data)
        sock.sendall(layer.to_send())
    except ssl.SSLCertVerificationError as error:
        raise RoutingDenied(
            f"the certificate of the DoIP entity {channel} is not trusted: {clean(error.verify_message, 80)}",
            ROOTS_ADVICE, denial_code=Activation.TLS_REQUIRED,
        ) from error  # fmt: skip
    except ssl.SSLError as error:
        raise RoutingDenied(
            f"the DoIP entity {channel} refused the TLS connection: {_alert(error)}", OWN_ADVICE,
            denial_code=Activation.TLS_REQUIRED,
        ) from error  # fmt: skip
    except TimeoutError as error:
        raise NoResponse(f"the DoIP entity {channel} did not end the TLS handshake", timer="TLS") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise VciLost(f"the connection to {channel} broke during the TLS handshake: {reason}") from error
    return TlsSocket(sock, layer)


def client_context(trust: TlsTrust) -> ssl.SSLContext:
    """DataInvalid for files that are no certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False  # a vehicle has an address of the moment and no name
    context.verify_mode = ssl.CERT_REQUIRED if trust.verify else ssl.CERT_NONE
    for path in trust.roots:
        for file in sorted(path.glob("*.pem")) if path.is_dir() else [path]:
            try:
                context.load_verify_locations(file)
            except (OSError, ssl.SSLError) as error:
                raise DataInvalid(f"{file} holds no certificates to trust: {error}.", ROOTS_ADVICE) from error
    if trust.certificate is not None:
        load_own(context, trust.certificate)
    return context


def load_own(context: ssl.SSLContext, file: Path) -> None:
    """DataInvalid where it does not hold a chain and its key."""
    try:
        context.load_cert_chain(file)
    except (OSError, ssl.SSLError) as error:
        raise DataInvalid(f"{file} holds no certificate with its key: {error}.", OWN_ADVICE) from error


def _alert(error: ssl.SSLError) -> str:
    words = (error.reason or str(error)).replace("_", " ").lower()
    return clean(_PROTOCOL.sub("", words), 80)
