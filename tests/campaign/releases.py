"""`python -m tests.campaign releases [--points N] [--seed S]`: killed at every call of the file system (U3).

Download, installation, AddOn, roll-back and removal run in a forked child under strace, which kills it as it enters
the Nth openat, write, fsync, rename, close, ... Afterwards what serves is the old state or the new one, whole, by hash,
and the same wish succeeds without a manual step. Then the real, threaded download is killed at random moments.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import core.releases.work.download as download
from core.errors import ProductError
from core.releases.model.manifest import ADDON, RELEASE
from tests.releases.shop import Customer, Shop, some_bytes

CALLS = (
    "openat", "write", "pwrite64", "fsync", "rename", "renameat2", "close", "mkdir", "unlink", "unlinkat", "rmdir",
    "symlink", "ftruncate", "sendfile", "copy_file_range", "lseek",
)  # fmt: skip
_ATTACHED = re.compile(rb"attached")


@dataclass(frozen=True)
class Wish:
    """`before` makes the state that it starts from; `do` is what is killed."""

    name: str
    before: Callable[[Shop, Customer], None]
    do: Callable[[Shop, Customer], None]


def _download(shop: Shop, customer: Customer) -> None:
    customer.library.search(shop.origin())
    customer.library.download(shop.origin(), customer.head("2026.09"))


def _install(shop: Shop, customer: Customer) -> None:
    kept = customer.library.find(RELEASE, "2026.09")
    assert kept is not None
    customer.library.install(kept)


def _addon(shop: Shop, customer: Customer) -> None:
    kept = customer.library.find(ADDON, "1.0", "radio") or customer.library.download(
        shop.origin(), customer.head("", "radio")
    )
    customer.library.install_addon(kept)


def _rollback(shop: Shop, customer: Customer) -> None:
    if customer.library.state.active.version == "2026.09":  # type: ignore[union-attr]
        customer.library.rollback()


def _remove(shop: Shop, customer: Customer) -> None:
    kept = customer.library.find(RELEASE, "2026.09")
    if kept is not None:
        customer.library.remove(kept)


def _chain(*steps: Callable[[Shop, Customer], None]) -> Callable[[Shop, Customer], None]:
    def all_of_them(shop: Shop, customer: Customer) -> None:
        for step in steps:
            step(shop, customer)

    return all_of_them


def _first(shop: Shop, customer: Customer) -> None:
    customer.fetch(shop.origin(), "2026.06")


WISHES = (
    Wish("download", _first, _download),
    Wish("install", _chain(_first, _download), _install),
    Wish("addon", _chain(_first, _download, _install), _addon),
    Wish("roll-back", _chain(_first, _download, _install), _rollback),
    Wish("uninstall", _chain(_first, _download, _install), _remove),
)


class _Inline:
    """The pool without threads: strace counts calls for each thread, and every call must have a number."""

    def __init__(self, *_: object, **__: object) -> None: ...

    def __enter__(self) -> _Inline:
        return self

    def __exit__(self, *_: object) -> None: ...

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(function(*arguments))
        return future


class Rig:
    """One shop and, for each wish, the library before it and what serves before and after."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shop = Shop(folder / "shop")
        first = {"car.pdx": some_bytes(1, 30_000), "van.pdx": some_bytes(2, 9_000)}
        self.shop.release("2026.06", first)
        self.shop.release("2026.09", first | {"car.pdx": some_bytes(3, 31_000), "help.md": b"# new\n"})
        self.shop.addon("radio", "1.0", {"radio.pdx": some_bytes(4, 5_000)}, needs_release="2026.09")
        self.work = folder / "library"
        self._states: dict[str, tuple[dict[str, bytes], dict[str, bytes]]] = {}

    def prepare(self, wish: Wish) -> None:
        template = self.folder / "templates" / wish.name
        wish.before(self.shop, Customer(template))
        old = Customer(template).contents()
        self.reset(wish)
        wish.do(self.shop, Customer(self.work))
        self._states[wish.name] = (old, Customer(self.work).contents())

    def reset(self, wish: Wish) -> None:
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(self.folder / "templates" / wish.name, self.work, symlinks=True)

    def killed(self, wish: Wish, strace: Sequence[str]) -> tuple[int, bytes]:
        """Does the wish in a child under strace. (wait status, what strace wrote)."""
        self.reset(wish)
        readable, writable = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(writable)
            os.read(readable, 1)
            code = 3
            try:
                wish.do(self.shop, Customer(self.work))
                code = 0
            finally:
                os._exit(code)
        os.close(readable)
        log = self.folder / "strace.log"
        tracer = subprocess.Popen(
            ["strace", "-p", str(child), "-o", str(log), *strace], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        assert tracer.stderr is not None
        line = tracer.stderr.readline()
        if not _ATTACHED.search(line):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            tracer.wait()
            raise RuntimeError(f"strace cannot attach here: {line!r}")
        os.write(writable, b"g")
        os.close(writable)
        _, status = os.waitpid(child, 0)
        tracer.stderr.close()
        tracer.wait()
        return status, log.read_bytes()

    def counted(self, wish: Wish) -> Counter[str]:
        """How often the wish makes each call."""
        status, log = self.killed(wish, ["-e", f"trace={','.join(CALLS)}"])
        assert status == 0, f"{wish.name} fails by itself"
        return Counter(re.findall(r"^(\w+)\(", log.decode("utf-8", "replace"), re.MULTILINE))

    def cut(self, wish: Wish, call: str, number: int) -> str:
        """ "old", "new" or what is wrong after the kill at that call, and after doing the wish again."""
        status, _ = self.killed(wish, ["-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}"])
        if not os.WIFSIGNALED(status):
            return f"not killed ({status})"
        verdict = self.verdict(wish)
        if verdict in ("old", "new"):
            try:
                wish.do(self.shop, Customer(self.work))
            except ProductError as problem:
                return f"cannot be repeated: {problem.message}"
            if self.verdict(wish) != "new":
                return f"repeated: {self.verdict(wish)}"
        return verdict

    def verdict(self, wish: Wish) -> str:
        customer = Customer(self.work)
        old, new = self._states[wish.name]
        try:
            problems = customer.library.verify()[2]
            serves = customer.contents()
        except ProductError as problem:
            return f"BROKEN: {problem.message}"
        if problems:
            return f"TORN: {problems[0]}"
        return "new" if serves == new else "old" if serves == old else "MIXED"


def random_kills(rig: Rig, times: int, chance: random.Random) -> Counter[str]:
    """The real download with its threads, killed at random moments of its life."""
    wish = WISHES[0]
    began = time.monotonic()
    rig.reset(wish)
    wish.do(rig.shop, Customer(rig.work))
    life = time.monotonic() - began
    verdicts: Counter[str] = Counter()
    for _ in range(times):
        rig.reset(wish)
        child = os.fork()
        if child == 0:
            wish.do(rig.shop, Customer(rig.work))
            os._exit(0)
        time.sleep(chance.uniform(0, life))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        verdict = rig.verdict(wish)
        wish.do(rig.shop, Customer(rig.work))
        verdicts[verdict if rig.verdict(wish) == "new" else "not repeatable"] += 1
    return verdicts


def run(points: int = 0, seed: int = 1, told: Callable[[str], None] = lambda line: None) -> list[str]:
    """Every point (or `points` random ones of each wish); what went wrong."""
    chance = random.Random(seed)
    wrong: list[str] = []
    pool = download.ThreadPoolExecutor
    with tempfile.TemporaryDirectory(prefix="passbay-campaign-") as folder:
        rig = Rig(Path(folder))
        download.ThreadPoolExecutor = _Inline  # type: ignore[assignment,misc]
        try:
            for wish in WISHES:
                rig.prepare(wish)
                counts = rig.counted(wish)
                everywhere = [(call, number) for call, count in counts.items() for number in range(1, count + 1)]
                chosen = chance.sample(everywhere, min(points, len(everywhere))) if points else everywhere
                verdicts: Counter[str] = Counter()
                for call, number in chosen:
                    verdict = rig.cut(wish, call, number)
                    verdicts[verdict] += 1
                    if verdict not in ("old", "new"):
                        wrong.append(f"{wish.name}, {call} {number}: {verdict}")
                told(f"{wish.name:<10} {len(chosen):>4} of {len(everywhere)} cuts  {dict(verdicts)}")
        finally:
            download.ThreadPoolExecutor = pool  # type: ignore[misc]
        kills = random_kills(rig, min(points, 3) or 40, chance)
        told(f"threads    {kills.total():>4} kills at random  {dict(kills)}")
        wrong += [f"threads: {verdict}" for verdict in kills if verdict not in ("old", "new")]
    return wrong


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign releases", description=__doc__)
    parser.add_argument("--points", type=int, default=0, help="random cuts of each wish; 0 for all")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    if not shutil.which("strace"):
        print("strace is needed.", file=sys.stderr)
        return 2
    wrong = run(options.points, options.seed, lambda line: print(line, flush=True))
    for line in wrong:
        print(f"WRONG  {line}")
    return 1 if wrong else 0
