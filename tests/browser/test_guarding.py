"""Names, origins and rates of the door: pure."""

from __future__ import annotations

import pytest

from tui.browser.guarding import Names, Rate, host_name, same_origin


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("127.0.0.1:8022", "127.0.0.1"),
        ("[::1]:8022", "::1"),
        ("LOCALHOST", "localhost"),
        ("shop-pc.example", "shop-pc.example"),
        ("user@127.0.0.1", ""),
        ("127.0.0.1/path", ""),
        ("127.0.0.1:port", ""),
        ("127.0.0.1:8022?x", ""),
        ("[::1", ""),
        ("", ""),
    ],
)
def test_the_name_in_a_host_header(header: str, name: str) -> None:
    assert host_name(header) == name


def test_a_loopback_door_knows_its_own_names_only() -> None:
    names = Names("127.0.0.1", "http://127.0.0.1:8022", ("shop-pc",))
    for known in ("127.0.0.1:8022", "localhost:9000", "[::1]:1", "shop-pc:8022", "Shop-PC"):
        assert names.knows(known), known
    for rebound in ("evil.example:8022", "127.0.0.1.evil.example", "192.0.2.7:8022", "0.0.0.0:8022", "", "@127.0.0.1"):
        assert not names.knows(rebound), rebound


def test_a_door_on_all_interfaces_answers_to_addresses_and_its_names() -> None:
    names = Names("0.0.0.0", "https://shop.example:8022", ("shop-pc",))
    for known in ("192.0.2.7:8022", "[2001:db8::1]:8022", "shop.example:8022", "shop-pc:8022"):
        assert names.knows(known), known
    assert not names.knows("evil.example:8022")


def test_an_origin_is_scheme_name_and_port() -> None:
    assert same_origin("http://127.0.0.1:8022", "http", "127.0.0.1:8022")
    for other in ("https://127.0.0.1:8022", "http://127.0.0.1:8023", "http://localhost:8022", "null", ""):
        assert not same_origin(other, "http", "127.0.0.1:8022"), other


def test_a_rate_of_each_and_of_all() -> None:
    rate = Rate(2, 3, 60.0)
    assert [rate.admits("a", now) for now in (0.0, 1.0, 2.0)] == [True, True, False]
    assert rate.admits("b", 3.0)
    assert not rate.admits("c", 4.0)  # all together
    assert rate.admits("a", 60.0)  # the first one is a minute old
    assert not rate.admits("a", 60.5)


def test_a_rate_keeps_no_more_addresses_than_it_can_bear() -> None:
    rate = Rate(1, 10_000, 60.0)
    assert all(rate.admits(f"192.0.2.{number}", 0.0) for number in range(5000))
    assert len(rate._times) <= 1000
