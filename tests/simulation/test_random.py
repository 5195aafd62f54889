"""100,000 seeded random requests, frames and bytes: nothing in the garage crashes, hangs or grows without bound."""

from __future__ import annotations

import random

from core.simulation.broadcast import Broadcaster
from core.simulation.ecu.rules import PROGRAMMING as PROGRAMMING_SESSION
from tests.simulation.support import PROGRAMMING, Bench, car

SERVICES = (0x10, 0x11, 0x14, 0x19, 0x22, 0x27, 0x28, 0x2E, 0x31, 0x34, 0x36, 0x37, 0x3E, 0x85)
WORDS = tuple(
    bytes.fromhex(text)
    for text in (
        "1001", "1002", "1003", "1101", "14ffffff", "1902ff", "22f190", "2701", "2711", "280301", "2ef15a01", "3e80",
        "3101ff000101", "3101ff000102", "3101ff01", "31010203", "3400440800400000000100", "8502", "37", "3601aabbcc",
        "3101020201010004deadbeef",
    )
)  # fmt: skip


def test_random_requests() -> None:
    generator = random.Random(20260101)
    bench = Bench()
    for _ in range(70_000):
        kind = generator.random()
        if kind < 0.3:
            pdu = generator.choice(WORDS)
        elif kind < 0.8:
            pdu = bytes([generator.choice(SERVICES)]) + generator.randbytes(generator.randrange(12))
        else:
            pdu = generator.randbytes(generator.randrange(0, 40))
        functional = generator.random() < 0.2
        bench.server.receive(pdu, bench.now, functional)
        for _, answer in bench.server.answers(bench.now):
            assert answer[0] == 0x7F or 0x50 <= answer[0] <= 0xFE
            assert answer[0] != 0x7F or len(answer) == 3
        if generator.random() < 0.2:
            bench.now += generator.choice((0.001, 0.05, 0.5, 6.0))
            bench.server.handle_timeout(bench.now)
    bench.wait(30.0)
    assert bench.server.answers(bench.now) == [] and bench.server.session == 1
    assert len(bench.ask("22f190")) == 1  # whatever happened, it answers


def test_random_flash_sequences_never_start_a_broken_application() -> None:
    generator = random.Random(7)
    bench = Bench()
    started = stayed = 0
    for _ in range(3_000):
        step = generator.choice(("3101ff000101", "37", "3101ff01", "boot", "36", "34", "reset", "block"))
        if step == "boot":
            _enter_boot(bench)
        elif step == "36":
            bench.ask(b"\x36\x01" + generator.randbytes(20))
        elif step == "34":
            bench.ask("3400440800400000000014")
        elif step == "block":
            for address, data in bench.new.items() if bench.server.session == PROGRAMMING_SESSION else ():
                bench.flash_block(address, data)
        elif step == "reset":
            bench.ask("1101")
        else:
            bench.ask(step)
        bench.wait(0.4)
        if bench.server.session != PROGRAMMING_SESSION:
            assert bench.server.in_boot is not bench.memory.valid
            started, stayed = started + bench.memory.valid, stayed + bench.server.in_boot
    assert started > 50 and stayed > 50


def _enter_boot(bench: Bench) -> None:
    bench.ask("1003")
    bench.ask("1002")
    bench.wait(0.4)
    bench.unlock(PROGRAMMING)
    bench.ask("2ef15a01")


def test_broadcasts_keep_their_period_and_are_not_made_up_for() -> None:
    _, initial, _ = car()
    caster = Broadcaster(initial.broadcast, 0.0)
    seen, now = 0, 0.0
    counters = []
    while now < 1.0:
        now = caster.next_deadline()
        for frame, data in caster.due(now):
            seen += frame.identifier == 0x390
            if frame.identifier == 0x390:
                counters.append(data[7])
    assert 49 <= seen <= 51 and counters[:18] == [*range(16), 0, 1]
    assert len(caster.due(now + 100.0)) <= len(initial.broadcast) + 2
    assert caster.next_deadline() > now + 99.0
    assert Broadcaster((), 0.0).next_deadline() == float("inf")
