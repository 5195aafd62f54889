"""The garage's independent judges: stock udsoncan clients, and the sequences of a tester that is not ours."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import can
import isotp
import udsoncan
from doipclient import DoIPClient
from doipclient.connectors import DoIPClientUDSConnector
from udsoncan.client import Client
from udsoncan.connections import BaseConnection, PythonIsoTpConnection

from core.protocol.authentication.seed_key import key_for

PROGRAMMING, CODING = 0x11, 0x01


class Raw(udsoncan.DidCodec):
    """Bytes as they are."""

    def encode(self, *values: Any) -> bytes:
        return bytes(values[0])

    def decode(self, payload: bytes) -> bytes:
        return payload

    def __len__(self) -> int:
        raise udsoncan.DidCodec.ReadAllRemainingData


def client_for(connection: BaseConnection) -> Client:
    return Client(
        connection,
        config={
            "data_identifiers": {"default": Raw},
            "security_algo": lambda level, seed, params=None: key_for("passbay-garage", seed, level),
            "request_timeout": None,
            "p2_timeout": 2.0,
            "p2_star_timeout": 6.0,
        },
    )


@contextmanager
def over_can(bus: can.BusABC, tx: int, rx: int) -> Iterator[Client]:
    """udsoncan on can-isotp on a python-can bus."""
    notifier = can.Notifier(bus, [], timeout=0.05)
    address = isotp.Address(isotp.AddressingMode.Normal_11bits, txid=tx, rxid=rx)
    parameters = {"blocking_send": False, "max_frame_size": 1 << 20, "blocksize": 0, "tx_padding": 0xCC}
    stack = isotp.NotifierBasedCanStack(bus, notifier, address=address, params=parameters)
    try:
        with client_for(PythonIsoTpConnection(stack)) as client:
            yield client
    finally:
        notifier.stop()


@contextmanager
def over_doip(host: str, port: int, logical: int) -> Iterator[Client]:
    """udsoncan on doipclient."""
    tester = DoIPClient(host, logical, tcp_port=port, client_logical_address=0x0E80)
    with client_for(DoIPClientUDSConnector(tester, close_connection=True)) as client:
        yield client


def read_text(client: Client, did: int) -> str:
    return client.read_data_by_identifier_first([did]).decode("ascii")


def code(client: Client, did: int, value: bytes) -> None:
    """Write a coding record as any workshop tester does."""
    client.change_session(3)
    client.unlock_security_access(CODING)
    client.write_data_by_identifier(did, value)
    client.change_session(1)


def flash(client: Client, blocks: Mapping[int, bytes]) -> None:
    """The whole sequence of page 3 with stock services, from the default session to the reset."""
    client.change_session(3)
    assert client.start_routine(0x0203).service_data.routine_status_record == b"\0"
    client.control_dtc_setting(2)
    client.communication_control(1, udsoncan.CommunicationType(subnet=0, normal_msg=True))
    client.change_session(2)
    client.unlock_security_access(PROGRAMMING)
    client.write_data_by_identifier(0xF15A, b"JUDGE")
    for address, data in blocks.items():
        span = address.to_bytes(4, "big") + len(data).to_bytes(4, "big")
        assert client.start_routine(0xFF00, b"\x44" + span).service_data.routine_status_record == b"\0"
        location = udsoncan.MemoryLocation(address, len(data), address_format=32, memorysize_format=32)
        download = client.request_download(location, udsoncan.DataFormatIdentifier(0, 0))
        size = download.service_data.max_length - 2
        for number, at in enumerate(range(0, len(data), size), start=1):
            client.transfer_data(number & 0xFF, data[at : at + size])
        client.request_transfer_exit()
        crc = zlib.crc32(data).to_bytes(4, "big")
        assert client.start_routine(0x0202, b"\x44" + span + crc).service_data.routine_status_record == b"\0"
    assert client.start_routine(0xFF01).service_data.routine_status_record == b"\0"
    client.ecu_reset(1)
