"""The one permit of every vehicle job, on an embedded back end: each refusal by its cause."""

from __future__ import annotations

import base64
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.backend.context import Backend
from core.backend.identity import people, rights
from core.backend.issuer import keys, startkeys
from core.errors import (
    BackendUnreachable,
    ClockSetBack,
    CreditMissing,
    CreditUsedUp,
    LicenceCheckFailed,
    LocalNetworkFault,
    NotSignedIn,
    ReadOnlyNow,
    RightMissing,
    StartKeyExpired,
    StartKeyInvalid,
    StartKeyMissing,
    StartKeyOtherPc,
    StartKeyServerUnreachable,
    StorageFailed,
)
from core.events import JobFailed, NumberedMessageRaised, ProgressMade
from core.licence.clock import keeping
from core.licence.credit.outbox import Use, new_id
from core.licence.hardware import Traits, traits
from core.online.client.way import Answer
from core.online.wire import TICKET, PermitAnswer, Ticket, dumps, loads
from core.vocabulary import Role, StartKeyVerdict
from core.workbench import Vehicle, Workbench, WorkbenchPaths, open_workbench
from core.workbench.paper.permits import kind_of_requests
from tests.licence.support import DAY, OTHER
from tests.papers import commission, log_in_here

PATIENCE = 60
CAR = "sim:van"


@pytest.fixture
def bare(home: Path) -> Iterator[Workbench]:
    """Never commissioned."""
    with open_workbench() as workbench:
        yield workbench


@pytest.fixture
def ready(home: Path) -> Iterator[Workbench]:
    """StartKey, log-in, and a year of credit for every group."""
    commission(WorkbenchPaths.below(home))
    with open_workbench() as workbench:
        yield workbench


def backend(workbench: Workbench) -> Backend:
    workbench.paper.licence.desk.client()
    assert workbench.paper._embedded is not None
    return workbench.paper._embedded.backend


def activated(workbench: Workbench) -> None:
    """StartKey and log-in, no credit."""
    log_in_here(workbench.paper)
    workbench.paper.order_start_key()
    workbench.paper.activate_start_key()


def messages(workbench: Workbench) -> list[tuple[str, str]]:
    return [(e.code, e.severity) for e in workbench.stream.drain() if isinstance(e, NumberedMessageRaised)]


@contextmanager
def connected(workbench: Workbench, uri: str = CAR) -> Iterator[Vehicle]:
    vehicle = workbench.connect(uri, hosted=False)
    assert isinstance(vehicle, Vehicle)
    with vehicle:
        yield vehicle


class Away:
    """A way to the back end that can be cut, and that can lose answers on their way back."""

    def __init__(self, way: Any, problem: Exception | None = None) -> None:
        self.embedded, self.url, self._way = way.embedded, way.url, way
        self.problem, self.lose_answer_of, self.asked = problem, "", []  # type: ignore[var-annotated]

    def ask(self, method: str, path: str, **more: Any) -> Answer:
        self.asked.append(path)
        if self.problem is not None:
            raise self.problem
        answer: Answer = self._way.ask(method, path, **more)
        if self.lose_answer_of and self.lose_answer_of in path:
            raise BackendUnreachable("The connection broke.")
        return answer

    def close(self) -> None:
        self._way.close()


def cut(workbench: Workbench, problem: Exception | None = None) -> Away:
    client = workbench.paper.licence.desk.client()
    client.way = away = Away(client.way, problem)
    return away


# -- what needs no paper, and what does


def test_simulation_needs_no_set_up_and_touches_no_paper(bare: Workbench) -> None:
    with connected(bare) as vehicle:
        assert vehicle.survey().wait(PATIENCE).units
        assert vehicle.flash("CLUSTER").wait(PATIENCE).result == "flashed"
    assert not bare.paths.paper.exists() and not bare.paths.backend.exists()
    assert bare.paper.minutes_left("vans") is None and bare.paper.commissioned is False


