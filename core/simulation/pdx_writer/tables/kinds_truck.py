"""Kinds of units that only trucks have: measurements, trouble codes and coding as data. Own wording."""

from __future__ import annotations

from core.simulation.pdx_writer.tables.kinds_drive import (
    HIGH_SUPPLY,
    LOST_BODY,
    LOST_BRAKES,
    LOST_ENGINE,
    LOW_SUPPLY,
    SPEED,
    SUPPLY,
)
from core.simulation.pdx_writer.tables.model import Kind, Measurement, Option, Record, Trouble

COORDINATOR = Kind(
    "Vehicle coordinator",
    (
        SPEED,
        Measurement("AxleLoad", "Load on the driven axle", 0x1E01, 16, 10, 0, "kg", 742),
        Measurement("RetarderTorque", "Retarder torque", 0x1E02, 16, 1, 0, "Nm", 0),
        Measurement("AirPressure1", "Air pressure, circuit 1", 0x1E03, 8, 0.1, 0, "bar", 98),
        Measurement("AirPressure2", "Air pressure, circuit 2", 0x1E04, 8, 0.1, 0, "bar", 97),
        SUPPLY,
    ),
    (
        Trouble("C1E01-00", "Air pressure of circuit 1 too low", 3),
        Trouble("C1E02-00", "Air pressure of circuit 2 too low", 3),
        Trouble("P1E10-00", "Retarder too hot", 3),
        Trouble("B1E20-13", "Power take-off switch: open circuit", 2),
        Trouble("U1E30-00", "No messages from the trailer", 2),
        LOST_ENGINE,
        LOST_BRAKES,
        LOST_BODY,
        LOW_SUPPLY,
        HIGH_SUPPLY,
    ),
    (
        Record(
            "VehicleSetup",
            "Vehicle set-up",
            0x0100,
            4,
            (
                Option("Axles", "Axles", 0, 0, 3, 3, None, low=2, high=5),
                Option("PowerTakeOff", "Power take-off", 0, 3, 2, 0, None, ("none", "engine", "transmission")),
                Option("TrailerSocket", "Trailer socket", 0, 5, 1, 1, None, ("15 pins", "2 x 7 pins")),
                Option("SpeedLimit", "Speed limiter", 1, 0, 8, 90, 85, low=60, high=90, unit="km/h"),
                Option("RetarderLevels", "Retarder levels", 2, 0, 3, 5, None, low=1, high=6),
                Option("IdleShutdown", "Engine off when idling", 3, 0, 8, 5, 3, low=0, high=60, unit="min"),
            ),
        ),
    ),
)
