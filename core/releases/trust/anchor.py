"""The trust anchor: root metadata that somebody handed over, described for people to compare."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root

from core.errors import NotTrusted


@dataclass(frozen=True, slots=True)
class Anchor:
    """`fingerprint`: SHA-256 of the file, what two people compare over the telephone."""

    version: int
    fingerprint: str
    expires: float
    threshold: int
    keys: int


def describe(content: bytes) -> Anchor:
    """NotTrusted where it is no root metadata signed by itself."""
    try:
        metadata = Metadata[Root].from_bytes(content)
        if not isinstance(metadata.signed, Root):
            raise NotTrusted(
                "The file is signed metadata, but not of the root.", "Name the root.json of the publisher."
            )
        metadata.signed.verify_delegate("root", metadata.signed_bytes, metadata.signatures)
    except RepositoryError as problem:
        raise NotTrusted(
            f"The file is no root metadata: {problem}.", "Name the root.json of the publisher."
        ) from problem
    role = metadata.signed.roles["root"]
    return Anchor(
        metadata.signed.version, hashlib.sha256(content).hexdigest(), metadata.signed.expires.timestamp(),
        role.threshold, len(role.keyids),
    )  # fmt: skip
