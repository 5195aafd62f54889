"""Kinds of units that drive, shift and stop the car: measurements, trouble codes and coding as data. Own wording."""

from __future__ import annotations

from core.simulation.pdx_writer.tables.model import Kind, Measurement, Option, Record, Trouble

SUPPLY = Measurement("SupplyVoltage", "Supply voltage", 0xF442, 16, 0.001, 0, "V", 13400)
SPEED = Measurement("VehicleSpeed", "Vehicle speed", 0xF40D, 8, 1, 0, "km/h", 0)
ENGINE_SPEED = Measurement("EngineSpeed", "Engine speed", 0xF40C, 16, 0.25, 0, "1/min", 3120)
COOLANT = Measurement("CoolantTemperature", "Coolant temperature", 0xF405, 8, 1, -40, "°C", 127)

LOST_ENGINE = Trouble("U0100-00", "No messages from the engine control unit", 3)
LOST_BRAKES = Trouble("U0121-00", "No messages from the brake control unit", 3)
LOST_BODY = Trouble("U0140-00", "No messages from the body control unit", 2)
LOW_SUPPLY = Trouble("U3003-16", "Supply voltage below its limit", 2)
HIGH_SUPPLY = Trouble("U3003-17", "Supply voltage above its limit", 2)

ENGINE = Kind(
    "Engine control",
    (
        ENGINE_SPEED,
        COOLANT,
        SPEED,
        SUPPLY,
        Measurement("IntakeAirTemperature", "Intake air temperature", 0xF40F, 8, 1, -40, "°C", 64),
        Measurement("EngineLoad", "Calculated engine load", 0xF404, 8, 0.392157, 0, "%", 48),
        Measurement("RailPressure", "Fuel rail pressure", 0xF423, 16, 10, 0, "kPa", 3250),
        Measurement("InjectionTiming", "Injection timing", 0xF45D, 16, 0.0078125, -210, "°", 27648),
    ),
    (
        Trouble("P0101-00", "Air mass meter: signal out of range", 2),
        Trouble("P0117-11", "Coolant temperature sensor: short to ground", 2),
        Trouble("P0171-00", "Mixture too lean, bank 1", 2),
        Trouble("P0299-00", "Charge pressure too low", 2),
        Trouble("P0300-00", "Misfire on several cylinders", 3),
        Trouble("P0301-00", "Cylinder 1: misfire", 3),
        Trouble("P0302-00", "Cylinder 2: misfire", 3),
        Trouble("P0335-00", "Crankshaft position sensor: no signal", 4),
        Trouble("P0401-00", "Exhaust gas recirculation: flow too low", 2),
        Trouble("P0420-00", "Catalytic converter: efficiency too low", 2),
        Trouble("P0562-00", "Supply voltage of the engine control too low", 2),
        Trouble("P2002-00", "Particulate filter: efficiency below its limit", 3),
        LOST_BRAKES,
        Trouble("U0101-00", "No messages from the transmission control unit", 3),
    ),
    (
        Record(
            "EngineSetup",
            "Engine set-up",
            0x0100,
            4,
            (
                Option("StartStop", "Start/stop function", 0, 0, 2, 1, None, ("off", "on", "off after each start")),
                Option("IdleSpeed", "Idle speed", 1, 0, 8, 80, 80, factor=10, low=65, high=110, unit="1/min"),
                Option("SpeedLimit", "Top speed limit", 2, 0, 8, 250, 250, low=30, high=250, unit="km/h"),
                Option("FuelGrade", "Fuel grade", 3, 0, 3, 1, None, ("RON 91", "RON 95", "RON 98")),
            ),
        ),
    ),
)

TRANSMISSION = Kind(
    "Transmission control",
    (
        Measurement("OilTemperature", "Transmission oil temperature", 0x1601, 8, 1, -40, "°C", 98),
        Measurement("InputSpeed", "Input shaft speed", 0x1602, 16, 0.25, 0, "1/min", 3096),
        Measurement("OutputSpeed", "Output shaft speed", 0x1603, 16, 0.25, 0, "1/min", 0),
        Measurement("Gear", "Gear engaged", 0x1604, 8, 1, -1, "", 1),
        SUPPLY,
    ),
    (
        Trouble("P0700-00", "Transmission control: fault stored", 2),
        Trouble("P0705-00", "Selector lever position: signal implausible", 3),
        Trouble("P0711-00", "Transmission oil temperature: signal implausible", 2),
        Trouble("P0715-00", "Input shaft speed sensor: no signal", 3),
        Trouble("P0730-00", "Gear ratio implausible", 3),
        Trouble("P0741-00", "Torque converter clutch slips", 2),
        LOST_ENGINE,
        LOST_BRAKES,
    ),
    (
        Record(
            "ShiftSetup",
            "Shift set-up",
            0x0100,
            3,
            (
                Option("ShiftProgram", "Shift program after start", 0, 0, 2, 0, None, ("comfort", "sport", "eco")),
                Option("Creep", "Creeps when the brake is released", 0, 4, 1, 1, None, ("off", "on")),
                Option("ClutchWear", "Clutch adaptation", 1, 0, 16, 1000, 1042, factor=0.1, low=0, high=2000, unit="%"),
            ),
        ),
    ),
)

