"""`python -m tests.bench [NAME...]`: every measurement of the product as ratios taken side by side in one run."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path


def main() -> int:
    names = sys.argv[1:] or sorted(
        m.name.removeprefix("bench_")
        for m in pkgutil.iter_modules([str(Path(__file__).parent)])
        if m.name.startswith("bench_")
    )
    missed = 0
    for name in names:
        for what, value, goal in importlib.import_module(f"tests.bench.bench_{name}").run():
            print(f"{name:<10} {what:<64} {value:>10}  {goal}", flush=True)
            missed += str(goal).endswith("missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
