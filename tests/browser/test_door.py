"""What the door answers, to whom, and what it does not: no visit, stolen ones, other pages, floods, hostile words."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import aiohttp
import pytest

from core.vocabulary import Decision
from tests.browser.doors import COOKIE, first_words, gone, new_client, open_door, said
from tui.browser import apps, server
from tui.browser.entrance import Limits, Patience
from tui.browser.server import LARGEST_MESSAGE, OPEN_TO_ALL, STATIC

HTML = "text/html"


@pytest.fixture(autouse=True)
def small_app(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apps, "COMMAND", (sys.executable, "-m", "tests.browser.small_app"))


# -- nothing without a visit


async def test_without_a_visit_that_is_in_every_route_is_refused(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, new_client() as waiting, new_client() as ended, new_client() as stolen:
        assert (await door.knock(client=waiting)).status == 303
        visit = await door.let_in(client=ended)
        door.book.decide(visit.id, Decision.END)
        await door.until(visit.id, "ended")
        stolen.cookie_jar.update_cookies({COOKIE: visit.id}, aiohttp.client.URL(door.url))
        walked = 0
        for client in (door.client, waiting, ended, stolen):
            for route in door.app.router.routes():
                assert route.resource is not None and route.name is not None
                for file in STATIC:
                    path = route.resource.canonical.replace("{name}", file).replace("{key}", "abcd")
                    answer = await client.request(
                        route.method, door.url + path, headers=door.origin(), allow_redirects=False
                    )
                    text = await answer.text()
                    walked += 1
                    if route.name in OPEN_TO_ALL:
                        assert answer.status in (200, 303, 429), (path, answer.status)
                    else:
                        assert answer.status == 401, (path, answer.status)
                    assert "script" not in text and "textual" not in text and "/ws" not in text, path
            for path in ("/nothing", "/static/", "/static/%2e%2e/server.py", "/ws/", "/download/", "//", "/visits"):
                answer = await client.get(door.url + path)
                assert answer.status == 401, path
        assert walked > 100
        assert not [each for entry in door.entrance._entries.values() for each in entry.windows]


@pytest.mark.parametrize("origin", ["http://evil.example", "https://{host}", "http://localhost:{port}", "null", ""])
async def test_a_page_of_somebody_else_gets_no_websocket_and_sends_no_form(tmp_path: Path, origin: str) -> None:
    async with open_door(tmp_path) as door:
        await door.let_in()
        host = door.url.removeprefix("http://")
        headers = {"Origin": origin.format(host=host, port=host.partition(":")[2])} if origin else {}
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await door.client.ws_connect(f"{door.url}/ws", headers=headers)
        assert refused.value.status == 403
        for path in ("/log-in", "/log-out"):
            answer = await door.client.post(door.url + path, headers=headers, allow_redirects=False)
            assert answer.status == 403
        assert "terminal" in await (await door.client.get(door.url)).text()  # the visit has not ended by it


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8022", "192.0.2.7", "x@127.0.0.1", ""])
async def test_a_name_that_was_pointed_at_this_pc_gets_nothing(tmp_path: Path, host: str) -> None:
    async with open_door(tmp_path) as door:
        await door.let_in()
        for path in ("/", "/static/textual.js", "/ws"):
            answer = await door.client.get(door.url + path, headers={"Host": host, "Origin": f"http://{host}"})
            assert answer.status in (400, 421), path
            assert "terminal" not in await answer.text()


async def test_a_thousand_log_ins_are_not_heard(tmp_path: Path) -> None:
    async with open_door(tmp_path, limits=Limits(logins=10)) as door:
        statuses = []
        for _ in range(1000):
            async with new_client() as client:
                statuses.append((await door.knock(client=client)).status)
        assert statuses.count(303) == 10 and statuses.count(429) == 990
        assert len(door.book.visits()) == 10 and len(door.entrance._entries) == 10


async def test_one_browser_knocks_once(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        for _ in range(5):
            assert (await door.knock()).status == 303
        assert len(door.book.visits()) == 1


@pytest.mark.parametrize("limits", [Limits(logins=99, entries=2), Limits(logins=99, entries_of_all=2)])
async def test_no_more_visitors_than_there_is_room_for(tmp_path: Path, limits: Limits) -> None:
    async with open_door(tmp_path, limits=limits) as door:
        for expected in (303, 303, 429):
            async with new_client() as client:
                assert (await door.knock(client=client)).status == expected


# -- pages


async def test_every_answer_carries_the_headers_and_no_inline_script(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        answers = [await door.client.get(door.url), await door.client.get(door.url + "/nothing"), await door.knock()]
        answers.append(await door.client.get(door.url))  # waits
        visit = door.book.visits()[0]
        door.book.decide(visit.id, Decision.LET_IN)
        await door.until(visit.id, "in")
        answers += [await door.client.get(door.url), await door.client.get(door.url + "/nothing")]
        answers += [await door.client.get(f"{door.url}/static/{file}") for file in STATIC]
        for answer in answers:
            assert answer.headers["X-Content-Type-Options"] == "nosniff", answer.url
            assert answer.headers["Cache-Control"] == "no-store"
            if answer.content_type == HTML and answer.status != 303:
                policy, text = answer.headers["Content-Security-Policy"], await answer.text()
                assert policy.startswith("default-src 'none'") and "frame-ancestors 'none'" in policy
                assert "script-src" not in policy or "script-src 'self';" in policy
                assert "eval" not in policy and "http" not in policy
                assert "<script>" not in text and "onclick" not in text.lower()
        cookie = answers[2].headers["Set-Cookie"]
        assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie
        assert len(cookie.partition("=")[2].partition(";")[0]) >= 43  # 256 bits


async def test_only_files_of_the_table_are_served(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        await door.let_in()
        for file, (_path, kind) in STATIC.items():
            answer = await door.client.get(f"{door.url}/static/{file}")
            assert (answer.status, answer.content_type) == (200, kind)
        for path in ("/static/", "/static/..%2f..%2fserver.py", "/static/%2e%2e%2fserver.py", "/static/app_index.html"):
            assert (await door.client.get(door.url + path)).status == 404, path
        assert (await door.client.get(f"{door.url}/download/abcd")).status == 404


async def test_a_name_is_text_and_short(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        await door.knock("<script>alert(1)</script>\x1b[2J" + "x" * 100)
        page = await (await door.client.get(door.url)).text()
        assert "<script>" not in page and "&lt;script&gt;" in page
        (visit,) = door.book.visits()
        assert len(visit.name) <= 40 and "\x1b" not in visit.name
        assert visit.code in page and visit.state.value == "waiting" and visit.kind.value == "helper"
        assert (
            await door.client.post(f"{door.url}/log-in", data={"name": "x" * 9000}, headers=door.origin())
        ).status == 200
        async with new_client() as other:
            answer = await door.knock("x" * 9000, client=other)
            assert answer.status == 413


# -- deciding


async def test_whoever_is_turned_away_is_told_so(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        await door.knock()
        (visit,) = door.book.visits()
        door.book.decide(visit.id, Decision.REFUSE)
        await door.until(visit.id, "ended")
        page = await (await door.client.get(door.url)).text()
        assert "not let in" in page and "Ask to be let in" in page
        assert (await door.knock()).status == 303 and len(door.book.visits()) == 2  # he may knock again


async def test_the_app_is_told_who_sits_there(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, new_client() as second:
        helper = await door.let_in()
        own = await door.let_in(Decision.LET_IN_OWN, client=second)
        for visit, client, kind in ((helper, door.client, "helper"), (own, second, "own")):
            async with await door.window(client, "?width=100&height=30") as window:
                words = await first_words(window)
                told = json.loads(words["PASSBAY_VISITOR"])
                assert told == {"visit": visit.id, "name": "Mia", "organisation": "", "kind": kind}
                assert (words["COLUMNS"], words["ROWS"]) == ("100", "30")
                assert words["TEXTUAL_DRIVER"] == "tui.browser.driver:DoorDriver"
            await gone(words["pid"])
    assert "a word on standard error" in door.log_file.read_text()


async def test_ending_a_visit_closes_its_windows_and_processes(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        visit = await door.let_in()
        async with await door.window() as first, await door.window() as second:
            pids = [(await first_words(window))["pid"] for window in (first, second)]
            door.book.decide(visit.id, Decision.END)
            for window in (first, second):
                assert (await window.receive(timeout=10)).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
            for pid in pids:
                await gone(pid)
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await door.window()
        assert refused.value.status == 401


async def test_leaving_ends_the_visit(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        visit = await door.let_in()
        async with await door.window() as window:
            pid = (await first_words(window))["pid"]
            await door.client.post(f"{door.url}/log-out", headers=door.origin(), allow_redirects=False)
            await gone(pid)
        assert (await door.until(visit.id, "ended")).reason == "logged out in the browser"


# -- windows


async def test_keys_sizes_and_addresses_pass(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        await door.let_in()
        async with await door.window(query="?width=x&height=99999") as window:
            words = await first_words(window)
            assert (words["COLUMNS"], words["ROWS"]) == ("80", "400")
            await window.send_str(json.dumps(["stdin", "ä\x1b[A"]))
            assert await said(window) == "D:ä\x1b[A"
            await window.send_str(json.dumps(["resize", {"width": 100, "height": -3}]))
            assert await said(window) == 'M:{"type": "resize", "width": 100, "height": 1}'
            await window.send_str(json.dumps(["ping", "7"]))
            assert await said(window) == '["pong", "7"]'
            await window.send_str(json.dumps(["stdin", "open javascript:alert(1)"]))
            await window.send_str(json.dumps(["stdin", "open https://backend.example/x"]))
            assert json.loads(await said(window))[1]["url"] == "https://backend.example/x"


@pytest.mark.parametrize(
    "nonsense",
    ["{", "7", "[]", '["stdin"]', '["stdin", 7]', '["resize", []]', '["resize", {"width": 1}]', '["focus"', "[" * 5000,
     b"\x00binary", "x" * (LARGEST_MESSAGE + 1)],
    ids=lambda text: repr(text[:12]),
)  # fmt: skip
async def test_whoever_talks_nonsense_is_let_go(tmp_path: Path, nonsense: str | bytes) -> None:
    async with open_door(tmp_path) as door:
        await door.let_in()
        async with await door.window() as window:
            pid = (await first_words(window))["pid"]
            await (window.send_bytes(nonsense) if isinstance(nonsense, bytes) else window.send_str(nonsense))
            await gone(pid)
        async with await door.window() as again:  # the door is well
            assert (await first_words(again))["pid"] != pid


async def test_a_compressed_bomb_is_not_unpacked(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        await door.let_in()
        async with door.client.ws_connect(f"{door.url}/ws", headers=door.origin(), compress=15) as window:
            pid = (await first_words(window))["pid"]
            await window.send_str("x" * (50 << 20))  # 50 KB on the wire
            await gone(pid)


async def test_a_head_or_form_that_drips_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "BODY_SECONDS", 0.3)
    async with open_door(tmp_path, keep_alive=0.3) as door:
        host, port = door.url.removeprefix("http://").split(":")
        head = f"POST /log-in HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {door.url}\r\n"
        form = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nname="
        for begun in ("", "GET / HT", head, head + form):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(begun.encode())
            async with asyncio.timeout(20):
                while await reader.read(4096):
                    pass  # at most a refusal, then the end
            writer.close()


async def test_windows_are_processes_and_so_are_counted(tmp_path: Path) -> None:
    async with open_door(tmp_path, limits=Limits(windows=2, windows_of_all=3)) as door, new_client() as second:
        await door.let_in()
        await door.let_in(client=second)
        async with await door.window() as one, await door.window(), await door.window(second):
            await first_words(one)
            for client in (door.client, second):
                with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                    await door.window(client)
                assert refused.value.status == 503
        async with asyncio.timeout(10):
            while any(entry.windows for entry in door.entrance._entries.values()):
                await asyncio.sleep(0.01)
        async with await door.window() as window:  # room again
            await first_words(window)


async def test_a_lost_connection_ends_the_app(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        await door.let_in()
        window = await door.window()
        pid = (await first_words(window))["pid"]
        assert window._response is not None and window._response.connection is not None
        transport = window._response.connection.transport
        assert transport is not None
        transport.abort()  # no goodbye
        await gone(pid)
        await window.close()


async def test_an_app_that_cannot_start_closes_its_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for command in ((str(tmp_path / "nothing"),), (sys.executable, "-c", "print('no app')")):
        monkeypatch.setattr(apps, "COMMAND", command)
        async with open_door(tmp_path) as door:
            await door.let_in()
            async with await door.window() as window:
                assert (await window.receive(timeout=10)).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)


async def test_an_app_that_hangs_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deaf = (
        "import os, signal, time; signal.signal(15, signal.SIG_IGN)\n"
        "os.write(1, b'__GANGLION__\\nD' + (9).to_bytes(4, 'big') + b'%09d' % os.getpid()); time.sleep(600)"
    )
    monkeypatch.setattr(apps, "COMMAND", (sys.executable, "-c", deaf))
    monkeypatch.setattr(apps, "END_SECONDS", 0.2)
    async with open_door(tmp_path) as door:
        await door.let_in()
        async with await door.window() as window:
            pid = int(await said(window))
        await gone(pid)


# -- time


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("passes", "reason"),
    [(1801.0, "nobody was there any more"), (43201.0, "its time was over: a new log-in is needed")],
)
async def test_a_visit_does_not_last_for_ever(tmp_path: Path, passes: float, reason: str) -> None:
    clock = Clock()
    async with open_door(tmp_path, patience=Patience(look=0.01), clock=clock) as door:
        visit = await door.let_in()
        clock.now += 1799.0
        door.entrance._tidy(clock.now)
        assert door.book.visits()[0].state.value == "in"
        clock.now += passes - 1799.0
        assert (await door.until(visit.id, "ended")).reason == reason


async def test_an_open_window_keeps_a_visit_until_its_total_time(tmp_path: Path) -> None:
    clock = Clock()
    async with open_door(tmp_path, clock=clock) as door:
        visit = await door.let_in()
        async with await door.window() as window:
            pid = (await first_words(window))["pid"]
            clock.now += 7200.0
            door.entrance._tidy(clock.now)
            assert door.book.visits()[0].state.value == "in"
            clock.now += 12 * 3600.0
            await door.until(visit.id, "ended")
            await gone(pid)


async def test_who_closes_the_page_that_waits_is_gone(tmp_path: Path) -> None:
    clock = Clock()
    async with open_door(tmp_path, clock=clock) as door:
        await door.knock()
        (visit,) = door.book.visits()
        clock.now += 149.0
        assert "Please wait" in await (await door.client.get(door.url)).text()
        clock.now += 149.0
        door.entrance._tidy(clock.now)
        assert door.book.visits()[0].state.value == "waiting"
        clock.now += 1.0
        assert (await door.until(visit.id, "ended")).reason == "nobody was there any more"


async def test_who_is_not_let_in_goes_by_himself(tmp_path: Path) -> None:
    clock = Clock()
    async with open_door(tmp_path, clock=clock) as door:
        await door.knock()
        (visit,) = door.book.visits()
        clock.now += 901.0
        assert (await door.until(visit.id, "ended")).reason == "not let in in time"
        clock.now += 601.0
        async with asyncio.timeout(10):
            while door.entrance._entries:
                await asyncio.sleep(0.01)


# -- language


@pytest.mark.parametrize(
    ("wish", "language", "words"),
    [
        ("de-DE,de;q=0.9,en;q=0.8", "de", "Um Einlass bitten"),
        ("fr,it;q=0.7,en;q=0.3", "it", "Chiedere di entrare"),
        ("fr", "en", "Ask to be let in"),
        ("de;q=x,,;;q=1", "en", "Ask to be let in"),
        ("de," * 5000, "de", "Um Einlass bitten"),
    ],
)
async def test_pages_speak_the_language_of_the_visitors_browser(
    tmp_path: Path, wish: str, language: str, words: str
) -> None:
    async with open_door(tmp_path) as door:
        answer = await door.client.get(door.url, headers={"Accept-Language": wish[:4000]})
        page = await answer.text()
        assert f'<html lang="{language}">' in page and words in page


async def test_an_end_is_told_in_the_visitors_language(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        visit = await door.let_in()
        door.book.decide(visit.id, Decision.END)
        await door.until(visit.id, "ended")
        page = await (await door.client.get(door.url, headers={"Accept-Language": "de"})).text()
        assert "Der Besuch ist zu Ende: vom Techniker beendet." in page


@pytest.mark.parametrize(("decision", "spoken"), [(Decision.LET_IN, "it"), (Decision.LET_IN_OWN, "de")])
async def test_a_helper_reads_his_language_and_the_person_of_this_pc_the_one_that_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decision: Decision, spoken: str
) -> None:
    monkeypatch.setenv("PASSBAY_LANGUAGE", "de")
    async with open_door(tmp_path) as door:
        await door.let_in(decision)
        told = await first_words(await door.window(language="it-CH,it;q=0.9"))
        assert told["PASSBAY_LANGUAGE"] == spoken
