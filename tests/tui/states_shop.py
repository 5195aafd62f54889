"""States of the shop's screens for the snapshots: PC check, hosts and ports, Support Tool, contacts, bundle, a page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from textual.pilot import Pilot

from tests.tui.support import quiet

Walk = Callable[[Pilot[Any]], Awaitable[None]]


async def check_pc(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await quiet(pilot)
    app.go("check")
    await quiet(pilot)


async def check_network(pilot: Pilot[Any]) -> None:
    await check_pc(pilot)
    await pilot.press("2")
    await quiet(pilot)


async def support(pilot: Pilot[Any]) -> None:
    await quiet(pilot)
    await pilot.press("0")
    await quiet(pilot)


async def contacts(pilot: Pilot[Any]) -> None:
    await support(pilot)
    await pilot.press("2")
    await quiet(pilot)


async def bundle(pilot: Pilot[Any]) -> None:
    await support(pilot)
    await pilot.press("e")
    await quiet(pilot)
    pilot.app.clear_notifications()
    await quiet(pilot)


async def page(pilot: Pilot[Any]) -> None:
    await support(pilot)
    await pilot.press("enter")
    await quiet(pilot)


SHOP_STATES: dict[str, Walk] = {
    "check-pc": check_pc,
    "check-network": check_network,
    "support": support,
    "support-contacts": contacts,
    "support-bundle": bundle,
    "support-page": page,
}
SHOP_MAIN = ("check-network", "support")
