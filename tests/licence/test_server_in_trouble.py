"""A server that answers 429, 500, 502, 503 or 504 is one that is away: grace, and each use is booked exactly once."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import BackendRefused, BackendUnreachable, LicenceCheckFailed, StartKeyServerUnreachable
from core.licence.account.polling import Polling
from core.licence.credit.outbox import Use, new_id
from core.licence.desk import SILENCE
from core.online.client.problems import LONGEST_WAIT, OAuthRefused, oauth_refusal, refusal
from core.online.client.way import Answer
from core.workbench import Workbench, open_workbench
from tests.licence.test_permits import PATIENCE, activated, connected, cut

TROUBLE = (429, 500, 502, 503, 504)
JSON = "application/json"


@pytest.fixture
def shop(home: Path) -> Iterator[Workbench]:
    """StartKey, log-in and one hour for vans."""
    with open_workbench() as workbench:
        activated(workbench)
        workbench.paper.buy("vans-hour")
        yield workbench


def answering(workbench: Workbench, status: int, path: str, *, does_it: bool = False, **more: Any) -> Callable[[], int]:
    """From now on `path` is answered with this status, after the server did what was asked for where `does_it`.
    Returns what mends it, which gives the number of questions that were answered so."""
    way = cut(workbench)
    workbench.paper.licence.desk.oauth()._way = way
    plain, asked = way.ask, []

    def ask(method: str, place: str, **words: Any) -> Answer:
        if path not in place:
            return plain(method, place, **words)
        asked.append(place)
        if does_it:
            plain(method, place, **words)
        return Answer(status, "text/html", b"<html>", 0.0, **more)

    way.ask = ask  # type: ignore[method-assign]

    def mended() -> int:
        way.ask = plain  # type: ignore[method-assign]
        workbench.paper.licence.desk.has_answered()
        return len(asked)

    return mended


@pytest.mark.parametrize("does_it", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("status", TROUBLE)
def test_a_job_goes_on_by_the_grace_and_is_booked_once(shop: Workbench, status: int, does_it: bool) -> None:
    for path in ("/permits", "/credit/post", "/oauth/token"):
        (before,) = shop.paper.credit()
        shop.paper.licence.booking.paid_until("vans", 0)  # the minute that the round before paid
        if path == "/oauth/token":
            _token_ran_out(shop)
        mended = answering(shop, status, path, does_it=does_it and path != "/oauth/token")
        with connected(shop) as vehicle:
            assert vehicle.faults("CLUSTER", clear=True).wait(PATIENCE) is not None
            assert vehicle.flash("CLUSTER", force=True).wait(PATIENCE).result == "flashed"
        waiting = sum(use.minutes for use in shop.paper.licence.desk.outbox.uses() if use.minutes > 0)
        assert waiting >= 1 and mended() == 1  # a server in trouble is not asked again by the next job
        (after,) = shop.paper.credit()
        assert (after.minutes, after.reserved) == (before.minutes - waiting, 0), path
        assert shop.paper.licence.desk.outbox.uses() == []


def _token_ran_out(workbench: Workbench) -> None:
    account = workbench.paper.licence.desk.account
    _, secret = account._kept_secret()
    account._store.save(type(secret)(secret.access, secret.refresh, 0))


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 501])
def test_a_no_stays_a_no(shop: Workbench, status: int) -> None:
    mended = answering(shop, status, "/permits")
    with connected(shop) as vehicle, pytest.raises(LicenceCheckFailed):
        vehicle.flash("CLUSTER").wait(PATIENCE)
    assert mended() and shop.paper.licence.desk.outbox.uses() == []


def test_the_check_of_a_startkey_names_the_server(shop: Workbench) -> None:
    for status in TROUBLE:
        mended = answering(shop, status, "/check")
        with pytest.raises(StartKeyServerUnreachable) as refused:
            shop.paper.activate_start_key()
        assert refused.value.code == "2221-47" and str(status) in refused.value.message and mended() == 1
    assert shop.paper.activate_start_key().green


def test_a_purchase_that_met_a_500_is_in_doubt_and_made_once(shop: Workbench) -> None:
    mended = answering(shop, 500, "/credit/buy", does_it=True)
    for _ in range(2):
        with pytest.raises(BackendUnreachable):
            shop.paper.buy("vans-hour")
    mended()
    assert shop.paper.buy("vans-hour").minutes == 120


def test_one_use_that_the_server_chokes_on_does_not_hold_up_the_others(shop: Workbench) -> None:
    desk = shop.paper.licence.desk
    first, second = (
        Use(new_id(), "", "demo", "Demo workshop", "vans", "survey", begun, 0, begun, 1, minutes=minutes)
        for begun, minutes in ((1, 2), (2, 5))
    )
    desk.outbox.put(first)
    desk.outbox.put(second)
    way = cut(shop)
    plain, status = way.ask, 500

    def ask(method: str, place: str, **words: Any) -> Answer:
        if words.get("headers", {}).get("Idempotency-Key", "").startswith(first.id):
            return Answer(status, JSON, b"{}", 0.0)
        return plain(method, place, **words)

    way.ask = ask  # type: ignore[method-assign]
    (balance,) = shop.paper.credit()
    assert balance.minutes == 55 and [use.id for use in desk.outbox.uses()] == [first.id]
    way.ask = plain  # type: ignore[method-assign]
    assert shop.paper.credit()[0].minutes == 53 and desk.outbox.uses() == []


def test_retry_after_is_honoured(shop: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    desk = shop.paper.licence.desk
    mended = answering(shop, 429, "/permits", retry_after="300")
    with connected(shop) as vehicle:
        vehicle.survey().wait(PATIENCE)
        for seconds, asked in ((299, 1), (301, 2)):
            monkeypatch.setattr(time, "monotonic", lambda s=seconds: now + s)
            assert desk.silent is (asked == 1)
            vehicle.survey().wait(PATIENCE)
    assert mended() == 2
    assert shop.paper.credit()[0].minutes == 59  # one minute, begun once


def test_what_retry_after_may_say() -> None:
    def waits(text: str) -> float:
        problem = refusal(Answer(429, "text/html", b"", 0.0, text))
        assert isinstance(problem, StartKeyServerUnreachable) and problem.status == 429
        return problem.retry_after

    assert [waits(text) for text in ("", "x", "-1", "1.5", "7", "0", "9" * 50)] == [0, 0, 0, 0, 7, 0, LONGEST_WAIT]
    assert 30 < waits(email.utils.formatdate(time.time() + 60, usegmt=True)) <= 61
    assert waits("Sun, 06 Nov 1994 08:49:37 GMT") == 0
    assert SILENCE < LONGEST_WAIT


def test_a_log_in_server_in_trouble_is_away_but_slow_down_is_an_answer() -> None:
    for status in TROUBLE:
        made = oauth_refusal(Answer(status, JSON, b'{"error":"server_error"}', 0.0, "9"))
        assert isinstance(made, BackendUnreachable) and made.retry_after == 9
    assert isinstance(oauth_refusal(Answer(429, JSON, b'{"error":"slow_down"}', 0.0)), OAuthRefused)
    assert isinstance(oauth_refusal(Answer(400, JSON, b'{"error":"invalid_grant"}', 0.0)), BackendRefused)
    polling = Polling(5, 1800, 0.0)
    polling.silent(5.0, 120.0)
    assert polling.next_at == 125.0
