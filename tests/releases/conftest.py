"""A shop with two releases and two AddOns, and a customer's empty library."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.releases.shop import FIRST, SECOND, Customer, Shop, some_bytes


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path / "shop")
    shop.release("2026.06", FIRST, notes="# June", released=1_780_272_000)
    shop.release("2026.09", SECOND, notes="# September", released=1_788_220_800)
    shop.addon("radio", "1.0", {"radio.pdx": some_bytes(9, 30_000)}, needs_release="2026.09")
    shop.addon("radio-help", "1.0", {"radio.md": b"# Radio\n"}, needs=("radio",))
    return shop


@pytest.fixture
def customer(tmp_path: Path) -> Customer:
    return Customer(tmp_path / "library")