def test_a_real_vehicle_needs_paper_before_the_first_byte(bare: Workbench) -> None:
    with bare.serve_garage("van", can="virtual/paper") as served, connected(bare, "can:virtual/paper") as vehicle:
        for job in (vehicle.identify, vehicle.survey, lambda: vehicle.uds("BODY", [bytes.fromhex("22f190")])):
            with pytest.raises(StartKeyMissing):
                job().wait(PATIENCE)
        records, _, _ = bare.stream.traffic.read_since(0)
        assert [record for record in records if not record.is_rx] == [] and served.describe()["units"]


def test_the_steps_of_a_newcomer_each_named_by_what_is_missing(bare: Workbench) -> None:
    paper = bare.paper
    with pytest.raises(NotSignedIn):
        paper.order_start_key()
    with pytest.raises(StartKeyMissing) as missing:
        paper.activate_start_key()
    assert missing.value.code == "2221-45"
    activated(bare)
    with connected(bare) as vehicle:
        vehicle.identify().wait(PATIENCE)  # opening the product group: a warning, no refusal
        assert messages(bare) == [("2173-42", "warning")]
        for job in (vehicle.survey, lambda: vehicle.flash("CLUSTER"), lambda: vehicle.coding_read("CLUSTER")):
            with pytest.raises(CreditMissing) as refused:
                job().wait(PATIENCE)
            assert refused.value.code == "2173-42"
        paper.buy("vans-hour")
        assert vehicle.survey().wait(PATIENCE).units
        assert paper.minutes_left("vans") == 59
        vehicle.survey().wait(PATIENCE)
        assert paper.minutes_left("vans") == 59  # inside the minute that is booked
        assert vehicle.flash("CLUSTER").wait(PATIENCE).result == "flashed"
    (balance,) = paper.credit()
    assert (balance.group, balance.reserved) == ("vans", 0) and 57 <= balance.minutes <= 59


def test_each_vehicle_tells_its_credit_once(bare: Workbench) -> None:
    activated(bare)
    bare.paper.buy("vans-hour")
    with connected(bare) as vehicle:
        vehicle.identify().wait(PATIENCE)
        vehicle.survey().wait(PATIENCE)
    assert messages(bare).count(("2173-43", "info")) == 1


def test_a_package_by_the_clock_begins_with_its_first_use(ready: Workbench) -> None:
    assert ready.paper.minutes_left("vans") in (0, None)
    with connected(ready) as vehicle:
        vehicle.survey().wait(PATIENCE)
        (row,) = [balance for balance in ready.paper.credit() if balance.group == "vans"]
        assert row.until is not None and 364 < (row.until - time.time()) / 86_400 < 367
        assert ready.paper.minutes_left("vans") is None
        vehicle.flash("CLUSTER").wait(PATIENCE)


# -- log-in and roles


def test_a_log_out_ends_the_right_to_begin(ready: Workbench) -> None:
    with connected(ready) as vehicle:
        ready.paper.logout()
        with pytest.raises(NotSignedIn):
            vehicle.survey().wait(PATIENCE)
        log_in_here(ready.paper)
        vehicle.survey().wait(PATIENCE)


def test_a_role_that_is_revoked_is_refused_at_once_and_granted_again(ready: Workbench) -> None:
    house = backend(ready)
    now = int(time.time() * 1000)

    def change(act: Callable[..., Any], **more: Any) -> None:
        def work(conn: Any) -> None:
            user = people.user_by_login(conn, "demo")
            assert user is not None
            act(conn, user.id, Role.FLASH, now, **more)

        house.write(work)

    with connected(ready) as vehicle:
        vehicle.survey().wait(PATIENCE)
        change(rights.revoke)
        for job in (lambda: vehicle.flash("CLUSTER"), lambda: vehicle.coding_write("CLUSTER", {})):
            with pytest.raises(RightMissing):
                job().wait(PATIENCE)
        with pytest.raises(RightMissing):
            vehicle.uds("CLUSTER", [bytes.fromhex("2e010000")]).wait(PATIENCE)
        vehicle.uds("CLUSTER", [bytes.fromhex("22f190")]).wait(PATIENCE)
        vehicle.faults("CLUSTER", clear=True).wait(PATIENCE)  # standard diagnosis
        change(rights.grant, activate=True)
        assert vehicle.flash("CLUSTER").wait(PATIENCE).result == "flashed"  # asked anew, no log-in needed


