"""Speaks the protocol of an app behind the door: says what it was told, byte for byte. Not a test."""

from __future__ import annotations

import json
import os
import sys


def _say(text: str, kind: bytes = b"D") -> None:
    body = text.encode()
    os.write(1, kind + len(body).to_bytes(4, "big") + body)


def main() -> None:
    names = ("PASSBAY_VISITOR", "PASSBAY_LANGUAGE", "COLUMNS", "ROWS", "TEXTUAL_DRIVER")
    told = {name: os.environ.get(name, "") for name in names}
    sys.stderr.write("a word on standard error\n")
    sys.stderr.flush()
    os.write(1, b"a line before\n__GANGLION__\n")
    _say(json.dumps({"pid": os.getpid(), **told}))
    while head := sys.stdin.buffer.read(5):
        body = sys.stdin.buffer.read(int.from_bytes(head[1:], "big"))
        if head[:1] == b"M" and json.loads(body)["type"] == "quit":
            _say(json.dumps({"type": "exit"}), b"M")
            return
        if body.startswith(b"open "):
            _say(json.dumps({"type": "open_url", "url": body[5:].decode(), "new_tab": True}), b"M")
            continue
        _say(f"{head[:1].decode()}:{body.decode()}")


if __name__ == "__main__":
    main()