BRAKES = Kind(
    "Brake and stability control",
    (
        SPEED,
        Measurement("BrakePressure", "Brake pressure", 0x1701, 16, 0.1, 0, "bar", 0),
        Measurement("SteeringAngle", "Steering angle", 0x1702, 16, 0.1, 0, "°", 0xFFE6, True),
        Measurement("YawRate", "Yaw rate", 0x1703, 16, 0.01, 0, "°/s", 2, True),
        Measurement("PadWear", "Brake pad wear", 0x1704, 8, 0.5, 0, "%", 74),
        SUPPLY,
    ),
    (
        Trouble("C0031-00", "Wheel speed sensor front left: signal implausible", 3),
        Trouble("C0034-00", "Wheel speed sensor front right: signal implausible", 3),
        Trouble("C0037-00", "Wheel speed sensor rear left: signal implausible", 3),
        Trouble("C003A-00", "Wheel speed sensor rear right: signal implausible", 3),
        Trouble("C0044-1F", "Brake pressure sensor: intermittent", 3),
        Trouble("C0051-54", "Steering angle sensor: calibration missing", 2),
        Trouble("C0063-00", "Yaw rate sensor: signal implausible", 3),
        LOST_ENGINE,
        LOW_SUPPLY,
    ),
    (
        Record(
            "BrakeSetup",
            "Brake set-up",
            0x0100,
            2,
            (
                Option("HillHold", "Hill hold", 0, 0, 1, 1, None, ("off", "on")),
                Option("TyreWatch", "Tyre pressure watch", 0, 1, 2, 1, None, ("off", "indirect", "with sensors")),
                Option("WheelSize", "Wheel circumference", 1, 0, 8, 48, 52, factor=5, offset=1700, low=0, high=120,
                       unit="mm"),
            ),
        ),
    ),
)

DRIVE = Kind(
    "Electric drive",
    (
        Measurement("MotorSpeed", "Motor speed", 0x1801, 16, 1, -20000, "1/min", 20000),
        Measurement("BatteryVoltage", "Traction battery voltage", 0x1802, 16, 0.1, 0, "V", 3874),
        Measurement("BatteryCurrent", "Traction battery current", 0x1803, 16, 0.1, 0, "A", 0xFFEC, True),
        Measurement("StateOfCharge", "State of charge", 0x1804, 8, 0.5, 0, "%", 143),
        Measurement("InverterTemperature", "Inverter temperature", 0x1805, 8, 1, -40, "°C", 71),
        SPEED,
        SUPPLY,
    ),
    (
        Trouble("P0A0D-00", "High voltage interlock open", 4),
        Trouble("P0A1B-00", "Drive motor control: internal fault", 4),
        Trouble("P0A3C-00", "Inverter too hot", 3),
        Trouble("P0A7F-00", "Traction battery worn", 2),
        Trouble("P0AA6-00", "High voltage insulation too low", 4),
        Trouble("P0C73-00", "Coolant pump of the power electronics: no flow", 3),
        LOST_BRAKES,
        LOW_SUPPLY,
    ),
    (
        Record(
            "DriveSetup",
            "Drive set-up",
            0x0100,
            3,
            (
                Option("Recuperation", "Recuperation after start", 0, 0, 2, 1, None, ("low", "normal", "strong")),
                Option("ChargeLimit", "Charge limit", 1, 0, 8, 100, 80, low=50, high=100, unit="%"),
                Option("ChargeCurrent", "Largest charging current", 2, 0, 8, 32, 32, low=6, high=48, unit="A"),
            ),
        ),
    ),
)

DRIVER_ASSIST = Kind(
    "Driver assistance",
    (
        Measurement("DistanceAhead", "Distance to the object ahead", 0x1901, 16, 0.01, 0, "m", 0),
        Measurement("CameraTemperature", "Camera temperature", 0x1902, 8, 1, -40, "°C", 78),
        SPEED,
        SUPPLY,
    ),
    (
        Trouble("C1001-00", "Front camera: no picture", 3),
        Trouble("C1001-78", "Front camera: out of alignment", 2),
        Trouble("C1002-00", "Front radar: no signal", 3),
        Trouble("C1002-78", "Front radar: out of alignment", 2),
        Trouble("B1421-00", "Camera window dirty or iced", 1),
        LOST_BRAKES,
        Trouble("U0126-00", "No messages from the steering angle sensor", 2),
    ),
    (
        Record(
            "AssistSetup",
            "Assistance set-up",
            0x0100,
            2,
            (
                Option("LaneWarning", "Lane warning", 0, 0, 2, 1, None, ("off", "vibration", "sound")),
                Option("DistanceWarning", "Distance warning", 0, 2, 1, 1, None, ("off", "on")),
                Option("TrafficSide", "Side of the road", 0, 3, 1, 0, None, ("right", "left")),
                Option("WarningTime", "Warning time", 1, 0, 8, 18, 18, factor=0.1, low=10, high=30, unit="s"),
            ),
        ),
    ),
)
