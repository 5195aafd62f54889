"""What the DoIP entity tests share: an entity, what testers send to it, and what it said. No tests."""

from __future__ import annotations

from core.protocol import doip_messages as dm
from core.protocol.doip_entity import Close, DoipEntity, EntityConfig, Output, Send

VIN = "XPBDP12345T000042"
EID = bytes.fromhex("0200c0ffee01")
GATEWAY, ENGINE, BRAKES = 0x1000, 0x1001, 0x1002


def entity(**changes: object) -> DoipEntity:
    values: dict[str, object] = {
        "vin": VIN, "logical_address": GATEWAY, "eid": EID, "units": frozenset({GATEWAY, ENGINE, BRAKES}),
    }  # fmt: skip
    return DoipEntity(EntityConfig(**{**values, **changes}), seed=7)  # type: ignore[arg-type]


def activation(source: int = 0x0E00, kind: int = 0x00, oem: bytes = b"") -> bytes:
    return dm.encode(0x0005, dm.RoutingActivationRequest(source, kind, oem).pack())


def diagnostic(source: int = 0x0E00, target: int = ENGINE, pdu: bytes = b"\x22\xf1\x90") -> bytes:
    return dm.encode(0x8001, dm.diagnostic(source, target, pdu))


def said(outputs: list[Output], connection: object = "A") -> list[tuple[int, bytes]]:
    """(payload type, payload) of all that was sent to one connection."""
    stream = dm.DoipStream()
    data = b"".join(o.data for o in outputs if isinstance(o, Send) and o.connection == connection)
    return [(m.payload_type, m.payload) for m in stream.feed(data) if isinstance(m, dm.Message)]


def codes(outputs: list[Output], connection: object = "A") -> list[int]:
    """The routing activation codes among them."""
    return [dm.RoutingActivationResponse.unpack(p).code for kind, p in said(outputs, connection) if kind == 0x0006]


def closed(outputs: list[Output]) -> list[object]:
    return [o.connection for o in outputs if isinstance(o, Close)]


def activate(gateway: DoipEntity, connection: str = "A", source: int = 0x0E00, now: float = 0.0) -> list[Output]:
    gateway.connected(connection, now)
    gateway.receive(connection, activation(source), now)
    return gateway.outputs()
