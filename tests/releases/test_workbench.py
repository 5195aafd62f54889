"""`workbench.library` and its commands on the demo of this PC: what serves changes at once, and can be undone."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from core.errors import JobCancelled, NotTrusted, UsageError
from core.events import ComponentFetched, ReleasesChanged
from core.vocabulary import ReleaseState, UpdateSource
from core.workbench import Workbench, open_workbench
from tests.cli.support import passbay
from tests.releases.servers import serving
from tests.releases.shop import Shop


@pytest.fixture
def workbench(home: Path) -> Workbench:
    with open_workbench() as workbench:
        yield workbench  # type: ignore[misc]


def _newer(vehicle) -> dict[str, str]:  # type: ignore[no-untyped-def]
    return {unit.name: unit.newer_software for unit in vehicle.survey().wait(60).units}


def test_the_quick_test_follows_the_active_release(workbench: Workbench) -> None:
    """One connection the whole time: the next job uses what was just installed."""
    library = workbench.library
    assert library.overview().words == "The built-in data serve."
    library.search()
    with workbench.connect("sim:car-mixed", hosted=False) as vehicle:
        built_in = _newer(vehicle)
        assert all(built_in.values())
        library.download("2026.06")
        library.install("2026.06")
        assert {name for name, software in _newer(vehicle).items() if software} == {"TRANSMISSION", "BODY"}
        library.download()
        preview = library.preview()
        changed = {unit.unit: unit.after for unit in preview.units if unit.vehicle.startswith("Mixed car")}
        assert changed == {"ENGINE": "2063.15", "BRAKES": "0745.11", "HEADUNIT": "5126.44"}
        assert preview.notes.startswith("# Release 2026.09") and not preview.downgrade
        library.install()
        assert _newer(vehicle) == built_in | {"CLUSTER": ""}
        library.install_addon("cluster-help")  # brings what it needs first
        assert _newer(vehicle) == built_in
        assert [page.name for page in library.pages()] == ["cluster.md"]
        library.rollback()
        assert _newer(vehicle)["ENGINE"] == ""
        assert [row.state for row in library.addons()] == [ReleaseState.OFF, ReleaseState.OFF]
    rows = {row.version: row.state for row in library.overview().rows}
    assert rows == {"2026.09": ReleaseState.PREVIOUS, "2026.06": ReleaseState.ACTIVE}


def test_a_running_job_keeps_the_data_it_began_with(workbench: Workbench) -> None:
    library = workbench.library
    library.search()
    library.download("2026.06")
    with workbench.connect("sim:car-mixed", hosted=False) as vehicle:
        vehicle.identify().wait(60)
        job = vehicle.survey()
        library.install("2026.06")
        assert all(unit.newer_software for unit in job.wait(60).units)
        assert not _newer(vehicle)["ENGINE"]


def test_events_and_words(workbench: Workbench) -> None:
    library = workbench.library
    library.search()
    assert library.download() == "2026.09"
    events = workbench.stream.drain()
    progress = [event for event in events if isinstance(event, ComponentFetched)]
    assert {event.component for event in progress} >= {"car-mixed.pdx", "van.pdx", ""}
    whole = [event for event in progress if not event.component]
    assert whole[-1].done == whole[-1].total
    assert sum(isinstance(event, ReleasesChanged) for event in events) >= 3
    overview = library.install()
    assert overview.active == overview.newest == "2026.09" and overview.age_days is not None
    assert library.verify().ok
    assert library.notes("2026.09").startswith("# Release")
    with pytest.raises(UsageError, match=r"No release 3000\.01 is offered"):
        library.download("3000.01")


def test_pause_and_resume(workbench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    library = workbench.library
    library.search()
    publish = library._publish

    def pausing(event) -> None:  # type: ignore[no-untyped-def]
        publish(event)
        if isinstance(event, ComponentFetched):
            library.pause()

    with monkeypatch.context() as patched, pytest.raises(JobCancelled, match="paused"):
        patched.setattr(library, "_publish", pausing)
        library.download()
    with open_workbench() as again:  # another start of the program
        row = again.library.overview().rows[0]
        assert row.state is ReleaseState.PAUSED and 0 < row.missing < row.size
        again.library.download()
        assert again.library.overview().rows[0].state is ReleaseState.DOWNLOADED


def test_it_searches_and_downloads_by_itself(workbench: Workbench) -> None:
    library = workbench.library
    library.start_automatic()
    deadline = time.monotonic() + 60
    arrived = threading.Event()
    while not arrived.wait(0.1) and time.monotonic() < deadline:
        rows = library.overview().rows
        if rows and rows[0].state is ReleaseState.DOWNLOADED:
            arrived.set()
    assert arrived.is_set()
    assert library.overview().active == ""  # what it never does is install


def test_a_server_of_the_shop_needs_its_root(workbench: Workbench, shop: Shop) -> None:
    with serving(shop.root) as server:
        library = workbench.library
        source = UpdateSource(server.url)
        [line] = library.check_source(source)
        assert not line.ok and "whom to trust" in line.words
        trusted = UpdateSource(server.url, trust=str(shop.root / "metadata" / "1.root.json"))
        assert all(line.ok for line in library.check_source(trusted))
        library.configure(trusted)
        assert [row.version for row in library.search().rows] == ["2026.09", "2026.06"]
        wrong = shop.folder / "wrong.json"
        wrong.write_bytes((shop.root / "metadata" / "timestamp.json").read_bytes())
        with pytest.raises(NotTrusted):
            library.configure(UpdateSource(server.url, trust=str(wrong)))
        assert library.source.url == server.url


def test_a_damaged_release_lets_the_built_in_data_serve(workbench: Workbench) -> None:
    library = workbench.library
    library.search()
    library.download("2026.06")
    library.install("2026.06")
    for path in workbench.paths.releases.rglob("car-mixed.pdx"):
        path.unlink()
    with workbench.connect("sim:car-mixed", hosted=False) as vehicle:
        assert _newer(vehicle)["ENGINE"] == "2063.15"
    assert any("built-in data serve" in problem for problem in workbench.problems)
    library.download("2026.06")
    assert library.verify().ok


def test_the_command_line(home: Path, tmp_path: Path) -> None:
    assert passbay("releases", "search", "--json").last["newest"] == "2026.09"
    assert passbay("releases", "download", "--json").last == {"version": "2026.09"}
    installed = passbay("releases", "install", "--json").last
    assert installed["active"] == "2026.09" and installed["preview"]["changes"]
    place = tmp_path / "aus fuhr.zip"
    assert passbay("releases", "export", str(place), "--json").last["bytes"] == place.stat().st_size
    assert passbay("addons", "install", "cluster-update", "--json").last["addons"][1]["state"] == "active"
    assert passbay("addons", "off", "cluster-update", "--json").last["addons"][1]["state"] == "off"
    assert passbay("addons", "remove", "cluster-update", "--json").code == 0
    assert passbay("releases", "rollback", "--json").last["active"] == ""
    assert passbay("releases", "remove", "2026.09", "--json").code == 0
    taken = passbay("releases", "install", str(place), "--json")
    assert taken.last["active"] == "2026.09"
    assert passbay("releases", "verify", "--json").last["ok"] is True
    refused = passbay("addons", "on", "nothing", "--json")
    assert refused.code == 2 and refused.last["error"] == "UsageError"
    for path in (home / "data" / "releases").rglob("van.pdx"):
        path.write_bytes(b"damaged")
    damaged = passbay("releases", "verify", "--json")
    assert damaged.code == 1 and "van.pdx" in damaged.last["problems"][0]


def test_publishing_on_the_command_line(tmp_path: Path) -> None:
    repository, keys = tmp_path / "repo", tmp_path / "keys"
    assert passbay("admin", "release", "init", str(repository), "--keys", str(keys), "--json").code == 0
    both = ["--keys", str(keys / "offline"), "--keys", str(keys / "online")]
    page = tmp_path / "help.md"
    page.write_text("# Help\n")
    add = ["admin", "release", "add", str(repository), "--title", "T", "--json", str(page)]
    assert passbay(*add, *both, "--version", "2026.09").last["size"] == 7
    assert passbay(*add, *both, "--version", "2026.09").last["error"] == "UsageError"
    few = passbay(*add, "--keys", str(keys / "online"), "--version", "2026.12").last
    assert "Not enough keys" in few["message"]
    rotated = passbay("admin", "release", "rotate", str(repository), *both, "timestamp", "--into", str(keys), "--json")
    assert rotated.code == 0 and rotated.last["file"] == str(keys / "online" / "timestamp-2.key")
    stick = tmp_path / "stick"
    stick.mkdir()
    new = passbay("admin", "release", "rotate", str(repository), *both, "targets", "--into", str(stick), "--json").last
    assert new["file"] == str(stick / "targets-1.key") and Path(new["file"]).is_file()
    whole, few = ["--keys", str(keys), "--keys", str(stick)], ["--keys", str(keys / "online")]
    assert passbay("admin", "release", "rotate", str(repository), *whole, "targets", "--into", str(stick)).code == 0
    assert sorted(file.name for file in stick.iterdir()) == ["targets-1.key", "targets-2.key"]
    refused = passbay("admin", "release", "rotate", str(repository), *few, "root", "--into", str(stick), "--json")
    assert refused.code == 2 and len(list(stick.iterdir())) == 2  # no key lies about that nothing names
    assert passbay(*add, *whole, "--version", "2026.10").code == 0
    status = passbay("admin", "release", "status", str(repository), "--json").last
    assert next(role["version"] for role in status["roles"]) == 4
    assert sorted(head["version"] for head in status["published"]) == ["2026.09", "2026.10"]