@pytest.mark.parametrize(
    ("requests", "kind"),
    [
        (["22f190", "190209", "3e00"], "uds"),
        (["22f190", "14ffffff"], "uds-change"),
        (["1101"], "uds-change"),
        (["2e010000"], "uds-write"),
        (["31010203"], "uds-write"),
        (["22f190", "3400"], "uds-write"),
        (["ba00"], "uds-write"),  # what nobody knows may do anything
    ],
)
def test_raw_requests_need_the_right_of_what_they_do(requests: list[str], kind: str) -> None:
    assert kind_of_requests([bytes.fromhex(text) for text in requests]) == kind


# -- StartKey


def test_a_copied_installation_is_another_pc(ready: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traits, "read_traits", lambda: Traits(OTHER))
    with open_workbench() as copy, connected(copy) as vehicle:
        assert copy.paper.start_key().verdict is StartKeyVerdict.OTHER_PC
        with pytest.raises(StartKeyOtherPc):
            vehicle.survey().wait(PATIENCE)
        assert copy.paper.account().user == ""


def test_a_newer_startkey_is_downloaded_by_itself(ready: Workbench) -> None:
    house = backend(ready)
    before = ready.paper.start_key()
    now = int(time.time() * 1000) + 60_000

    def renew(conn: Any) -> None:
        system = startkeys.system_of(conn, ready.paper.device_data().hardware_id)
        assert system is not None
        keys.rotate(conn, now)  # and the issuer has another key meanwhile
        startkeys.issue(conn, system.id, now)

    house.write(renew)
    after = ready.paper.activate_start_key()
    assert after.green and after.key_id != before.key_id and after.restart_needed
    assert ("2221-54", "warning") in messages(ready)
    with open_workbench() as restarted:
        assert restarted.paper.start_key().key_id == after.key_id
        assert not restarted.paper.start_key().restart_needed
        assert restarted.paper.activate_start_key().green and messages(restarted) == []


def test_a_startkey_of_a_stolen_key_is_replaced_at_the_next_check(ready: Workbench) -> None:
    house, paper = backend(ready), ready.paper
    desk = paper.licence.desk
    before, envelope = paper.start_key(), desk.files.envelope()
    stolen = house.read(keys.current_id)
    house.write(lambda conn: keys.distrust(conn, stolen, int(time.time() * 1000)))
    with connected(ready) as vehicle:
        with pytest.raises(StartKeyInvalid, match="not trusted any more") as refused:
            vehicle.survey().wait(PATIENCE)
        assert "Activate StartKey" in refused.value.advice
        after = paper.activate_start_key()
        assert after.green and after.key_id != before.key_id and after.restart_needed
        assert vehicle.survey().wait(PATIENCE).units
    desk.files.keep(envelope)  # what the thief could have made as well
    assert paper.start_key().verdict is StartKeyVerdict.INVALID and "stolen" in paper.start_key().words
    assert paper.activate_start_key().key_id == after.key_id


