"""Independent judges: doipclient's own client, alone and under udsoncan, against our DoIP entity on real sockets."""

from __future__ import annotations

import doipclient
import pytest
import udsoncan
from doipclient.connectors import DoIPClientUDSConnector
from doipclient.messages import DiagnosticPowerModeResponse, RoutingActivationRequest, RoutingActivationResponse
from udsoncan.client import Client

from core.vci.doip.tcp import DoipVci
from core.vocabulary import DoipAddress
from tests.vci.doip_server import EID, VIN, DoipServer, config


def client(server: DoipServer, unit: int = 0x1001, **changes: object) -> doipclient.DoIPClient:
    return doipclient.DoIPClient("127.0.0.1", unit, tcp_port=server.port, udp_port=server.port, **changes)


def test_identification_by_nothing_eid_and_vin() -> None:
    with DoipServer() as server, client(server) as tester:
        for said in (
            tester.request_vehicle_identification(),
            tester.request_vehicle_identification(eid=EID),
            tester.request_vehicle_identification(vin=VIN),
        ):
            assert (said.vin, said.logical_address, said.eid) == (VIN, 0x1000, EID)
            assert said.vin_sync_status == 0


@pytest.mark.parametrize("version", [0x02, 0x03])
def test_activation_diagnosis_and_alive_check_in_both_versions(version: int) -> None:
    with DoipServer() as server, client(server, protocol_version=version) as tester:
        tester.send_diagnostic(b"\x22\xf1\x90")
        assert tester.receive_diagnostic(timeout=5) == b"\x62\x10\x01\xf1\x90"
        tester.send_diagnostic_to_address(0x1002, b"\x3e\x00")
        assert tester.request_alive_check().source_address == 0x1000


def test_activation_with_four_bytes_of_the_makers_own() -> None:
    with DoipServer() as server, client(server, activation_type=None) as tester:
        answer = tester.request_activation(RoutingActivationRequest.ActivationType.Default, vm_specific=0x01020304)
        assert answer.response_code == RoutingActivationResponse.ResponseCode.Success
        assert answer.client_logical_address == 0x0E00


def test_an_unknown_tester_is_refused() -> None:
    with DoipServer() as server:
        tester = client(server, activation_type=None, client_logical_address=0x0123)
        answer = tester.request_activation(RoutingActivationRequest.ActivationType.Default)
        assert answer.response_code == RoutingActivationResponse.ResponseCode.DeniedUnknownSourceAddress
        tester.close()


def test_an_unknown_unit_is_refused() -> None:
    with DoipServer() as server, client(server, unit=0x1234) as tester, pytest.raises(OSError, match="code: 3"):
        tester.send_diagnostic(b"\x3e\x00")


def test_entity_status_and_power_mode() -> None:
    with DoipServer(settings=config(max_sockets=3, node_type=0x01)) as server, client(server) as tester:
        status = tester.request_entity_status()
        assert (status.node_type, status.max_concurrent_sockets, status.currently_open_sockets) == (1, 3, 1)
        assert status.max_data_size == 0x100000
        mode = tester.request_diagnostic_power_mode()
        assert mode.diagnostic_power_mode == DiagnosticPowerModeResponse.DiagnosticPowerMode.Ready


def test_udsoncan_reads_and_transfers_through_it() -> None:
    def unit(address: int, pdu: bytes) -> list[bytes]:
        if pdu[0] == 0x36:
            return [b"\x7f\x36\x78", bytes([0x76, pdu[1]])]
        return [bytes([pdu[0] + 0x40]) + pdu[1:2]]

    with DoipServer(unit) as server, client(server) as tester:
        settings = dict(udsoncan.configs.default_client_config)
        with Client(DoIPClientUDSConnector(tester), config=settings) as uds:
            assert uds.tester_present().positive
            answer = uds.transfer_data(1, bytes(10_000))
            assert answer is not None
            assert answer.positive
        assert server.requests[-1] == (0x1001, b"\x36\x01" + bytes(10_000))


def test_a_foreign_tester_and_ours_share_the_entity() -> None:
    with DoipServer() as server, client(server, client_logical_address=0x0E01) as foreign:
        vci = DoipVci("127.0.0.1", server.port, tap=lambda record: None)
        try:
            link = vci.open_link(DoipAddress(0x1001))
            for _ in range(20):
                foreign.send_diagnostic(b"\x22\x00\x01")
                link.send(b"\x22\x00\x02")
                assert foreign.receive_diagnostic(timeout=5) == b"\x62\x10\x01\x00\x01"
                assert link.receive(float("inf")) == b"\x62\x10\x01\x00\x02"
        finally:
            vci.close()
