"""Which security methods are there, by the names that the diagnostic data uses. Computes nothing itself, logs nothing.

One interface serves all: `sign(kind, payload)`.
    KEY      securityAccess: method, level, seed, vin, unit -> the key's bytes
    PROOF    authentication: method, data, vin, unit -> the signature over `data` by the key of the tester's certificate
Byte fields of the payload are hex text, `level` is the requestSeed sub-function. A signer raises ProductErrors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from core.errors import PreconditionNotMet
from core.protocol.authentication import seed_key

if TYPE_CHECKING:
    from core.diagnosis.security.identity import Identity

Payload = Mapping[str, str | int]
Signer = Callable[[str, Payload], bytes]

KEY: Final = "key"
PROOF: Final = "proof"


def _no_settings(method: str) -> str:
    return f"Configure a program for it: [security.{method}] with command = [...] in the settings file."


class SecurityMethods:
    """The methods of this installation: `signers` by name, and those that core/protocol/authentication/seed_key.py
    brings along.

    `identity(method)` gives the tester's certificate for 0x29, PreconditionNotMet or another ProductError where there
    is none. `advice(method)` says what to configure for an unknown method.
    """

    def __init__(
        self,
        signers: Mapping[str, Signer] | None = None,
        identity: Callable[[str, Signer | None], Identity] | None = None,
        advice: Callable[[str], str] = _no_settings,
    ) -> None:
        self._signers = dict(signers or {})
        self._identity = identity
        self._advice = advice
        self._wrong_keys: dict[tuple[str, str, int], int] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Methods that can compute a key."""
        return tuple(dict.fromkeys((*self._signers, *seed_key.names())))

    def signer(self, method: str) -> Signer:
        """PreconditionNotMet with what to configure where no method has this name."""
        if method in self._signers:
            return self._signers[method]
        if method in seed_key.names():
            return _built_in
        raise PreconditionNotMet(f"The security method {method!r} is not installed.", self._advice(method))

    def key(self, method: str, seed: bytes, level: int, *, vin: str, unit: str) -> bytes:
        """The key that answers `seed`."""
        payload: Payload = {"method": method, "level": level, "seed": seed.hex().upper(), "vin": vin, "unit": unit}
        return self.signer(method)(KEY, payload)

    def identity(self, method: str) -> Identity:
        """The tester's certificate with the right to sign for it."""
        if self._identity is None:
            raise PreconditionNotMet(
                f"There is no certificate for the method {method!r}.", "Connect by the workbench, which keeps them."
            )
        return self._identity(method, self._signers.get(method))

    # -- wrong keys, so that a technician is told before the unit's own counter closes it

    def count_wrong_key(self, vin: str, unit: str, level: int) -> int:
        """One more; how many there were since this unit last took one."""
        place = (vin, unit, level)
        self._wrong_keys[place] = self._wrong_keys.get(place, 0) + 1
        return self._wrong_keys[place]

    def wrong_keys(self, vin: str, unit: str, level: int) -> int:
        return self._wrong_keys.get((vin, unit, level), 0)

    def forget_wrong_keys(self, vin: str, unit: str, level: int) -> None:
        self._wrong_keys.pop((vin, unit, level), None)


def _built_in(kind: str, payload: Payload) -> bytes:
    if kind != KEY:
        raise PreconditionNotMet(f"The method {payload['method']!r} computes keys, it signs nothing.")
    return seed_key.key_for(str(payload["method"]), bytes.fromhex(str(payload["seed"])), int(payload["level"]))


BUILT_IN = SecurityMethods()
"""The garage's algorithm alone."""
