"""Kinds of units for body, cabin and networks: measurements, trouble codes and coding as data. Own wording."""

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

OFF_ON = ("off", "on")

LIGHTS = Record(
    "LightsAndLocks",
    "Lights and locks",
    0x0100,
    5,
    (
        Option("DaytimeLight", "Daytime running light", 0, 0, 2, 1, None, ("off", "on", "on, dimmed with indicator")),
        Option("ComingHome", "Light after locking", 0, 2, 1, 1, 0, OFF_ON),
        Option("FogCornering", "Fog light as cornering light", 0, 3, 1, 0, None, OFF_ON),
        Option("IndicatorTip", "Indicator flashes per tip", 1, 0, 3, 3, None, low=1, high=5),
        Option("AutoLock", "Locks when driving off", 1, 4, 2, 1, None, ("off", "from 15 km/h", "from 30 km/h")),
        Option("MirrorFolding", "Mirrors fold when locking", 2, 0, 1, 0, None, OFF_ON),
        Option("Wiper", "Wiper at interval", 2, 1, 2, 1, None, ("interval", "rain sensor", "rain sensor, soft")),
        Option("RearWiper", "Rear wiper on reversing", 2, 3, 1, 1, None, OFF_ON),
        Option("LightDelay", "Cabin light stays on", 3, 0, 8, 20, 20, low=0, high=120, unit="s"),
        Option("BrightnessOffset", "Light sensor threshold", 4, 0, 8, 50, 45, factor=2, low=10, high=100, unit="lx"),
    ),
)

MARKET = Record(
    "Market",
    "Market and warnings",
    0x0101,
    3,
    (
        Option("Country", "Country", 0, 0, 4, 0, None, ("Europe", "Great Britain", "Switzerland", "Japan", "Gulf")),
        Option("SpeedWarning", "Speed warning", 1, 0, 8, 120, 0, low=0, high=250, unit="km/h"),
        Option("BeltWarning", "Belt warning sound", 2, 0, 1, 1, None, OFF_ON),
    ),
)

BODY = Kind(
    "Body control",
    (
        SUPPLY,
        Measurement("OutsideTemperature", "Outside temperature", 0x1A01, 8, 0.5, -40, "°C", 103),
        Measurement("LightSensor", "Light sensor", 0x1A02, 16, 1, 0, "lx", 412),
        Measurement("DimmerPosition", "Instrument dimmer", 0x1A03, 8, 0.5, 0, "%", 160),
    ),
    (
        Trouble("B1041-11", "Low beam left: short to ground", 2),
        Trouble("B1042-11", "Low beam right: short to ground", 2),
        Trouble("B1041-13", "Low beam left: open circuit", 2),
        Trouble("B1042-13", "Low beam right: open circuit", 2),
        Trouble("B1115-13", "Third brake light: open circuit", 2),
        Trouble("B1210-71", "Wiper motor blocked", 2),
        Trouble("B1320-00", "Door lock driver: position implausible", 1),
        Trouble("B1480-00", "Rain and light sensor: no signal", 1),
        LOST_ENGINE,
        LOST_BRAKES,
        LOW_SUPPLY,
        HIGH_SUPPLY,
    ),
    (LIGHTS, MARKET),
)

HEAD_UNIT = Kind(
    "Head unit",
    (
        Measurement("BoardTemperature", "Board temperature", 0x1B01, 8, 1, -40, "°C", 84),
        Measurement("StorageFree", "Free storage", 0x1B02, 16, 0.01, 0, "GB", 2318),
        Measurement("Satellites", "Satellites in view", 0x1B03, 8, 1, 0, "", 9),
        SUPPLY,
    ),
    (
        Trouble("B1A01-13", "Antenna 1: open circuit", 1),
        Trouble("B1A02-11", "Speaker front left: short to ground", 1),
        Trouble("B1A10-00", "Display: no connection", 2),
        Trouble("B1A20-00", "Microphone: no signal", 1),
        Trouble("B1A31-98", "Head unit too hot", 2),
        LOST_BODY,
        LOW_SUPPLY,
    ),
    (
        Record(
            "MediaSetup",
            "Media set-up",
            0x0100,
            3,
            (
                Option("Language", "Language at delivery", 0, 0, 4, 0, None, ("English", "German", "French", "Spanish",
                                                                              "Italian", "Polish")),
                Option("VideoWhileDriving", "Video while driving", 0, 4, 1, 0, None, OFF_ON),
                Option("SpeakerSystem", "Speaker system", 1, 0, 2, 1, None, ("basic", "standard", "surround")),
                Option("StartVolume", "Largest volume at start", 2, 0, 8, 30, 30, low=5, high=60, unit="%"),
            ),
        ),
    ),
)

CLUSTER = Kind(
    "Instrument cluster",
    (
        SPEED,
        Measurement("FuelLevel", "Fuel level", 0x1C01, 8, 0.5, 0, "l", 78),
        Measurement("Odometer", "Odometer", 0x1C02, 32, 0.1, 0, "km", 482130),
        SUPPLY,
    ),
    (
        Trouble("B1C01-00", "Display of the cluster: self test failed", 3),
        Trouble("B1C05-13", "Fuel level sensor: open circuit", 2),
        Trouble("B1C09-00", "Outside temperature: signal implausible", 1),
        LOST_ENGINE,
        LOST_BRAKES,
        LOST_BODY,
    ),
    (
        Record(
            "ClusterSetup",
            "Cluster set-up",
            0x0100,
            2,
            (
                Option("Units", "Units of measure", 0, 0, 1, 0, None, ("metric", "imperial")),
                Option("GearHint", "Gear change hint", 0, 1, 1, 1, None, OFF_ON),
                Option("ServiceInterval", "Service interval", 1, 0, 8, 30, 30, factor=1000, low=5, high=50, unit="km"),
            ),
        ),
    ),
)

GATEWAY = Kind(
    "Gateway",
    (
        SUPPLY,
        Measurement("BusLoad", "Load of the diagnostic bus", 0x1D01, 8, 0.5, 0, "%", 36),
        Measurement("BoardTemperature", "Board temperature", 0x1D02, 8, 1, -40, "°C", 73),
    ),
    (
        Trouble("U0001-88", "Drive bus off", 4),
        Trouble("U0028-00", "Body bus disturbed", 2),
        Trouble("U0146-00", "Gateway: routing table damaged", 3),
        LOST_BODY,
        LOW_SUPPLY,
        HIGH_SUPPLY,
    ),
    (
        Record(
            "NetworkSetup",
            "Network set-up",
            0x0100,
            2,
            (
                Option("TransportMode", "Transport mode", 0, 0, 1, 0, None, OFF_ON),
                Option("WakeUp", "Wake-up by remote", 0, 1, 1, 1, None, OFF_ON),
                Option("SleepDelay", "Networks sleep after", 1, 0, 8, 15, 15, factor=2, low=5, high=60, unit="s"),
            ),
        ),
    ),
)
