"""What the issuer signs: the payloads of the DSSE envelopes, decoded strictly (no unknown name). Pure: no I/O."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from core.online.wire.codec import Many, Number, Text
from core.online.wire.messages import DIGEST, HARDWARE_ID, IDENTIFIER, NONCE
from core.vocabulary.online.paper import Role

STARTKEY = "application/vnd.passbay.startkey+json"
CHECK = "application/vnd.passbay.check+json"
TICKET = "application/vnd.passbay.ticket+json"
ROTATION = "application/vnd.passbay.key-rotation+json"


@dataclass(frozen=True, slots=True)
class StartKey:
    """The StartKey (C6): made for one system. `contract` is the system number that support asks for (S5)."""

    key_id: Annotated[str, Text(pattern=IDENTIFIER)]
    hardware_id: Annotated[str, Text(pattern=HARDWARE_ID)]
    app_id: Annotated[int, Number(least=1, most=2**31 - 1)]
    traits: Annotated[tuple[str, ...], Many(most=8, pattern=DIGEST)]
    organisation: str
    contract: str
    issued: int
    expires: int
    product_groups: tuple[str, ...]
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class CheckPayload:
    """The answer to the online check, bound to the question by `nonce`.

    `verdict`: valid, expired, revoked, replaced (a newer one is in `startkey`) or other-pc.
    """

    nonce: Annotated[str, Text(pattern=NONCE)]
    hardware_id: Annotated[str, Text(pattern=HARDWARE_ID)]
    key_id: str
    verdict: Annotated[str, Text(pattern="valid|expired|revoked|replaced|other-pc")]
    server_time: int
    startkey: Annotated[str | None, Text(most=20000, lines=True)]
    words: Annotated[str, Text(most=1000)]


def image_of(images: Mapping[str, str]) -> str:
    """`image` of a permit and its ticket: unit -> SHA-256 of what is flashed. Of several units it is the SHA-256 over
    a line "UNIT SHA256" for each, by name; "" where nothing is flashed."""
    if len(images) < 2:
        return next(iter(images.values()), "")
    lines = "".join(f"{unit} {digest}\n" for unit, digest in sorted(images.items()))
    return hashlib.sha256(lines.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Ticket:
    """A job's permit: whoever holds it may finish this job, whatever runs out meanwhile. `image`: `image_of`."""

    job: str
    kind: str
    group: str
    vin: str
    unit: str
    image: str
    hardware_id: str
    key_id: str
    user: str
    organisation: str
    change: bool
    reservation: str
    issued: int
    expires: int


@dataclass(frozen=True, slots=True)
class KeyRotation:
    """Signed by the key before: the next one is trusted, too."""

    keyid: Annotated[str, Text(pattern="[0-9a-f]{16}")]
    public: Annotated[str, Text(pattern="[0-9a-f]{64}")]
    created: int
