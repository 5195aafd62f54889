"""Which keys of the issuer are trusted here: the first one pinned, each later one signed by the one before. Pure.

keys = extended(TrustedKeys(), answer)                    # first contact: pins what the back end shows
keys = extended(TrustedKeys.pinned("ab12..."), answer)    # the settings name the first key: nothing else is believed
keys = extended(keys, newer_answer)                       # rotation: the chain must lead on from what is trusted
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import StartKeyInvalid
from core.online.dsse import key_id, verify
from core.online.wire import ROTATION, IssuerKey, IssuerKeys, KeyRotation, WireError, loads, parse

LATE = 3_600_000  # ms: a paper that was being signed while its key was retired


@dataclass(frozen=True, slots=True)
class TrustedKeys:
    """Raw public keys by key id, and when those that are retired were."""

    public: Mapping[str, bytes] = field(default_factory=dict)
    retired: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def pinned(cls, public_hex: str) -> TrustedKeys:
        """One key that came another way than over the network. StartKeyInvalid where it is none."""
        try:
            public = bytes.fromhex(public_hex)
        except ValueError:
            public = b""
        if len(public) != 32:
            raise StartKeyInvalid("The issuer key in the settings is no Ed25519 key.", "It has 64 hex digits.")
        return cls({key_id(public): public})

    def may_have_signed(self, envelope: str, issued: int) -> bool:
        """False where the key was retired before `issued` (milliseconds)."""
        keyid = str(parse(envelope)["signatures"][0]["keyid"])
        retired = self.retired.get(keyid)
        return retired is None or issued <= retired + LATE


def extended(trusted: TrustedKeys, answer: IssuerKeys) -> TrustedKeys:
    """`trusted` with every key of `answer` that a chain of rotations leads to. StartKeyInvalid where none does.

    A key that is trusted stays so, and stays retired: an answer that forgets it takes nothing away.
    """
    public, retired = dict(trusted.public), dict(trusted.retired)
    before: str | None = None
    for number, key in enumerate(answer.keys):
        raw = _raw(key)
        if key.keyid not in public:
            first_contact = not trusted.public and number == 0 and not key.rotation
            if not first_contact and (before is None or not _leads_to(key, before, public)):
                before = None
                continue
            public[key.keyid] = raw
        elif public[key.keyid] != raw:
            raise StartKeyInvalid("The back end shows another key under a known name.")
        if key.retired is not None:
            retired[key.keyid] = min(key.retired, retired.get(key.keyid, key.retired))
        before = key.keyid
    if not answer.keys or answer.keys[-1].keyid not in public:
        raise StartKeyInvalid(
            "The back end signs with a key that no trusted key vouches for.",
            "Check the address of the back end in the settings; if it was set up anew, forget the old one's keys.",
        )
    return TrustedKeys(public, retired)


def _raw(key: IssuerKey) -> bytes:
    raw = bytes.fromhex(key.public)
    if key_id(raw) != key.keyid:
        raise StartKeyInvalid("A key of the back end does not belong to its name.")
    return raw


def _leads_to(key: IssuerKey, before: str, public: Mapping[str, bytes]) -> bool:
    """The key before has signed exactly this one."""
    try:
        rotation = loads(KeyRotation, verify(key.rotation, ROTATION, {before: public[before]}))
    except (StartKeyInvalid, WireError):
        return False
    return (rotation.keyid, rotation.public, rotation.created) == (key.keyid, key.public, key.created)
