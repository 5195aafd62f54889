"""`passbay explain`: what a code or timer means, step by step, without any vehicle. Reads nothing."""

from __future__ import annotations

import re

from core.diagnosis.explain import reasons
from core.diagnosis.explain.reasons import DENIED_CODES, TIMERS, Reason
from core.diagnosis.explain.steps import BY_NAME, STEPS, StepWords, step_of
from core.diagnosis.explain.words import compose
from core.errors import UsageError
from core.protocol import nrc
from core.protocol.dialect import dialect_of
from core.protocol.kwp2000 import nrc as kwp_nrc
from core.protocol.kwp2000 import services as kwp_services
from core.vocabulary import KWP2000, UDS
from core.vocabulary.results import ExplainedStep
from core.vocabulary.saying import Say, english, filled
from core.vocabulary.services import SERVICE_NAMES

OF_TIMER = "Timer {0}: {1}."
OF_GATEWAY = "DoIP, {0}: {1}."
NOT_NAMED = "The standard does not name this code."
EXAMPLES = "E.g. 0x31, 31, requestOutOfRange, N_Bs, P2*, routing:03, nack:06, header:02, kwp:40."
_KWP = "kwp"
_PREFIXES = {"routing": "activation", "nack": "message", "header": "header"}
STEPS_OF_SERVICE: dict[int, tuple[str, ...]] = {
    0x10: ("prepare", "session", "coding-access"), 0x11: ("reset",), 0x14: ("clear",), 0x19: ("faults",),
    0x22: ("identify", "survey", "check", "verify", "coding-read", "coding-verify"),
    0x27: ("security", "coding-access"), 0x28: ("prepare", "restore"), 0x29: ("authentication", "coding-access"),
    0x2E: ("fingerprint", "coding-write"), 0x31: ("prepare", "erase", "checksum", "dependencies"),
    0x17: ("faults",), 0x18: ("faults",), 0x1A: ("identify", "survey", "check", "verify"),
    0x21: ("survey", "coding-read", "coding-verify"), 0x33: ("prepare", "erase", "checksum", "dependencies"),
    0x3B: ("fingerprint", "coding-write"), 0x34: ("transfer",), 0x36: ("transfer",), 0x37: ("transfer",),
    0x85: ("prepare", "restore"),
}  # fmt: skip
"""Where in the jobs a service is used."""


def explained(
    what: str, step: str = "", sid: int | None = None, unit: str = "", say: Say = english
) -> tuple[str, tuple[ExplainedStep, ...]]:  # fmt: skip
    """(headline, one line a step) of a code in any spelling. UsageError with examples for what is none.

    `step` limits it to one step, `sid` to the steps where that service is used; a service that no job uses is
    explained as a raw request. `say` puts it all into the reader's language.
    """
    reason, headline = _read(what.strip(), say)
    return headline, tuple(
        ExplainedStep(words.name, say(words.title), compose(reason, words, unit, say=say))
        for words in _steps(step, sid)
    )


def _steps(step: str, sid: int | None) -> tuple[StepWords, ...]:
    wanted = step.strip().casefold()
    if wanted:
        found = BY_NAME.get(wanted) or BY_NAME.get(wanted.rpartition("-")[0])
        if found is None:
            raise UsageError(f"There is no step {step!r}.", f"Steps are: {', '.join(BY_NAME)}.")
        return (found,)
    if sid is not None:
        names = STEPS_OF_SERVICE.get(sid)
        return tuple(BY_NAME[name] for name in names) if names else (step_of("uds", "uds"),)
    return STEPS


def _read(text: str, say: Say) -> tuple[Reason, str]:
    for timer in TIMERS:
        if text.casefold() == timer.casefold():
            reason = reasons.of_timer(timer)
            return reason, filled(say, OF_TIMER, timer, _of_the_unit(reason, say))
    prefix, colon, number = text.partition(":")
    if colon and prefix.casefold() in _PREFIXES:
        denied = _PREFIXES[prefix.casefold()]
        code = _byte(number)
        if code is not None:
            known = code in DENIED_CODES[denied]
            reason = reasons.of_denial(denied, code, silent=denied == "message" and code in (6, 7, 8))
            headline = filled(say, OF_GATEWAY, reason.label, _of_the_unit(reason, say))
            return reason, headline if known else f"{headline} {say(NOT_NAMED)}"
    protocol = KWP2000 if prefix.casefold() == _KWP and colon else UDS
    code = _nrc_code(number.strip() if protocol == KWP2000 else text, protocol)
    if code is None and protocol == UDS:
        protocol, code = KWP2000, _named(text, KWP2000)
    if code is None:
        raise UsageError(f"{text!r} is no negative response code, timer or DoIP code.", EXAMPLES)
    dialect = dialect_of(protocol)
    return reasons.of_nrc(code, protocol), f"{dialect.label(code)}: {say(dialect.refusal(code).words)}."


def _of_the_unit(reason: Reason, say: Say) -> str:
    return say(reason.words.replace("{unit}", "the unit"))


def _nrc_code(text: str, protocol: str) -> int | None:
    """0x31, 31 (hexadecimal, as testers write it), "7F 36 73", or the standard's name."""
    pdu = re.fullmatch(r"(?:0x)?7F[ :]?([0-9A-F]{2})[ :]?([0-9A-F]{2})", text, re.IGNORECASE)
    if pdu is not None:
        return int(pdu[2], 16)
    byte = _byte(text)
    if byte is not None:
        return byte
    return _named(text, protocol)


def _named(text: str, protocol: str) -> int | None:
    codes = kwp_nrc.known_codes() if protocol == KWP2000 else nrc.known_codes()
    refusal = dialect_of(protocol).refusal
    return next((code for code in codes if refusal(code).name.casefold() == text.casefold()), None)


def _byte(text: str) -> int | None:
    found = re.fullmatch(r"(?:0x)?([0-9A-F]{1,2})", text.strip(), re.IGNORECASE)
    return int(found[1], 16) if found is not None else None


def service_number(text: str) -> int:
    """ "0x36", "36" (hexadecimal) or "TransferData". UsageError."""
    byte = _byte(text)
    if byte is not None:
        return byte
    for number, name in (*SERVICE_NAMES.items(), *kwp_services.SERVICE_NAMES.items()):
        if name.casefold() == text.strip().casefold():
            return number
    raise UsageError(f"{text!r} is no service.", "E.g. 0x36, 36 or TransferData.")
