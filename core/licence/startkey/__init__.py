"""The StartKey on this PC: verification (pure), the issuer's keys, the verdict. Asks nobody."""

from core.licence.startkey.judging import GRACE_DAYS, WARNING_DAY, judge, last_day
from core.licence.startkey.reading import read_startkey, refuse_foreign
from core.licence.startkey.trust import TrustedKeys, extended

__all__ = [
    "GRACE_DAYS",
    "WARNING_DAY",
    "TrustedKeys",
    "extended",
    "judge",
    "last_day",
    "read_startkey",
    "refuse_foreign",
]
