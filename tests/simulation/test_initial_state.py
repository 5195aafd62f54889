"""The TOML of a garage vehicle: read as described, and every mistake named with file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import DataInvalid
from core.simulation.initial_state import SecurityLevel, parse_initial_state, read_initial_state
from tests.simulation.support import TOML, VIN

HEAD = f'vin = "{VIN}"\n'


def test_everything_is_read() -> None:
    state = parse_initial_state(TOML + '[units.DOOR.security.21]\ndelay = 5\nmethod = "own"\n', "x.toml")
    body = state.unit("BODY")
    assert (state.vin, state.voltage, body.hardware, body.max_block_length) == (VIN, 12.6, "HW-1", 258)
    assert body.variant == {0xF100: b"\x01"} and body.idents == {0xF18C: b"SN-BODY"} and body.fingerprint_did == 0xF15A
    assert body.dtcs[0].snapshots == {1: bytes.fromhex("01F40C0C80")} and body.dtcs[0].recurs == 2.0
    assert body.timing.reset_time == 0.05 and state.unit("DOOR").fingerprint_did is None
    assert state.unit("DOOR").security[0x21] == SecurityLevel("own", 5.0) and 0x11 in state.unit("DOOR").security
    assert [frame.identifier for frame in state.broadcast] == [0x390, 0x470] and state.broadcast[0].counter == 7
    assert state.unit("UNKNOWN").hardware == ""


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("vin = 'SHORT'", "vin"),
        (HEAD + "voltage = 'high'", "voltage"),
        (HEAD + "voltge = 12.0", "voltge"),
        (HEAD + "units = 3", "units"),
        (HEAD + "[units.A]\nhardware = 5", "units.A.hardware"),
        (HEAD + "[units.A]\nhardware = 'longer than 16 characters'", "units.A.hardware"),
        (HEAD + "[units.A.data]\nF40C = 'xyz'", "units.A.data.F40C"),
        (HEAD + "[units.A.data]\nF4 = '00'", "units.A.data.F4"),
        (HEAD + "[[units.A.dtcs]]\ncode = '12'", "units.A.dtcs[0].code"),
        (HEAD + "[units.A.timing]\nreset = 1.0", "units.A.timing.reset"),
        (HEAD + "[[broadcast]]\nid = 0x20000000", "broadcast[0].id"),
        (HEAD + "[[broadcast]]\nid = 1\ncycle = 0.0", "broadcast[0].id"),
        (HEAD + "[[broadcast]]\nid = 1\ndata = '00'\ncounter = 1", "broadcast[0].counter"),
        (HEAD + "broadcast = 7", "broadcast"),
    ],
)
def test_a_mistake_is_named(text: str, place: str) -> None:
    with pytest.raises(DataInvalid) as caught:
        parse_initial_state(text, "x.toml")
    assert caught.value.place == place and "x.toml" in caught.value.message and place in caught.value.message


def test_no_toml_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match="not valid TOML"):
        parse_initial_state("vin = ", "x.toml")
    with pytest.raises(DataInvalid, match="cannot be read"):
        read_initial_state(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(DataInvalid, match="cannot be read"):
        read_initial_state(tmp_path / "bad.toml")
