"""A DoIP entity that misbehaves to order (ISO 13400-2); without an order it is the plain one. Owns no socket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.protocol import doip_messages as dm
from core.protocol.doip_entity import DoipEntity, EntityConfig
from core.protocol.doip_messages import Activation
from core.simulation.misbehaviour.orders import UnitFaults

SECOND_TESTER = "second tester"
"""Name of the connection that nobody holds; what is sent to it goes nowhere."""
NOT_READY, READY = 0x00, 0x01  # diagnostic power mode, ISO 13400-2, table 9
NACKS = {f"nack-{code:02x}": code for code in range(0x02, 0x09)}
DENIALS = {f"activation-{code:02x}": Activation(code) for code in range(0x07)}
TRANSFER_DATA = 0x36


class FaultyEntity(DoipEntity):
    """DoipEntity with the orders for the vehicle (`faults`) and for the units behind it, by logical address."""

    def __init__(self, config: EntityConfig, faults: UnitFaults, units: Mapping[int, UnitFaults]) -> None:
        super().__init__(config)
        self._faults, self._units = faults, units

    def appear(self, source: int, now: float) -> None:
        """A second tester asks for routing with the address of the first one (9.4: alive check at that one)."""
        request = dm.RoutingActivationRequest(source, 0x00)
        self.connected(SECOND_TESTER, now)
        self.receive(SECOND_TESTER, dm.encode(dm.PayloadType.ROUTING_ACTIVATION_REQUEST, request.pack()), now)

    def datagram(self, data: bytes, address: Any, now: float) -> None:
        self.power_mode = NOT_READY if self._faults.any and self._faults.strikes("power-mode-0") else READY
        super().datagram(data, address, now)

    def _refusal(self, socket: Any, request: dm.RoutingActivationRequest) -> Activation | None:
        denied = self._faults.first(DENIALS) if self._faults.any and socket.connection != SECOND_TESTER else ""
        return DENIALS[denied] if denied else super()._refusal(socket, request)

    def _on_diagnostic(self, socket: Any, payload: bytes, now: float) -> None:
        target = int.from_bytes(payload[2:4], "big")
        unit = self._units.get(target)
        nack = unit.first(NACKS) if unit is not None and unit.any and payload[4:5] == bytes([TRANSFER_DATA]) else ""
        if not nack:
            super()._on_diagnostic(socket, payload, now)
            return
        self.set_nack(target, NACKS[nack])
        try:
            super()._on_diagnostic(socket, payload, now)
        finally:
            self.set_nack(target, None)
