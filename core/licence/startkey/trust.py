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
    """Raw public keys by key id, when those that are retired were, and those that were stolen.

    A stolen key is `known`, because the chain goes on over it; what counts is signed by one of the `public` ones.
    """

    known: Mapping[str, bytes] = field(default_factory=dict)
    retired: Mapping[str, int] = field(default_factory=dict)
    distrusted: frozenset[str] = frozenset()

    @property
    def public(self) -> Mapping[str, bytes]:
        return {keyid: raw for keyid, raw in self.known.items() if keyid not in self.distrusted}

    @property
    def with_stolen(self) -> TrustedKeys:
        """As it was before a theft was known."""
        return TrustedKeys(self.known, self.retired)

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

    A key that is trusted stays so, and stays retired or distrusted: an answer that forgets it takes nothing away.
    """
    public, retired, distrusted = dict(trusted.known), dict(trusted.retired), set(trusted.distrusted)
    before: str | None = None
    for number, key in enumerate(answer.keys):
        raw = _raw(key)
        if key.keyid not in public:
            first_contact = not trusted.known and number == 0 and not key.rotation
            if not first_contact and (before is None or not _leads_to(key, before, public)):
                before = None
                continue
            public[key.keyid] = raw
        elif public[key.keyid] != raw:
            raise StartKeyInvalid("The back end shows another key under a known name.")
        if key.retired is not None:
            retired[key.keyid] = min(key.retired, retired.get(key.keyid, key.retired))
        if key.distrusted is not None:
            distrusted.add(key.keyid)
        before = key.keyid
    if not answer.keys or answer.keys[-1].keyid not in public:
        raise StartKeyInvalid(
            "The back end signs with a key that no trusted key vouches for.",
            "Check the address of the back end in the settings; if it was set up anew, forget the old one's keys.",
        )
    if answer.keys[-1].keyid in distrusted:
        raise StartKeyInvalid("The back end signs with a key that was reported stolen.", "Ask its administrator.")
    return TrustedKeys(public, retired, frozenset(distrusted))


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
