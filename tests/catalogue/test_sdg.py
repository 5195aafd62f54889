"""Special data of our own: values, defaults, and what is said about values that cannot be read."""

from __future__ import annotations

from dataclasses import fields

import pytest

from core.catalogue import sdg
from core.catalogue.model import FlashPolicy
from core.catalogue.sdg import KNOWN_NAMES, POLICY_NAMES, SpecialData, flash_policy
from core.vocabulary import EuroClass


def _data(**values: str) -> SpecialData:
    return SpecialData({name.replace("_", "-"): [text] for name, text in values.items()}, "here")


def test_nothing_gives_the_defaults() -> None:
    assert flash_policy(_data()) == FlashPolicy()
    assert _data().euro_class() is EuroClass.UNKNOWN


def test_every_field_of_the_policy_can_be_said() -> None:
    said = {
        "programming_session": "0x42", "security_level": "5", "security_method": "other", "fingerprint_did": "NONE",
        "precondition_routine": "none", "erase_routine": "0xFF10", "checksum_routine": "0x1",
        "dependency_routine": "NONE",
        "voltage_minimum": "11.5", "voltage_maximum": "16", "resend_on_timeout": "false", "max_block": "0x200",
        "reset_time": "2.5", "resume": "TRUE", "erase_scope": "WHOLE", "erase_form": "Address",
        "checksum_form": "value", "checksum_algorithm": "sha256", "address_format": "0x24", "extended_session": "0x4F",
        "dtc_setting": "FALSE", "communication_control": "FALSE", "clear_dtcs": "FALSE", "keep_alive_interval": "1.5",
        "parallel": "TRUE", "unit_order": "3", "depends_on": "GATEWAY", "allow_override": "TRUE",
        "authentication": "certificates",
    }  # fmt: skip
    assert set(said) == {field.name for field in fields(FlashPolicy)}
    policy = flash_policy(SpecialData({name.replace("_", "-").upper(): [text] for name, text in said.items()}))
    assert policy == FlashPolicy(
        0x42, 5, "other", None, None, 0xFF10, 1, None, 11.5, 16.0, False, 0x200, 2.5, True,
        "whole", "address", "value", "SHA256", 0x24, 0x4F, False, False, False, 1.5,
        True, 3, ("GATEWAY",), True, "certificates",
    )  # fmt: skip
    assert all(getattr(policy, field.name) != getattr(FlashPolicy(), field.name) for field in fields(FlashPolicy))


def test_a_choice_that_does_not_exist_and_a_slow_keep_alive_are_reported() -> None:
    data = _data(ERASE_SCOPE="everything", KEEP_ALIVE_INTERVAL="2.6")
    assert flash_policy(data) == FlashPolicy()
    assert len(data.problems) == 2


@pytest.mark.parametrize(("text", "expected"), [(e.value, e) for e in EuroClass] + [("euro 6", EuroClass.EURO_6)])
def test_emission_classes(text: str, expected: EuroClass) -> None:
    assert _data(EURO_CLASS=text).euro_class() is expected


def test_unreadable_values_fall_back_and_are_reported() -> None:
    data = _data(SECURITY_LEVEL="high", VOLTAGE_MINIMUM="much", RESEND_ON_TIMEOUT="perhaps", EURO_CLASS="EURO 99")
    assert flash_policy(data) == FlashPolicy()
    assert data.euro_class() is EuroClass.UNKNOWN
    assert len(data.problems) == 4 and all("here" in problem for problem in data.problems)


def test_every_name_is_in_the_table() -> None:
    """E.g. a new field of FlashPolicy: the people who write files read this docstring."""
    table = sdg.__doc__ or ""
    assert not [name for name in (*KNOWN_NAMES, *POLICY_NAMES) if name not in table]
