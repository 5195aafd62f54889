"""Takes VINs, names, tokens and keys out of texts before anybody else reads them. Pure.

What is known (names, VINs, tokens that the product itself holds) is masked wherever it stands; beside that everything
that looks like a VIN, an e-mail address, a hardware address, a token or a private key. Better too much than too little.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

VIN = re.compile(r"(?<![A-Za-z0-9])(?=[A-HJ-NPR-Z]*[0-9])(?=[0-9]*[A-HJ-NPR-Z])[A-HJ-NPR-Z0-9]{17}(?![A-Za-z0-9])")
VIN_BYTES = re.compile(rb"(?=[A-HJ-NPR-Z]*[0-9])(?=[0-9]*[A-HJ-NPR-Z])[A-HJ-NPR-Z0-9]{17}")
_PATTERNS = (
    ("private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*KEY-----|\Z)", re.DOTALL)),
    ("token", re.compile(r"\beyJ[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]*){0,4}")),
    ("token", re.compile(r"(?i)\bbearer\s+[A-Za-z0-9._~+/=-]{8,}")),
    ("address", re.compile(r"\b[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+\b")),
    ("hardware address", re.compile(r"\b[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}\b")),
    ("user in a URL", re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)")),
)
_SECRET_KEY = (
    r"(?:[A-Za-z0-9_-]*(?:token|password|passwd|secret|private|credential|signature|device_code|refresh|seed|authorization)"
    r"[A-Za-z0-9_-]*)"
)
_SECRET_VALUE = re.compile(rf"(?i)([\"']?{_SECRET_KEY}[\"']?\s*[:=]\s*)(\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s,}}\]]+)")


class Masker:
    """`names` of people and organisations, `vins`, `secrets`: exact texts of 3 letters or more."""

    def __init__(self, names: Iterable[str] = (), vins: Iterable[str] = (), secrets: Iterable[str] = ()) -> None:
        self._numbers: dict[str, int] = {}
        self.vins = tuple(dict.fromkeys(vin for vin in vins if len(vin) >= 5))
        known: dict[str, str] = {}
        for text in names:
            known[text] = "<name>"
        for text in secrets:
            known[text] = "<secret>"
        for vin in self.vins:
            known[vin] = self.vin(vin)
            raw = vin.encode("utf-8", "replace").hex()
            known[raw] = known[" ".join(raw[n : n + 2] for n in range(0, len(raw), 2))] = "<VIN bytes>"
        self._known = {text.casefold(): mask for text, mask in known.items() if len(text.strip()) >= 3}
        self._exact = _alternatives(self._known)

    def vin(self, text: str) -> str:
        """The maker stays (ISO 3780), the vehicle does not; equal ones stay equal."""
        number = self._numbers.setdefault(text, len(self._numbers) + 1)
        return f"{text[:3]}<VIN {number}>"

    def text(self, text: str) -> tuple[str, int]:
        """(masked text, places)."""
        count = 0
        if self._exact is not None:
            text, found = self._exact.subn(lambda hit: self._known[hit[0].casefold()], text)
            count += found
        text, found = VIN.subn(lambda hit: self.vin(hit[0]), text)
        count += found
        for name, pattern in _PATTERNS:
            text, found = pattern.subn(f"<{name}>", text)
            count += found
        text, found = _SECRET_VALUE.subn(lambda hit: f'{hit[1]}"<secret>"', text)
        return text, count + found

    def payload(self, data: bytes) -> list[tuple[int, int]]:
        """(begin, end) of every VIN in bytes of a bus."""
        places = [(hit.start(), hit.end()) for hit in VIN_BYTES.finditer(data)]
        for vin in self.vins:
            raw = vin.encode("utf-8", "replace")
            start = data.find(raw)
            while start >= 0:
                places.append((start, start + len(raw)))
                start = data.find(raw, start + 1)
        return places


def _alternatives(known: dict[str, str]) -> re.Pattern[str] | None:
    if not known:
        return None
    longest_first = sorted(known, key=len, reverse=True)
    return re.compile("|".join(re.escape(text) for text in longest_first), re.IGNORECASE)
