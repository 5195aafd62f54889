"""A small door for the tests of the face: keeps the book as the real one does, serves nobody. Not a test."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from types import FrameType

from core.errors import ProductError
from core.vocabulary import Visit, VisitKind, VisitState
from core.workbench import WorkbenchPaths
from core.workbench.assistance import VisitBook
from core.workbench.assistance.book import after

WAITS = Visit("abcd1234", VisitKind.HELPER, VisitState.WAITING, "Mia Roth", code="BKTR-QW")


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def main(mode: str, options: list[str]) -> None:
    print("a warning that no reader knows", file=sys.stderr, flush=True)
    if mode == "refuses":
        fields = {"error": "SetupError", "code": "PB-100", "message": "Port 8022 is taken.", "advice": "Take another."}
        print(json.dumps(fields), flush=True)
        raise SystemExit(1)
    if mode == "crashes":
        os.abort()
    book = VisitBook(WorkbenchPaths.default().visits)
    signal.signal(signal.SIGTERM, signal.SIG_IGN if mode == "deaf" else _end)
    try:
        book.open_door(f"http://{options[1]}:{options[3]}/", False)
    except ProductError as error:
        print(json.dumps({"error": error.name, "message": error.message, "advice": error.advice}), flush=True)
        raise SystemExit(1) from None
    print(json.dumps({"options": options, "visitor": os.environ.get("PASSBAY_VISITOR")}), flush=True)
    _serve(book)


def _serve(book: VisitBook) -> None:
    kept = {WAITS.id: WAITS}
    book.put(WAITS)
    try:
        while True:
            for visit, decision in book.decisions():
                kept[visit] = after(kept[visit], decision)
                book.put(kept[visit])
            time.sleep(0.02)
    finally:
        book.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
