"""Puts an explanation together: what it means in this step, how the unit is left, what to do. Pure; no giant if.

    explain(error, "erase-1", "ENGINE", "flash")     an error of core.errors where it happened
    explain(0x31, "erase", "ENGINE", "flash")        a negative response code
    explain_in_place(error, ...)                     the same, written into the error, once
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from core.diagnosis.explain import reasons
from core.diagnosis.explain.reasons import FIXES, Reason
from core.diagnosis.explain.steps import OLD_SOFTWARE_STEPS, WITHOUT_SOFTWARE, StepWords, is_flash, step_of
from core.diagnosis.explain.table import cell
from core.errors import (
    CatalogueError,
    EcuError,
    JobCancelled,
    JobInterrupted,
    LocalProtocolError,
    NegativeResponse,
    NoResponse,
    PreconditionNotMet,
    ProductError,
    ProtocolError,
    RoutingDenied,
    SetupError,
    UsageError,
    VciError,
    VciLost,
    VerificationFailed,
)
from core.vocabulary.results import Explanation
from core.vocabulary.saying import Say, english, filled

REFUSED = "{0} refused {1}: {2} ({3})."
WHILE = "While {0}: {1} ({2})."
HAPPENED = "This happened while {0}."
TEMPLATES = (REFUSED, WHILE, HAPPENED)
"""Whole sentences, so that the roof finds them again in a finished text."""
_GENERIC_ADVICE = (NegativeResponse, NoResponse, RoutingDenied, VciLost)
"""Errors that are raised far below, where nobody knows the step: their advice is the explanation's from here on."""
_NOT_EXPLAINED = (UsageError, CatalogueError)
_NOTHING_BEGUN = ("identify", "check", "prepare")
_READS_ONLY = ("identify", "survey", "preview", "coding-read")


def _own(kind: str, *, silent: bool = False) -> Callable[[ProductError], Reason]:
    """A cause that the error's own message names: it is not said twice. Its own advice counts, its class's does not."""

    def reason(error: ProductError) -> Reason:
        own = error.advice if error.advice != error.default_advice else ""
        return Reason(kind, "", "", FIXES[kind] or own, silent)

    return reason


def _nrc(error: ProductError) -> Reason:
    assert isinstance(error, NegativeResponse)
    return reasons.of_nrc(error.nrc, error.protocol)


def _timer(error: ProductError) -> Reason:
    assert isinstance(error, NoResponse)
    return reasons.of_timer(error.timer)


def _denial(error: ProductError) -> Reason:
    assert isinstance(error, RoutingDenied)
    return reasons.of_denial(error.denied, error.denial_code)


_REASON_OF: Mapping[type[ProductError], Callable[[ProductError], Reason]] = {
    NegativeResponse: _nrc,
    NoResponse: _timer,
    RoutingDenied: _denial,
    VciError: _own("gone", silent=True),
    LocalProtocolError: _own("ours", silent=True),
    ProtocolError: _own("rule"),
    JobCancelled: _own("stopped"),
    PreconditionNotMet: _own("refused-here"),
    VerificationFailed: _own("not-proven"),
    JobInterrupted: _own("other", silent=True),
    SetupError: _own("pc"),
    EcuError: _own("other"),
    ProductError: _own("other"),
}


def reason_of(problem: ProductError | int) -> Reason:
    """The cause behind an error or a negative response code."""
    if isinstance(problem, int):
        return reasons.of_nrc(problem)
    for cls in type(problem).__mro__:
        found = _REASON_OF.get(cls)
        if found is not None:
            return found(problem)
    raise AssertionError("every ProductError has a row")


def explain(
    problem: ProductError | int, step: str, unit: str = "", kind: str = "", *, without_software: bool = False
) -> Explanation:
    """What `problem` means in the job's step `step` ("erase-2"), a code in any of STEPS' names.

    `kind` is the job's ("flash", "coding", "faults", ...), `without_software` a unit that had none before the job.
    """
    sid = getattr(problem, "sid", None)
    return compose(reason_of(problem), step_of(step, kind, sid), unit, without_software=without_software)


def compose(
    reason: Reason, step: StepWords, unit: str = "", *, without_software: bool = False, say: Say = english
) -> Explanation:  # fmt: skip
    """The three texts of a cause in a step; `say` puts each of their sentences into the reader's language."""
    name = unit or "the unit"
    why, fix = cell(reason.kind, step.name)
    a_clear_no = reason.label.startswith("0x") and not reason.silent
    unsure = reason.silent or reason.kind == "memory" or (step.name == "erase" and not a_clear_no)
    state = step.unsure if unsure else step.refused
    if without_software and step.name in OLD_SOFTWARE_STEPS:
        state = WITHOUT_SOFTWARE
    return Explanation(
        f"{_happened(reason, step, name, a_clear_no, say)} {say(_sentence(why, name))}",
        say(_sentence(state, name)),
        _advice(fix or reason.fix, step, name, say),
    )


def _happened(reason: Reason, step: StepWords, name: str, a_clear_no: bool, say: Say) -> str:
    """The first sentence: what was being done, and what came in between."""
    doing = say(step.doing)
    if not reason.words:
        return filled(say, HAPPENED, doing)
    words, label = say(reason.words.replace("{unit}", name)), say(reason.label)
    if a_clear_no:
        return filled(say, REFUSED, say(_capital(name)), doing, words, label)
    return filled(say, WHILE, doing, words, label)


def _advice(fix: str, step: StepWords, name: str, say: Say) -> str:
    """First the cause, then how to go on; where nothing is to be put right, there is no "then"."""
    again = step.again if fix else step.again.removeprefix("Then ")
    return " ".join(say(_sentence(part, name)) for part in (fix, again) if part)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _sentence(text: str, unit: str) -> str:
    """Names put in; each sentence begins with a capital, also where "the unit" stands in for a name."""
    return ". ".join(_capital(part) for part in text.replace("{unit}", unit).strip().split(". "))


def explain_in_place(
    error: ProductError, *, step: str, unit: str = "", kind: str = "", without_software: bool = False
) -> Explanation:
    """Fills `explanation` and `state_now` of an error that has none, and the advice where nobody knew the step.

    Errors of the command line and of the data say all by themselves: nothing has happened in a vehicle.
    """
    told = explain(error, step, unit, kind, without_software=without_software)
    if not (error.explanation or isinstance(error, _NOT_EXPLAINED)):
        error.explanation, error.state_now = told.meaning, told.state_now
        if isinstance(error, _GENERIC_ADVICE):
            error.advice = told.what_to_do
    return told


def explain_ending(error: ProductError, *, step: str, unit: str, kind: str) -> None:
    """For the runner, which knows no unit's state: only what holds whatever the job has done before.

    Once a unit is worked on, a flash explains its own errors, unit by unit; several units have several states.
    """
    begun = step not in _NOTHING_BEGUN
    if begun and (is_flash(kind) or not unit or "," in unit) and kind not in _READS_ONLY:
        return
    explain_in_place(error, step=step, unit=unit, kind=kind)