def test_a_ticket_of_a_stolen_key_is_none(ready: Workbench) -> None:
    house = backend(ready)
    thief = house.read(lambda conn: keys.signer(conn, 0))
    with connected(ready) as vehicle:
        vehicle.survey().wait(PATIENCE)
        away = cut(ready)
        plain, by_thief = away.ask, True

        def ask(method: str, path: str, **more: Any) -> Answer:
            answer: Answer = plain(method, path, **more)
            if "/permits" not in path or answer.status != 200 or not by_thief:
                return answer
            told = loads(PermitAnswer, answer.body)
            ticket = loads(Ticket, base64.b64decode(json.loads(told.ticket)["payload"]))
            return replace(answer, body=dumps(replace(told, ticket=thief.sign(TICKET, ticket))))

        away.ask = ask  # type: ignore[method-assign]
        vehicle.faults("CLUSTER").wait(PATIENCE)  # nobody knows of the theft: the signature is a good one
        house.write(lambda conn: keys.distrust(conn, thief.keyid, int(time.time() * 1000)))
        ready.paper.activate_start_key()
        with pytest.raises(LicenceCheckFailed):
            vehicle.faults("CLUSTER").wait(PATIENCE)
        by_thief = False
        vehicle.faults("CLUSTER").wait(PATIENCE)


def test_a_revoked_startkey_is_gone(ready: Workbench) -> None:
    def revoke(conn: Any) -> None:
        system = startkeys.system_of(conn, ready.paper.device_data().hardware_id)
        assert system is not None
        startkeys.revoke(conn, system.id, int(time.time() * 1000))

    backend(ready).write(revoke)
    with connected(ready) as vehicle, pytest.raises(StartKeyInvalid, match="revoked"):
        vehicle.survey().wait(PATIENCE)
    with pytest.raises(StartKeyInvalid):
        ready.paper.activate_start_key()
    assert ready.paper.start_key().verdict is StartKeyVerdict.MISSING


def test_a_startkey_file_goes_to_a_pc_without_network(ready: Workbench, tmp_path: Path) -> None:
    saved = tmp_path / "key.startkey"
    exported = ready.paper.export_device_data(tmp_path)
    order = ready.paper.order_start_key(exported, saved)
    assert order.file == str(saved)
    assert ready.paper.install_start_key(saved).green
    broken = tmp_path / "broken"
    broken.write_bytes(saved.read_bytes().replace(b"A", b"B", 1))
    with pytest.raises(StartKeyInvalid):
        ready.paper.install_start_key(broken)
    assert ready.paper.start_key().green  # what was good stays


def wall(monkeypatch: pytest.MonkeyPatch, days: float) -> None:
    """The clock of this PC, after a restart."""
    now, boot = time.time_ns() // 1_000_000 + int(days * DAY), f"boot {days}"
    monkeypatch.setattr(keeping.Clocks, "now", staticmethod(lambda: keeping.Clocks(now, 0, boot)))


