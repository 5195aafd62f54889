"""`python -m tests.campaign NAME ...`: long trials that prove a promise and print a table. Short forms are tests."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

NAMES = sorted(
    path.stem for path in Path(__file__).parent.glob("*.py") if "def main(argv" in path.read_text(encoding="utf-8")
)


def run(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in NAMES:
        print(f"python -m tests.campaign NAME ..., where NAME is one of: {', '.join(NAMES)}", file=sys.stderr)
        return 2
    code: int = importlib.import_module(f"tests.campaign.{arguments[0]}").main(arguments[1:])
    return code


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
