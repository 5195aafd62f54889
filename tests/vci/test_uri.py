"""The names of VCIs: what is understood, and that anything else is refused with an example."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import UsageError
from core.vci.uri import VciUri
from core.vocabulary import DeviceKind


def test_simulation() -> None:
    uri = VciUri.parse(" sim:car-mixed ")
    assert (uri.kind, uri.vehicle, str(uri)) == (DeviceKind.SIMULATION, "car-mixed", "sim:car-mixed")


def test_can_with_everything() -> None:
    uri = VciUri.parse("can:socketcan/can0?bitrate=250000&fd=1&port=43113&rate=1.5&listen=no&name=a%20b&mask=0x7F")
    assert (uri.kind, uri.interface, uri.channel) == (DeviceKind.CAN, "socketcan", "can0")
    assert (uri.bitrate, uri.fd, uri.doip_host) == (250_000, True, "")
    assert uri.options == {"port": 43113, "rate": 1.5, "listen": False, "name": "a b", "mask": 0x7F}


def test_can_defaults_and_odd_channels() -> None:
    assert (VciUri.parse("can:virtual").channel, VciUri.parse("can:virtual").bitrate) == ("", 500_000)
    assert VciUri.parse("can:slcan//dev/ttyACM0@115200").channel == "/dev/ttyACM0@115200"
    assert VciUri.parse("can:udp_multicast/ff15::6173?port=1").channel == "ff15::6173"


def test_a_device_that_does_both() -> None:
    uri = VciUri.parse("can:pcan/PCAN_USBBUS1?doip=[fe80::1]:13401&source=0x0e01")
    assert (uri.interface, uri.doip_host, uri.doip_port, uri.source) == ("pcan", "fe80::1", 13401, 0x0E01)
    assert uri.options == {}


@pytest.mark.parametrize(
    ("text", "host", "port", "source"),
    [
        ("doip://192.168.10.2", "192.168.10.2", 13400, 0x0E00),
        ("doip://192.168.10.2:13401?source=0x0e80", "192.168.10.2", 13401, 0x0E80),
        ("doip://[::1]:5000/", "::1", 5000, 0x0E00),
        ("DOIP://gateway.local", "gateway.local", 13400, 0x0E00),
    ],
)
def test_doip(text: str, host: str, port: int, source: int) -> None:
    uri = VciUri.parse(text)
    assert (uri.kind, uri.doip_host, uri.doip_port, uri.source) == (DeviceKind.DOIP, host, port, source)


@pytest.mark.parametrize(
    "text",
    [
        "", "car-mixed", "usb:x", "sim:", "sim:../x", "sim:a b", "sim:x?y=1", "can:", "can:/can0", "can:a b/c",
        "can:x/y?bitrate", "can:x/y?bitrate=fast", "can:x/y?bitrate=0", "can:x/y?fd=2", "can:x/y?a=1&a=2",
        "can:x/y?interface=z", "can:x/y?channel=z", "can:x/y?__class__.x=1", "can:x/y?doip=", "can:x/y?doip=[::1",
        "doip:host", "doip://", "doip://:5", "doip://host:99999", "doip://host:0", "doip://host:x", "doip://a@b",
        "doip://host/path", "doip://host?x=1", "doip://host?source=0", "doip://host?source=0x10000", "doip://[::1",
        "doip://host#x", "doip://host?source=abc",
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        VciUri.parse(text)
    assert "sim:car-mixed" in caught.value.advice


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["", "sim:", "can:", "doip://", "can:x/y?"]), st.text(max_size=40))
def test_no_text_breaks_it(start: str, text: str) -> None:
    try:
        uri = VciUri.parse(start + text)
    except UsageError:
        return
    assert uri.text == (start + text).strip()


def test_faults_are_ordered_in_the_name_of_a_simulation() -> None:
    uri = VciUri.parse("sim:car-mixed?fault=lost-76@5&fault=BODY:nrc-31")
    assert (uri.vehicle, uri.faults) == ("car-mixed", ("lost-76@5", "BODY:nrc-31"))
    assert VciUri.parse("sim:van").faults == ()


@pytest.mark.parametrize("text", ["sim:van?", "sim:van?x=1", "sim:van?fault", "sim:?fault=silence", "sim:van?fault=a&"])
def test_garbled_parameters_of_a_simulation(text: str) -> None:
    if text == "sim:van?":
        assert VciUri.parse(text).faults == ()
        return
    with pytest.raises(UsageError):
        VciUri.parse(text)


def test_a_very_long_text_is_shown_in_short() -> None:
    with pytest.raises(UsageError) as caught:
        VciUri.parse("sim:" + "a" * 100_000)
    assert len(caught.value.message) < 250


def test_tls_and_helper() -> None:
    plain = VciUri.parse("doip://10.0.0.1")
    assert (plain.tls, plain.tls_port, plain.verify) == ("", 3496, True)
    told = VciUri.parse("doip://10.0.0.1:13401?tls=yes&tls_port=3497&verify=no&source=0x0e80")
    assert (told.tls, told.tls_port, told.verify, told.source) == ("yes", 3497, False, 0x0E80)
    beside = VciUri.parse("can:socketcan/can0?doip=10.0.0.1&tls=yes&receive_own_messages=1")
    assert (beside.tls, beside.options) == ("yes", {"receive_own_messages": 1})
    assert VciUri.parse("can:socketcan/can0?tls=1").options == {"tls": 1}, "without DoIP it is the driver's word"
    assert VciUri.parse("sim:car-doip?tls=client&fault=lost-76@4").tls == "client"
    assert VciUri.parse("j2534:Box?helper=yes").options == {"helper": True}
    for text in (
        "doip://h?tls=maybe", "doip://h?tls_port=0", "doip://h?verify=2", "sim:car-doip?tls=no", "j2534:Box?helper=x",
        "j2534:Box?tls=yes",
    ):  # fmt: skip
        with pytest.raises(UsageError):
            VciUri.parse(text)
