"""Answers that are no: problem+json (RFC 9457) to the product's error classes, OAuth errors to theirs."""

from __future__ import annotations

import email.utils
import time

from core import errors
from core.errors import BackendRefused, ProductError, StartKeyServerUnreachable
from core.online.client.way import Answer
from core.online.wire import OAuthProblem, Problem, WireError, loads
from core.vocabulary.cleaning import clean

_AWAY = (429, 500, 502, 503, 504)
"""The server is in no state to say yes or no: as good as none, whatever the body says."""
_OF_A_POLL = ("slow_down", "authorization_pending")
LONGEST_WAIT = 900.0
"""Seconds of a Retry-After that are kept to: a role that was taken away must not count for longer than that."""
_TRAVEL: tuple[type[ProductError], ...] = (
    errors.StartKeyMissing, errors.StartKeyInvalid, errors.StartKeyOtherPc, errors.StartKeyExpired, errors.ReadOnlyNow,
    errors.ClockSetBack, errors.CreditMissing, errors.CreditUsedUp, errors.RightMissing, errors.NotSignedIn,
    errors.LicenceCheckFailed, errors.StartKeyServerUnreachable,
)  # fmt: skip
"""What a back end may say no with. Anything else that it sends is a BackendRefused."""
_BY_CODE = {cls.code: cls for cls in _TRAVEL}


class OAuthRefused(BackendRefused):
    """RFC 6749, section 5.2, and RFC 8628, section 3.5. `problem` is the error's name, e.g. slow_down."""


def refusal(answer: Answer) -> ProductError:
    """The error that an answer with a status of 400 and more stands for; all its text is cleaned."""
    try:
        told = loads(Problem, answer.body, lenient=True) if answer.kind == "application/problem+json" else None
    except WireError:
        told = None
    words = clean(told.detail or told.title, 1000) if told is not None else ""
    advice = clean(told.advice, 1000) if told is not None else ""
    if answer.status in _AWAY:
        return StartKeyServerUnreachable(
            words or f"The back end is not available now (status {answer.status}).", advice,
            status=answer.status, retry_after=_seconds(answer.retry_after),
        )  # fmt: skip
    if told is not None and told.code in _BY_CODE:
        return _BY_CODE[told.code](words or "The back end refused.", advice)
    return BackendRefused(
        words or f"The back end refused with status {answer.status}.", advice, status=answer.status,
        problem=clean(told.type, 200) if told is not None else "",
    )  # fmt: skip


def oauth_refusal(answer: Answer) -> ProductError:
    """Of /oauth/...: their errors have a form of their own."""
    try:
        told = loads(OAuthProblem, answer.body, lenient=True)
    except WireError:
        return refusal(answer)
    if answer.status in _AWAY and told.error not in _OF_A_POLL:
        return refusal(answer)
    words = clean(told.error_description, 500) or f"The log-in server refused: {clean(told.error, 80)}."
    return OAuthRefused(words, status=answer.status, problem=clean(told.error, 80))


def _seconds(retry_after: str) -> float:
    """Of a Retry-After (RFC 9110, section 10.2.3): seconds or a date; 0 where it is neither."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(min(int(text[:9]), LONGEST_WAIT))
    try:
        until = email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return max(0.0, min(until - time.time(), LONGEST_WAIT))
