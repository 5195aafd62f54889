"""Runs in a network and a mount namespace of its own: `unshare --net --mount python -m tests.pc.isolated PLAN`.

PLAN (JSON) says how the name server answers, which servers listen where, and what is done there: targets that are
checked, or a command that is run. One JSON line comes back. Nothing of it can be seen from outside.
"""

from __future__ import annotations

import fcntl
import json
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict
from typing import Any

SERVER, SERVER6 = "93.184.216.34", "2606:2800:220:1::1"
"""Addresses of the Internet, here on the loopback interface: the check takes local ones for a wrong answer."""
_SIOCSIFFLAGS, _SIOCSIFADDR, _UP = 0x8914, 0x8916, 0x49  # linux/sockios.h; up, running, loopback


def lift_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        fcntl.ioctl(wire, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _UP))
        place = struct.pack("16sHH4s8x", b"lo:1", socket.AF_INET, 0, socket.inet_aton(SERVER))
        fcntl.ioctl(wire, _SIOCSIFADDR, place)
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as wire:
        place = struct.pack("16sIi", socket.inet_pton(socket.AF_INET6, SERVER6), 128, socket.if_nametoindex("lo"))
        fcntl.ioctl(wire, _SIOCSIFADDR, place)


def hide(path: str, text: str) -> None:
    """Another file in the place of this one, for this namespace alone."""
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(text)
        file.flush()
        subprocess.run(["mount", "--bind", file.name, path], check=True)  # what is mounted outlives its name


def listen(place: str, port: int, answer: bytes, files: list[str]) -> None:
    family = socket.AF_INET6 if ":" in place else socket.AF_INET
    listener = socket.create_server((place, port), family=family)
    context = None
    if files:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)

    def serve() -> None:
        while True:
            wire, _ = listener.accept()
            try:
                wire.settimeout(20)
                with context.wrap_socket(wire, server_side=True) if context else wire as safe:
                    if safe.recv(4096):
                        safe.sendall(answer)
            except OSError:
                wire.close()

    threading.Thread(target=serve, daemon=True).start()


def check(plan: dict[str, Any], asked: threading.Event) -> dict[str, Any]:
    from core.pc.network import administrator_page, check_targets
    from core.vocabulary.shop.check import NetworkTarget

    stop = threading.Event()
    if plan.get("cancel"):
        threading.Thread(target=lambda: (asked.wait(60), stop.set()), daemon=True).start()
    targets = [NetworkTarget(*row) for row in plan["targets"]]
    start = time.monotonic()
    rows = check_targets(targets, deadline=plan["deadline"], ca_file=plan["ca_file"], stop=stop)
    spent = time.monotonic() - start
    told = [asdict(row) | {"verdict": row.verdict.value} for row in rows]
    return {"rows": told, "spent": spent, "page": administrator_page(rows, "SHOP-PC", "now")}


def run(command: list[str]) -> dict[str, Any]:
    start = time.monotonic()
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, timeout=100)
    return {"code": done.returncode, "out": done.stdout, "err": done.stderr, "spent": time.monotonic() - start}


def main() -> None:
    from tests.pc.name_server import NameServer

    plan = json.loads(sys.argv[1])
    asked = threading.Event()
    if plan["network"]:
        lift_loopback()
    hide("/etc/nsswitch.conf", "hosts: files dns\n")
    hide("/etc/hosts", "127.0.0.1 localhost\n")
    options = f"options {plan['options']}\n" if plan["options"] else ""
    hide("/etc/resolv.conf", f"nameserver {plan['at']}\n{options}")
    if plan["kind"]:
        asked = NameServer(plan["kind"], plan["addresses"]).asked
    for place, port, answer, files in plan["servers"]:
        listen(place, port, answer.encode(), files)
    print(json.dumps(run(plan["command"]) if plan["command"] else check(plan, asked)))


if __name__ == "__main__":
    main()
