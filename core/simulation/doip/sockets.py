"""The sockets of a simulated DoIP entity: where it listens, where its announcements go."""

from __future__ import annotations

import ipaddress
import socket

from core.errors import VciBusy, VciNotFound

BACKLOG = 128  # connections that wait for the thread; a full queue costs a tester a whole second (SYN again)


def listen(host: str, port: int) -> tuple[socket.socket, int]:
    """A listening TCP socket. VciBusy where the port is taken, VciNotFound where the address is not ours."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise VciNotFound(f"{host!r} is no address of this computer: {error}.") from error
    family, kind, _, _, address = found[0]
    sock = socket.socket(family, kind)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise _cannot_bind(host, port, error) from error
    return sock, family


def open_udp(family: int, host: str, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise _cannot_bind(host, port, error) from error
    return sock


def _cannot_bind(host: str, port: int, error: OSError) -> VciBusy | VciNotFound:
    import errno

    if error.errno == errno.EADDRINUSE:
        return VciBusy(f"Port {port} of {host} is in use by another program.", "Choose another port.")
    return VciNotFound(f"The garage cannot listen on {host}, port {port}: {error}.", "Choose another address or port.")


def broadcast_of(host: str) -> str:
    """Where announcements go: on the loopback they stay on it."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "255.255.255.255"
    if address.version == 6:
        return "ff02::1"
    return "127.255.255.255" if address.is_loopback else "255.255.255.255"