def test_thirty_days_of_grace_then_read_only_then_a_check_lifts_it(
    ready: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connected(ready) as vehicle:
        vehicle.survey().wait(PATIENCE)
        away = cut(ready, BackendUnreachable("The back end is switched off."))
        licence = ready.paper.licence
        wall(monkeypatch, 22)
        assert vehicle.flash("CLUSTER").wait(PATIENCE).result == "flashed"
        wall(monkeypatch, 24)
        messages(ready)
        assert ready.paper.start_key().verdict is StartKeyVerdict.GRACE_WARNING and ready.paper.start_key().green
        vehicle.flash("CLUSTER", force=True).wait(PATIENCE)
        assert ("PB-704", "warning") in messages(ready)
        wall(monkeypatch, 31)
        for change in (lambda: vehicle.flash("CLUSTER"), lambda: vehicle.faults("CLUSTER", clear=True),
                       lambda: vehicle.uds("CLUSTER", [b"\x11\x01"])):  # fmt: skip
            with pytest.raises(ReadOnlyNow):
                change().wait(PATIENCE)
        assert vehicle.survey().wait(PATIENCE).units and vehicle.faults("CLUSTER").wait(PATIENCE)
        wall(monkeypatch, 20)  # the clock set back: no day is bought
        with pytest.raises(ClockSetBack):
            vehicle.flash("CLUSTER").wait(PATIENCE)
        wall(monkeypatch, 31)
        away.problem = None
        licence.desk.has_answered()
        monkeypatch.setattr(backend(ready), "clock", lambda: time.time() + 31 * 86_400)
        with pytest.raises(NotSignedIn):  # a log-in that was not refreshed for so long has ended
            vehicle.flash("CLUSTER", force=True).wait(PATIENCE)
        log_in_here(ready.paper)
        assert vehicle.flash("CLUSTER", force=True).wait(PATIENCE).result == "flashed"
        assert ready.paper.start_key().verdict is StartKeyVerdict.VALID
        wall(monkeypatch, 800)
        away.problem = BackendUnreachable("The back end is switched off.")
        with pytest.raises(StartKeyExpired):
            vehicle.survey().wait(PATIENCE)


# -- the numbered messages by their real causes


@pytest.mark.parametrize(
    ("problem", "error", "code"),
    [
        (BackendUnreachable("refused"), StartKeyServerUnreachable, "2221-47"),
        (LocalNetworkFault("no route"), LocalNetworkFault, "2173-39"),
    ],
)
def test_a_server_or_network_that_is_away(ready: Workbench, problem: Exception, error: type, code: str) -> None:
    cut(ready, problem)
    with pytest.raises(error) as refused:
        ready.paper.activate_start_key()
    assert refused.value.code == code
    state = ready.paper.backend_state()
    assert not state.reachable and state.words


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, "application/json", b'{"envelope": "x"}', 0.0),
        Answer(200, "text/html", b"<html>", 0.0),
        Answer(200, "application/json", b"{", 0.0),
        Answer(501, "text/html", b"Traceback", 0.0),
        Answer(302, "text/html", b"", 0.0),
    ],
)
def test_an_answer_that_makes_no_sense_is_2173_40(ready: Workbench, answer: Answer) -> None:
    away = cut(ready)
    plain = away.ask
    away.ask = lambda method, path, **more: answer if "/check" in path else plain(method, path, **more)  # type: ignore[method-assign]
    with pytest.raises((LicenceCheckFailed, StartKeyInvalid)) as refused:
        ready.paper.activate_start_key()
    assert refused.value.code in ("2173-40", "PB-701")
    assert ready.paper.start_key().green


def test_an_old_answer_played_back_is_refused(ready: Workbench) -> None:
    away = cut(ready)
    plain, kept = away.ask, []

    def ask(method: str, path: str, **more: Any) -> Answer:
        if "/check" not in path:
            return plain(method, path, **more)
        kept.append(plain(method, path, **more))
        return kept[0]

    away.ask = ask  # type: ignore[method-assign]
    assert ready.paper.activate_start_key().green
    with pytest.raises(LicenceCheckFailed, match="played back"):
        ready.paper.activate_start_key()


