"""What the core asks its caller's `say` for and no reading of the code finds: single words, templates of few words,
and sentences about "the unit", which needs another article and case than a name."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator

from core.diagnosis.explain import STEPS, explained
from core.diagnosis.explain.reasons import DENIED_CODES, TIMERS, Reason, of_denial, of_nrc, of_timer
from core.diagnosis.explain.words import compose, reason_of
from core.errors import JobCancelled, JobInterrupted, PreconditionNotMet, StorageFailed, VciLost, VerificationFailed
from core.messages import NOTICES, headline
from core.support import contacts, reference
from core.vocabulary import KWP2000, UDS

_GATEWAY = re.compile(r"(?P<head>the gateway did not [^:]+: ).+")
_SENTENCE_END = re.compile(r"(?<=\.) (?=[A-Z{])")
_NAMES = re.compile(r"timer |routing activation 0|diagnostic nack 0|header nack 0|0x|the gateway does not let")
"""Texts with names in them, whose templates are found in the code."""
_OWN = (VciLost, JobCancelled, JobInterrupted, PreconditionNotMet, StorageFailed, VerificationFailed)


def asked_for(found: set[str]) -> set[str]:
    """Those that `found`, or a longer text of it, does not hold."""
    whole = "\n".join(found)
    return {sentence for text in _asked() for sentence in _SENTENCE_END.split(text) if _is_new(sentence, found, whole)}


def _is_new(sentence: str, found: set[str], whole: str) -> bool:
    words = re.findall(r"[A-Za-z]{2,}", re.sub(r"0x[0-9A-Fa-f]+", "", sentence))
    known = sentence in found or (len(words) > 1 and sentence.endswith(".") and sentence in whole)
    return bool(words) and not known


def _asked() -> set[str]:
    asked = {"the unit", "The unit", "timer {0}", *NOTICES.values()}

    def note(text: str) -> str:
        denial = _GATEWAY.fullmatch(text)
        if denial is not None:
            asked.add(f"{denial['head']}{{{denial['head'].count('{0}')}}}")
        elif not _NAMES.match(text):
            asked.add(text)
        return text

    for _page in reference.pages(note):
        pass
    for timer in TIMERS:
        explained(timer, say=note)
    explained("routing:ee", say=note)
    for reason in _reasons():
        for step in STEPS:
            for unit in ("", "{0}"):
                compose(reason, step, unit, say=note)
                compose(reason, step, unit, say=note, without_software=True)
    reference.numbered(note)
    asked.update(map(headline, reference.codes()))
    now = datetime.datetime(2026, 11, 26, 12, tzinfo=datetime.UTC)
    contacts.hours(contacts.DEFAULT, now, note)
    asked.update(contacts.SINGLE)
    return asked


def _reasons() -> Iterator[Reason]:
    """Everything that can come between a job and its end."""
    for protocol in (UDS, KWP2000):
        yield from (of_nrc(code, protocol) for code in range(256))
    yield from map(of_timer, TIMERS)
    for denied, codes in DENIED_CODES.items():
        yield from (of_denial(denied, code, silent=silent) for code in (*codes, 0xEE) for silent in (False, True))
    yield from (reason_of(cls("x")) for cls in _OWN)
