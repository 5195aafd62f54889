"""A2: polling obeys the server (RFC 8628, section 3.5). A1: tokens are in their place alone. Users in turn."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.errors import BackendUnreachable, LicenceCheckFailed, NotSignedIn
from core.licence.account import Account, Polling, Secret, TokenStore, tokens
from core.licence.account.logging_in import LoggingIn
from core.licence.account.polling import PollState
from core.online.client import BackendClient
from core.online.client.http import over_network
from core.online.client.oauth import OAuthClient
from core.vocabulary import AccountState, Role
from tests.licence.scripted import Script, Watch, serving
from tests.licence.scripted import tokens as told_tokens


@contextmanager
def at(script: Script, folder: Path, issuer: str = "") -> Iterator[tuple[OAuthClient, Account]]:
    way = over_network(script.url)
    client, oauth = BackendClient(way), OAuthClient(way, issuer, "passbay", "passbay")
    try:
        yield oauth, Account(folder, "4FDEB136488F", script.url, lambda: client, lambda: oauth)
    finally:
        client.close()


def log_in(oauth: OAuthClient, account: Account) -> AccountState:
    watch = Watch()
    return LoggingIn(oauth, account, clock=watch.clock, wait_for=watch.wait).wait(threading.Event())


@pytest.mark.parametrize(
    ("script", "waits", "ending"),
    [
        (["authorization_pending"] * 3 + [told_tokens()], [5, 5, 5, 5], "anna"),
        (["authorization_pending", "slow_down", "authorization_pending", told_tokens()], [5, 5, 10, 10], "anna"),
        (["slow_down", "slow_down", told_tokens()], [5, 10, 15], "anna"),
        (["authorization_pending", "access_denied", told_tokens()], [5, 5], "denied"),
        (["expired_token", told_tokens()], [5], "not approved in time"),
        (["500", told_tokens()], [5, 10], "anna"),
        (["drop", "drop", told_tokens()], [5, 10, 20], "anna"),
        (["drop", "slow_down", told_tokens()], [5, 10, 15], "anna"),
        (["invalid_client", told_tokens()], [5], "refused"),
        (["authorization_pending"] * 50, [5] * 11, "not approved in time"),
    ],
)
def test_polling_obeys_the_server(tmp_path: Path, script: list[Any], waits: list[float], ending: str) -> None:
    watch = Watch()
    with serving(Script(list(script))) as server, at(server, tmp_path) as (oauth, account):
        under_way = LoggingIn(oauth, account, clock=watch.clock, wait_for=watch.wait)
        assert under_way.prompt.user_code == "WDJB-MJHT" and "DEVICE-CODE" not in repr(under_way.prompt)
        if ending == "anna":
            assert under_way.wait(threading.Event()).user == "anna"
        else:
            with pytest.raises(NotSignedIn, match=ending):
                under_way.wait(threading.Event())
        assert watch.waits == waits
        assert len(server.asked) == len(waits) and all(f["device_code"] == "DEVICE-CODE" for f in server.asked)


def test_a_log_in_is_stopped_at_once(tmp_path: Path) -> None:
    with serving(Script([])) as server, at(server, tmp_path) as (oauth, account):
        stop = threading.Event()
        stop.set()
        begun = time.monotonic()
        with pytest.raises(NotSignedIn, match="stopped"):
            LoggingIn(oauth, account).wait(stop)
        assert time.monotonic() - begun < 2 and server.asked == []


def test_intervals_never_get_shorter_and_no_question_comes_after_the_end() -> None:
    polling = Polling(5, 1800, 0.0)
    before, now = 5.0, 0.0
    for error in ["slow_down", "authorization_pending", "slow_down"] * 3:
        now = polling.next_at
        polling.answered(error, now)
        assert polling.next_at - now >= before
        before = polling.next_at - now
    polling.silent(now)
    assert polling.next_at - now >= before
    polling.look(1800.0)
    assert polling.state is PollState.EXPIRED


def test_a_provider_under_another_name_is_refused(tmp_path: Path) -> None:
    with (
        serving(Script([])) as server,
        at(server, tmp_path, "http://127.0.0.1:9/other") as (oauth, account),
        pytest.raises(BackendUnreachable),
    ):
        LoggingIn(oauth, account)
    with serving(Script([])) as server, at(server, tmp_path, f"{server.url}/") as (oauth, account):
        LoggingIn(oauth, account)
    with serving(Script([])) as server:
        way = over_network(server.url)
        server.url = "https://somebody.else"
        with pytest.raises((LicenceCheckFailed, BackendUnreachable), match=r"another issuer|without TLS"):
            OAuthClient(way, "", "passbay", "x").start()
        way.close()


# -- tokens


def test_tokens_are_refreshed_in_time_and_by_one_at_a_time(tmp_path: Path) -> None:
    answers = [told_tokens(expires_in=1), told_tokens("ACCESS-2", "REFRESH-2"), told_tokens("ACCESS-3", "REFRESH-3")]
    with serving(Script(list(answers))) as server, at(server, tmp_path) as (oauth, account):
        log_in(oauth, account)
        seen: list[str] = []
        threads = [threading.Thread(target=lambda: account.call(seen.append)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == ["ACCESS-2"] * 8
        assert [f["grant_type"] for f in server.asked[1:]] == ["refresh_token"]
        assert server.asked[1]["refresh_token"] == "REFRESH-1"

        def refuse_the_second(token: str) -> str:
            if token == "ACCESS-2":
                raise NotSignedIn("The back end does not take it any more.")
            return token

        assert account.call(refuse_the_second) == "ACCESS-3"


def test_a_role_that_was_taken_away_is_gone_at_the_next_refresh(tmp_path: Path) -> None:
    script = Script([told_tokens(expires_in=1), told_tokens("ACCESS-2")])
    with serving(script) as server, at(server, tmp_path) as (oauth, account):
        log_in(oauth, account)
        assert Role.FLASH in account.state().roles
        server.account["roles"] = ["standard-diagnosis"]
        account.call(lambda token: token)
        assert account.state().roles == (Role.STANDARD_DIAGNOSIS,)


def test_an_ended_log_in_is_forgotten(tmp_path: Path) -> None:
    script = Script([told_tokens(expires_in=1), "invalid_grant"])
    with serving(script) as server, at(server, tmp_path) as (oauth, account):
        log_in(oauth, account)
        with pytest.raises(NotSignedIn, match="has ended"):
            account.call(lambda token: token)
        assert account.state().user == "" and not (tmp_path / "tokens.json").exists()


def test_several_users_in_turn(tmp_path: Path) -> None:
    script = Script([told_tokens(), told_tokens("ACCESS-B", "REFRESH-B")])
    with serving(script) as server, at(server, tmp_path) as (oauth, account):
        assert log_in(oauth, account).user == "anna"
        server.account["login"] = "bert"
        assert log_in(oauth, account).user == "bert"
        assert server.revoked == ["REFRESH-1"]  # nothing of the one before stays behind
        account.logout()
        assert server.revoked == ["REFRESH-1", "REFRESH-B"]
        assert account.state().user == "" and not (tmp_path / "tokens.json").exists()


def test_logging_out_works_while_the_back_end_is_away(tmp_path: Path) -> None:
    with serving(Script([told_tokens()])) as server, at(server, tmp_path) as (oauth, account):
        log_in(oauth, account)
    with at(server, tmp_path) as (_, account):
        assert account.state().user == "anna"
        account.logout()
        assert account.state().user == "" and not (tmp_path / "tokens.json").exists()


@pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
def test_nobody_else_can_read_them_under_any_umask(tmp_path: Path) -> None:
    folder = tmp_path / "paper"
    before = os.umask(0)
    try:
        store = TokenStore(folder)
        place = store.save(Secret("CANARY-A", "CANARY-R", 1))
        assert place == tokens.FILE
        modes = {path: path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())}
        assert modes == {folder: 0o700, folder / "tokens.json": 0o600}
        folder.chmod(0o755)
        (folder / "tokens.json").chmod(0o644)
        assert store.load(place) == Secret("CANARY-A", "CANARY-R", 1)
        assert folder.stat().st_mode & 0o777 == 0o700 and (folder / "tokens.json").stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


def test_a_keyring_that_hangs_costs_two_seconds_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring
    from keyring.backend import KeyringBackend

    never = threading.Event()

    class Locked(KeyringBackend):
        priority = 5  # type: ignore[assignment]

        def get_password(self, service: str, username: str) -> str | None:
            never.wait()
            return None

        def set_password(self, service: str, username: str, password: str) -> None:
            never.wait()

        def delete_password(self, service: str, username: str) -> None:
            never.wait()

    monkeypatch.setattr(keyring, "get_keyring", Locked)
    begun = time.monotonic()
    store = TokenStore(tmp_path / "paper")
    assert store.save(Secret("A", "R", 1)) == tokens.FILE
    assert store.load(tokens.FILE) == Secret("A", "R", 1) and store.load(tokens.KEYRING) is None
    assert 1.9 < time.monotonic() - begun < 3.0
    never.set()


def test_a_keyring_that_answers_keeps_them_and_no_file_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring
    from keyring.backend import KeyringBackend

    kept: dict[tuple[str, str], str] = {}

    class Ring(KeyringBackend):
        priority = 5  # type: ignore[assignment]

        def get_password(self, service: str, username: str) -> str | None:
            return kept.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            kept[service, username] = password

        def delete_password(self, service: str, username: str) -> None:
            del kept[service, username]

    monkeypatch.setattr(keyring, "get_keyring", Ring)
    store, other = TokenStore(tmp_path / "paper"), TokenStore(tmp_path / "other")
    assert store.save(Secret("A", "R", 1)) == other.save(Secret("B", "S", 2)) == tokens.KEYRING
    assert store.load(tokens.KEYRING) == Secret("A", "R", 1) and not (tmp_path / "paper").exists()
    store.forget(tokens.KEYRING)
    assert store.load(tokens.KEYRING) is None and other.load(tokens.KEYRING) == Secret("B", "S", 2)


def test_no_text_of_an_object_or_log_shows_a_token(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    canaries = ["CANARY-ACCESS", "CANARY-REFRESH", "DEVICE-CODE"]
    watch = Watch()
    script = Script(["authorization_pending", told_tokens(*canaries[:2]), "invalid_grant"])
    with serving(script) as server, at(server, tmp_path) as (oauth, account):
        under_way = LoggingIn(oauth, account, clock=watch.clock, wait_for=watch.wait)
        state = under_way.wait(threading.Event())
        shown = [repr(state), repr(account.kept()), repr(account._kept_secret()), repr(under_way.prompt)]
        with pytest.raises(NotSignedIn) as failure:
            account.call(lambda token: (_ for _ in ()).throw(NotSignedIn("no")))
        shown += [repr(failure.value), str(failure.value.__cause__), caplog.text]
    assert not [(canary, text) for canary in canaries for text in shown if canary in text]