def test_a_start_checks_by_itself_and_tells_the_list(ready: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    away = cut(ready, BackendUnreachable("switched off"))
    ready.paper.check_at_start()
    assert away.asked == [] and messages(ready) == []  # checked a moment ago
    tomorrow = time.time() + 86_400
    monkeypatch.setattr(time, "time", lambda: tomorrow)
    ready.paper.check_at_start()
    assert messages(ready) == [("2221-47", "error")]


# -- credit that runs out, jobs that go on


def use_up(workbench: Workbench, left: int) -> None:
    """Books all but `left` minutes of the vans' hour."""
    licence = workbench.paper.licence
    (balance,) = workbench.paper.credit()
    use = Use(new_id(), "", "demo", "Demo workshop", "vans", "survey", 0, 0, 0, 1, minutes=balance.minutes - left)
    licence.desk.outbox.put(use)
    licence.booking.send_waiting()


def test_warnings_at_thirty_ten_and_five_and_then_used_up(bare: Workbench) -> None:
    activated(bare)
    bare.paper.buy("vans-hour")
    messages(bare)
    for left, warned in ((31, 0), (30, 1), (12, 0), (10, 1), (6, 0), (5, 1), (1, 0)):
        use_up(bare, left)
        assert messages(bare).count(("2173-43", "warning")) == warned, left
        assert bare.paper.minutes_left("vans") == left
    with connected(bare) as vehicle:
        vehicle.survey().wait(PATIENCE)
        with pytest.raises(CreditUsedUp) as refused:
            vehicle.flash("CLUSTER").wait(PATIENCE)
        assert refused.value.code == "2173-44"
        assert any(isinstance(e, JobFailed) and e.code == "2173-44" for e in bare.stream.drain())


def test_a_running_flash_goes_on_when_all_paper_runs_out(bare: Workbench) -> None:
    """Credit, log-in and back end are gone in its middle: it ends well, and is booked when there is a way again."""
    activated(bare)
    bare.paper.buy("vans-hour")
    with connected(bare) as vehicle:
        vehicle.identify().wait(PATIENCE)
        job = vehicle.flash("CLUSTER")
        while not any(isinstance(e, ProgressMade) and e.done for e in bare.stream.drain()):
            assert not job.ended(0.005), job.error
        (bare.paths.paper / "embedded" / "tokens.json").unlink()
        away = cut(bare, BackendUnreachable("The cable is out."))
        assert job.wait(PATIENCE).result == "flashed"
    away.problem = None
    bare.paper.licence.desk.has_answered()
    waiting = bare.paper.licence.desk.outbox.uses()
    assert [use.minutes > 0 for use in waiting] == [True]
    log_in_here(bare.paper)
    (balance,) = bare.paper.credit()
    assert balance.minutes == 60 - waiting[0].minutes and bare.paper.licence.desk.outbox.uses() == []


def test_a_full_disk_at_the_end_of_a_flash_is_a_warning(bare: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The unit is flashed; what it used is booked from the entry of its start."""
    activated(bare)
    bare.paper.buy("vans-hour")
    outbox = bare.paper.licence.desk.outbox
    plain = outbox.put

    def full(entry: Any) -> None:
        if getattr(entry, "minutes", -1) >= 0:
            raise StorageFailed("The list of credit to be booked cannot be written: No space left on device.")
        plain(entry)

    monkeypatch.setattr(outbox, "put", full)
    with connected(bare) as vehicle:
        assert vehicle.flash("CLUSTER").wait(PATIENCE).result == "flashed"
    assert (StorageFailed.code, "warning") in messages(bare)
    monkeypatch.setattr(outbox, "put", plain)
    (balance,) = bare.paper.credit()
    assert 57 <= balance.minutes <= 59 and balance.reserved == 0


def test_a_package_by_the_clock_may_begin_without_network(ready: Workbench) -> None:
    ready.paper.credit()  # seen once
    cut(ready, BackendUnreachable("The cable is out."))
    with connected(ready) as vehicle:
        assert vehicle.survey().wait(PATIENCE).units


def test_a_killed_process_is_booked_by_the_next_one(bare: Workbench) -> None:
    activated(bare)
    bare.paper.buy("vans-hour")
    desk = bare.paper.licence.desk
    begun = time.time_ns() // 1_000_000 - 400_000
    use = Use("b" * 32, "", "demo", "Demo workshop", "vans", "flash", begun, 0, begun, 10)
    desk.outbox.put(use)
    file = bare.paths.paper / "embedded" / "uses" / f"{use.id}.json"
    os.utime(file, ((begun + 170_000) / 1000,) * 2)  # the last sign of life: 170 s after its start
    held = desk.outbox.hold(use)
    assert held is not None
    assert bare.paper.credit()[0].minutes == 60  # its job runs
    held.release()
    assert bare.paper.credit()[0].minutes == 57
    assert bare.paper.credit()[0].minutes == 57 and not file.exists()


def test_a_purchase_whose_answer_is_lost_is_made_once(bare: Workbench) -> None:
    activated(bare)
    away = cut(bare)
    away.lose_answer_of = "/credit/buy"
    for _ in range(3):
        with pytest.raises(BackendUnreachable):
            bare.paper.buy("vans-hour")
    away.lose_answer_of = ""
    assert bare.paper.buy("vans-hour").minutes == 60
    assert bare.paper.buy("vans-hour").minutes == 120  # another wish


def test_a_booking_whose_answer_is_lost_is_made_once(bare: Workbench) -> None:
    activated(bare)
    bare.paper.buy("vans-hour")
    away = cut(bare)
    with connected(bare) as vehicle:
        away.lose_answer_of = "/credit/post"
        vehicle.survey().wait(PATIENCE)
        away.lose_answer_of = ""
        bare.paper.licence.desk.has_answered()
        assert bare.paper.credit()[0].minutes == 59
        away.lose_answer_of = "/permits"
        bare.paper.licence.desk.has_answered()
        vehicle.flash("CLUSTER").wait(PATIENCE)
        away.lose_answer_of = ""
        bare.paper.licence.desk.has_answered()
    (balance,) = bare.paper.credit()
    assert 57 <= balance.minutes <= 59 and balance.reserved == 0  # what was set apart and not told is given back


def test_nothing_is_sent_before_it_is_on_the_disk(bare: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    activated(bare)
    desk = bare.paper.licence.desk
    away = cut(bare)
    plain = away.ask
    there: dict[str, int] = {}

    def ask(method: str, path: str, **more: Any) -> Answer:
        for name, kept in (("/credit/buy", desk.outbox.purchases), ("/permits", desk.outbox.uses)):
            if name in path:
                there[name] = len(kept())
                assert more["headers"]["Idempotency-Key"] == kept()[-1].id
        return plain(method, path, **more)

    away.ask = ask  # type: ignore[method-assign]
    bare.paper.buy("vans-hour")
    with connected(bare) as vehicle:
        vehicle.survey().wait(PATIENCE)
    assert there == {"/credit/buy": 1, "/permits": 1}


def test_many_threads_may_ask_at_once(ready: Workbench) -> None:
    seen: list[int] = []
    threads = [threading.Thread(target=lambda: seen.append(len(ready.paper.credit()))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [4] * 6


def test_the_overview_names_what_is_missing(bare: Workbench) -> None:
    rows = {row.name: row for row in bare.paper.system_overview()}
    assert rows["StartKey"].ok is False and rows["Log-in"].ok is False and rows["Back end"].ok is True
    activated(bare)
    rows = {row.name: row for row in bare.paper.system_overview()}
    assert rows["StartKey"].ok and rows["Log-in"].value == "demo" and rows["Time credit"].ok is False
    assert replace(rows["Hardware ID"], value="") and len(rows["Hardware ID"].value) == 12


def test_a_pc_that_never_had_network_takes_a_startkey_by_the_issuers_key(
    ready: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings name the back end's first key; without it nothing says whose signature that is."""
    saved = tmp_path / "key.startkey"
    ready.paper.order_start_key(None, saved)
    first = ready.paper.licence.desk.client().keys().keys[0].public
    with socket.create_server(("127.0.0.1", 0)) as probe:
        monkeypatch.setenv("PASSBAY_BACKEND__URL", f"http://127.0.0.1:{probe.getsockname()[1]}")
    for key, error in (("", BackendUnreachable), ("ab" * 32, StartKeyInvalid), (first, None)):
        monkeypatch.setenv("PASSBAY_BACKEND__ISSUER_KEY", key)
        with open_workbench() as away:
            if error is None:
                assert away.paper.install_start_key(saved).green and away.paper.start_key().green
            else:
                with pytest.raises(error):
                    away.paper.install_start_key(saved)
                assert not away.paper.start_key().green
