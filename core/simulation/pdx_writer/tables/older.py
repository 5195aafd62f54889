"""The garage's car of the older diagnosis protocol as data: KWP2000 on CAN, small images. All of it invented."""

from __future__ import annotations

from core.simulation.pdx_writer.tables.frames import DAS_FRAMES
from core.simulation.pdx_writer.tables.kinds_body import BODY, CLUSTER
from core.simulation.pdx_writer.tables.kinds_drive import BRAKES, ENGINE
from core.simulation.pdx_writer.tables.model import (
    ACTIVE_WITH_LAMP,
    KWP2000,
    PENDING,
    STORED,
    Can,
    Present,
    Unit,
    Vehicle,
    program_and_data,
)

CAR_DAS = Vehicle(
    "car-das",
    "Older series, KWP2000 on CAN",
    vin="XPBDS2B09A2000623",
    vin_prefix="XPBDS",
    euro_class="EURO 5",
    product_group="passenger cars",
    mileage=193462,
    voltage=13.2,
    frames=DAS_FRAMES,
    units=(
        Unit(
            "ENGINE",
            ENGINE,
            Can(0x7E0, 0x7E8),
            ("PB-ENG-HW-01",),
            "PB 100 027 C",
            "ENG1000811",
            "BL-ENG-02",
            ("0904.10", "0911.04", "0911.07"),
            program_and_data(0x00820000, 0xA000, 0x2000),
            present=(Present("P0299-00", ACTIVE_WITH_LAMP, 6, recurs=4.0), Present("P0401-00", STORED, 3)),
            settings={"max_block_length": 2049},
            protocol=KWP2000,
        ),
        Unit(
            "BRAKES",
            BRAKES,
            Can(0x7E2, 0x7EA),
            ("PB-BRK-HW-01", "PB-BRK-HW-02"),
            "PB 300 115 A",
            "BRK1000340",
            "BL-BRK-02",
            ("0511.00", "0514.02", "0514.03"),
            program_and_data(0x00040000, 0x3000, 0x1000),
            data_format="MOTOROLA-S",
            present=(Present("C0063-00", PENDING),),
            settings={"max_block_length": 1025},
            protocol=KWP2000,
        ),
        Unit(
            "BODY",
            BODY,
            Can(0x7E4, 0x7EC),
            ("PB-BDY-HW-02",),
            "PB 400 012 B",
            "BDY1000098",
            "BL-BDY-01",
            ("1810.00", "1822.06", "1822.09"),
            program_and_data(0x00004000, 0x1800, 0x800),
            data_format="BINARY",
            present=(Present("B1480-00", STORED, 2),),
            settings={"max_block_length": 413},
            protocol=KWP2000,
        ),
        Unit(
            "CLUSTER",
            CLUSTER,
            Can(0x7E6, 0x7EE),
            ("PB-CLU-HW-03",),
            "PB 510 120 A",
            "CLU1000277",
            "BL-CLU-01",
            ("3010.02", "3015.01", "3015.04"),
            program_and_data(0x00C00000, 0x2800, 0x800),
            settings={"max_block_length": 255},
            protocol=KWP2000,
        ),
    ),
)
