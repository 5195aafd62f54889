"""The nouns of Passbay: frozen data without behaviour, shared by every floor. No I/O, no clock."""

from core.vocabulary.bus import (
    Addressing,
    CanAddress,
    CanFrame,
    DoipAddress,
    DoipMessage,
    EcuAddress,
    Transport,
)
from core.vocabulary.devices import DeviceInfo, DeviceKind, DoipEntity
from core.vocabulary.results import (
    CodingChange,
    CodingItemState,
    CodingResult,
    CodingState,
    DataReport,
    DtcReading,
    EnvironmentValue,
    FaultsResult,
    FlashCheck,
    FlashPreview,
    FlashResult,
    SurveyResult,
    UnitState,
    UnitSurvey,
)
from core.vocabulary.vehicle import EuroClass, Vin

__all__ = [
    "Addressing",
    "CanAddress",
    "CanFrame",
    "CodingChange",
    "CodingItemState",
    "CodingResult",
    "CodingState",
    "DataReport",
    "DeviceInfo",
    "DeviceKind",
    "DoipAddress",
    "DoipEntity",
    "DoipMessage",
    "DtcReading",
    "EcuAddress",
    "EnvironmentValue",
    "EuroClass",
    "FaultsResult",
    "FlashCheck",
    "FlashPreview",
    "FlashResult",
    "SurveyResult",
    "Transport",
    "UnitState",
    "UnitSurvey",
    "Vin",
]
