"""Periodic frames of the garage's vehicles on CAN: what the live panel sees between two diagnostic messages."""

from __future__ import annotations

from core.simulation.pdx_writer.tables.model import Frame

OLD_FRAMES = (
    Frame("ENGINE", 0x0C0, 0.02, "00000C3000000000", 7, (2, 3060, 3200, 6.0)),
    Frame("ENGINE", 0x280, 0.02, "001E0000A0000000", 7, (2, 400, 900, 9.0)),
    Frame("ENGINE", 0x288, 0.1, "7F40000000000000", None, (0, 32400, 32640, 60.0)),
    Frame("BRAKES", 0x1A0, 0.02, "0000000000000000", 7),
    Frame("BRAKES", 0x4A0, 0.05, "0000000000000000"),
    Frame("BODY", 0x390, 0.1, "2040000000000000", 7),
    Frame("BODY", 0x470, 0.2, "0102000000000000"),
    Frame("BODY", 0x621, 1.0, "00038A2F00000000", None, (4, 0, 40, 30.0)),
)

DAS_FRAMES = (
    Frame("ENGINE", 0x0C0, 0.02, "00000C3000000000", 7, (2, 3060, 3200, 6.0)),
    Frame("ENGINE", 0x288, 0.1, "7F40000000000000", None, (0, 32400, 32640, 60.0)),
    Frame("BRAKES", 0x1A0, 0.02, "0000000000000000", 7),
    Frame("BODY", 0x390, 0.1, "2040000000000000", 7),
    Frame("CLUSTER", 0x621, 1.0, "0002F1B600000000", None, (4, 0, 40, 30.0)),
)

MIXED_FRAMES = (
    Frame("ENGINE", 0x0C0, 0.01, "00000C3000000000", 7, (2, 3060, 3200, 6.0)),
    Frame("ENGINE", 0x0C8, 0.02, "001E0000A0000000", 7, (2, 400, 900, 9.0)),
    Frame("ENGINE", 0x288, 0.1, "7F40000000000000", None, (0, 32400, 32640, 60.0)),
    Frame("ENGINE", 0x3D0, 0.2, "00FA0CB200000000", None, (2, 3200, 3300, 11.0)),
    Frame("TRANSMISSION", 0x0D8, 0.02, "0100000C18000000", 7, (3, 3040, 3180, 6.0)),
    Frame("TRANSMISSION", 0x440, 0.1, "0062000000000000"),
    Frame("BRAKES", 0x1A0, 0.01, "0000000000000000", 7),
    Frame("BRAKES", 0x1A8, 0.02, "0000000000000000", 7),
    Frame("BRAKES", 0x1F0, 0.02, "FFE6000200000000", 7, (4, 0, 60, 14.0)),
    Frame("BRAKES", 0x4A0, 0.05, "0000000000000000"),
    Frame("BODY", 0x271, 0.1, "0100000000000000", 7),
    Frame("BODY", 0x390, 0.1, "2040000000000000", 7),
    Frame("BODY", 0x3E8, 0.2, "0067019C00000000", None, (2, 380, 460, 20.0)),
    Frame("BODY", 0x470, 0.2, "0102000000000000"),
    Frame("BODY", 0x5D2, 0.5, "0250420000010000"),
    Frame("BODY", 0x621, 1.0, "0000BC5500000000", None, (4, 0, 40, 30.0)),
)

VAN_FRAMES = (
    Frame("ENGINE", 0x0C0, 0.01, "00000C3000000000", 7, (2, 3060, 3200, 6.0)),
    Frame("ENGINE", 0x288, 0.1, "7F40000000000000", None, (0, 32400, 32640, 60.0)),
    Frame("ENGINE", 0x3D0, 0.2, "00FA0CB200000000", None, (2, 3200, 3300, 11.0)),
    Frame("BRAKES", 0x1A0, 0.01, "0000000000000000", 7),
    Frame("BRAKES", 0x1F0, 0.02, "FFE6000200000000", 7, (4, 0, 60, 14.0)),
    Frame("BODY", 0x390, 0.1, "2040000000000000", 7),
    Frame("BODY", 0x470, 0.2, "0102000000000000"),
    Frame("BODY", 0x621, 1.0, "00021D6400000000", None, (4, 0, 40, 30.0)),
)

# 29 bit identifiers as trucks use them: priority, parameter group, source address
TRUCK_FRAMES = (
    Frame("ENGINE", 0x0CF00400, 0.02, "F17D7D0012FFF0FF", None, (3, 4500, 5200, 6.0)),
    Frame("ENGINE", 0x18FEF100, 0.1, "F70000003C00FFFF"),
    Frame("ENGINE", 0x18FEEE00, 1.0, "7A55FFFFFFFFFFFF"),
    Frame("ENGINE", 0x18FEF700, 1.0, "FFFFFFFF2402FFFF", None, (4, 9180, 9260, 20.0)),
    Frame("TRANSMISSION", 0x0CF00203, 0.02, "C00000FF0000FFFF"),
    Frame("TRANSMISSION", 0x18F00503, 0.1, "7D00007D4E20FFFF"),
    Frame("BRAKES", 0x18F0010B, 0.1, "CF0000FFFFFFFFFF"),
    Frame("BRAKES", 0x18FEBF0B, 0.1, "0000000000000000"),
    Frame("BODY", 0x18FEF521, 1.0, "C90020FFFFFFFFFF"),
    Frame("BODY", 0x18FED921, 0.2, "0000000000000000"),
)
