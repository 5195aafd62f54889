"""Numbered messages: every error class has its own code and headline, and what is not ours is a fault of ours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core import errors
from core.events import JobFailed
from core.messages import Severity, headline, message_for, message_for_failure


def error_classes() -> list[type[errors.ProductError]]:
    found, new = [], [errors.ProductError]
    while new:
        cls = new.pop()
        found.append(cls)
        new.extend(sub for sub in cls.__subclasses__() if sub.__module__.startswith(errors.__name__))
    return found


def test_every_error_class_has_a_code_and_a_headline_of_its_own() -> None:
    classes = error_classes()
    assert len(classes) > 20
    codes = [cls.code for cls in classes]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"PB-\d{3}|2221-\d\d|2173-\d\d", code) for code in codes)
    headlines = [headline(code) for code in codes]
    assert "Unexpected fault" not in headlines
    assert len(set(headlines)) == len(headlines)


def test_an_error_keeps_its_own_words() -> None:
    message = message_for(errors.VciBusy("can0 is in use by pid 4711.", holder="pid 4711"))
    assert (message.code, message.headline, message.text) == ("PB-202", "Device in use", "can0 is in use by pid 4711.")
    assert message.advice and message.severity is Severity.ERROR


@pytest.mark.parametrize("cls", [errors.JobCancelled, errors.PreconditionNotMet])
def test_what_changed_nothing_is_a_warning(cls: type[errors.ProductError]) -> None:
    assert message_for(cls("x")).severity is Severity.WARNING


def test_a_foreign_exception_is_a_fault_of_ours() -> None:
    message = message_for(KeyError("block"))
    assert (message.code, message.headline, message.text) == ("PB-900", "Unexpected fault", "KeyError: 'block'")
    assert message_for(ValueError()).text == "ValueError"
    assert "report" in message.advice


def test_a_failed_job_gives_the_same_message_as_its_error() -> None:
    error = errors.NegativeResponse("ENGINE: refused.", "Wait.", sid=0x36, nrc=0x72)
    fields = (error.name, error.code, error.message, error.advice)
    event = JobFailed(1.0, "flash-1", "flash", "ENGINE", *fields, page=error.page)
    assert message_for_failure(event) == message_for(error)
    assert message_for(error).page == "nrc-0x72"
    assert message_for_failure(JobFailed(1.0, "flash-1", "flash", "ENGINE", *fields)).page == "PB-401"


def test_codes_are_not_used_for_anything_else() -> None:
    source = Path(errors.__file__).read_text(encoding="utf-8")
    assert '"PB-900"' not in source  # reserved for what is no ProductError
