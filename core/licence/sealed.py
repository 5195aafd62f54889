"""Small files of ours that nobody should edit or copy from another PC: canonical JSON, sealed with an HMAC.

The key follows from the hardware ID. It keeps honest people honest: whoever reads this source can make a seal, which
is why everything that matters is decided at the back end or signed by it.
"""

from __future__ import annotations

import hmac
from pathlib import Path
from typing import TypeVar

from core.online.wire import WireError, dumps, loads
from core.pc.files import open_file, write_file

T = TypeVar("T")
_LARGEST = 1_000_000


def seal_key(hardware_id: str) -> bytes:
    return hmac.digest(b"passbay sealed files", hardware_id.encode(), "sha256")


def write_sealed(path: Path, value: object, key: bytes, what: str) -> None:
    """StorageFailed where it cannot be written; then the old file is still whole."""
    content = dumps(value)
    write_file(path, _seal(content, key) + b"\n" + content + b"\n", what=what)


def read_sealed(path: Path, cls: type[T], key: bytes) -> T | None:
    """None where there is none, or it was changed, or it is of another PC."""
    try:
        with open_file(path) as stream:
            seal, _, content = stream.read(_LARGEST).partition(b"\n")
        if not hmac.compare_digest(seal, _seal(content.removesuffix(b"\n"), key)):
            return None
        return loads(cls, content, lenient=True)
    except (OSError, WireError):
        return None


def _seal(content: bytes, key: bytes) -> bytes:
    return hmac.digest(key, content, "sha256").hex().encode()
