"""One DoIP entity under examination: routing activation, TLS, what it says of itself, how long a round trip takes."""

from __future__ import annotations

import statistics
import time
from typing import Any

from core.vci.doip.tcp import DoipVci
from core.vci.doip.tls import TlsTrust
from core.vci.uri import VciUri
from core.vocabulary.cleaning import clean

ROUNDS = 20
NODE_TYPES = {0x00: "gateway", 0x01: "node"}
POWER_MODES = {0x00: "not ready", 0x01: "ready", 0x02: "not supported"}
NO_VOLTAGE = "DoIP has no way to measure the supply voltage: check it with a meter before flashing."
NO_UDP = "The entity says nothing of itself over UDP: its message size is not known before the first message."


def examine_doip(uri: VciUri, trust: TlsTrust) -> dict[str, Any]:
    """ProductError where it cannot be reached, or refuses the tester."""
    vci = DoipVci(
        uri.doip_host, uri.doip_port, source=uri.source, tap=lambda seen: None, secure=bool(uri.tls),
        trust=lambda: trust,
    )  # fmt: skip
    try:
        vin, status, identification = vci.vin_hint(), vci.entity_status, vci.identification
        mode = vci.power_mode()
        times = _round_trips(vci)
        abilities = {"TLS": "yes" if vci.secure else "not asked for", "power mode": POWER_MODES.get(mode or 0, "?")}
        if mode is None:
            abilities["power mode"] = "not told"
        if status is not None:
            abilities["node"] = NODE_TYPES.get(status.node_type, f"type {status.node_type:#04x}")
            abilities["testers"] = f"{status.open_sockets} of {status.max_sockets}"
            abilities["largest message"] = str(vci.max_pdu)
        eid = identification.eid.hex().upper() if identification is not None else ""
        return {
            "problem": "", "advice": "", "firmware": "", "library_version": "", "api": "ISO 13400-2", "serial": eid,
            "vin": clean(vin, 17), "address": vci.entity_address, "voltage": None, "abilities": abilities,
            "limits": [NO_VOLTAGE, *([NO_UDP] if status is None else [])],
            "loopback": "yes" if times else "the entity answers no status request over UDP",
            **({"latency_ms": round(statistics.median(times) * 1000, 3)} if times else {}),
        }  # fmt: skip
    finally:
        vci.close()


def _round_trips(vci: DoipVci) -> list[float]:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        if vci.power_mode() is None:
            return []
        times.append(time.perf_counter() - began)
    return times
