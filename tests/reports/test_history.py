"""The history's hash chain: edits, removals, moves and cut ends are found; a power cut is none of them."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import StorageFailed
from core.reports import chain, history
from core.reports.history import HistoryStore
from core.vocabulary import HistoryEntry

VIN = "XPBTS000000000001"


@pytest.fixture
def store(tmp_path: Path) -> HistoryStore:
    return HistoryStore(tmp_path / "data", tmp_path / "state")


def add(store: HistoryStore, number: int = 1, vin: str = VIN, **more: Any) -> list[HistoryEntry]:
    entry = {"vin": vin, "kind": "survey", "outcome": "done", **more}
    return [store.append({"at": 1_700_000_000.0 + n, "summary": str(n), **entry}) for n in range(number)]


def file_of(store: HistoryStore, vin: str = VIN) -> Path:
    return Path(store.verify(vin).file)


def lines(store: HistoryStore) -> list[bytes]:
    return file_of(store).read_bytes().splitlines(keepends=True)


def put(store: HistoryStore, content: list[bytes]) -> None:
    file_of(store).write_bytes(b"".join(content))


def problems(store: HistoryStore) -> str:
    return " | ".join(store.verify(VIN).problems)


def test_what_is_appended_holds_and_can_be_read(store: HistoryStore) -> None:
    entries = add(store, 3, unit="BODY", order="A-1", files=[["image", "x", "ab"]], steps=[["read", "Read", 0.5]])
    assert [entry.number for entry in entries] == [1, 2, 3]
    assert store.entries(VIN) == tuple(entries)
    assert entries[1].previous == entries[0].hash and entries[0].previous == chain.beginning(VIN)
    assert (entries[2].files, entries[2].steps) == ((("image", "x", "ab"),), (("read", "Read", 0.5),))
    check = store.verify(VIN)
    assert (check.ok, check.entries, check.head) == (True, 3, entries[2].hash)


def test_an_order_is_made_of_day_and_vehicle(store: HistoryStore) -> None:
    (entry,) = add(store)
    assert entry.order.endswith("-00000001") and len(entry.order) == len("2023-11-14-00000001")
    assert store.of_order(entry.order) == {VIN: (entry,)}
    assert add(store, order="A 7")[0].order == "A 7"


def test_vehicles_are_apart(store: HistoryStore) -> None:
    for vin in (VIN, "", "../../etc", "..-..-etc", "\x1b[31m"):
        add(store, 2, vin)
    assert set(store.vins()) == {VIN, "", "../../etc", "..-..-etc", "\x1b[31m"}
    for vin in store.vins():
        check = store.verify(vin)
        assert check.ok and check.entries == 2
        assert Path(check.file).resolve().is_relative_to(file_of(store).parents[1].resolve())


# -- meddling


def test_any_edit_is_found(store: HistoryStore) -> None:
    add(store, 3)
    whole = lines(store)
    put(store, [whole[0], whole[1].replace(b'"outcome":"done"', b'"outcome":"fail"'), whole[2]])
    assert "Entry 2 was edited." in problems(store)


@settings(max_examples=60, deadline=None)
@given(position=st.integers(min_value=0), replacement=st.integers(min_value=0, max_value=255))
def test_any_changed_byte_is_found(tmp_path_factory: pytest.TempPathFactory, position: int, replacement: int) -> None:
    store = HistoryStore(*(tmp_path_factory.mktemp(name) for name in ("data", "state")))
    add(store, 3)
    path = file_of(store)
    data = bytearray(path.read_bytes())
    position %= len(data)
    if data[position] == replacement:
        replacement ^= 1
    data[position] = replacement
    path.write_bytes(bytes(data))
    assert not store.verify(VIN).ok


def test_an_edit_with_a_hash_made_anew_is_found_in_the_next_entry(store: HistoryStore) -> None:
    add(store, 3)
    whole = lines(store)
    forged = chain.sealed({**json.loads(whole[1]), "summary": "nothing"}, 2, json.loads(whole[1])["previous"])
    put(store, [whole[0], chain.canonical(forged) + b"\n", whole[2]])
    assert problems(store) == "Entry 3 does not follow the one before it: that one was edited or replaced."


def test_the_last_entry_forged_is_found_by_the_head(store: HistoryStore) -> None:
    add(store, 2)
    whole = lines(store)
    forged = chain.sealed({**json.loads(whole[1]), "summary": "nothing"}, 2, json.loads(whole[1])["previous"])
    put(store, [whole[0], chain.canonical(forged) + b"\n"])
    assert problems(store) == "Entry 2 is not the one that was written last."


@pytest.mark.parametrize(
    ("keep", "words"),
    [
        ((0, 2, 3, 4), "Entry 2 is missing."),
        ((0, 3, 4), "Entries 2 to 3 are missing."),
        ((1, 2, 3, 4), "Entry 1 is missing."),
        ((0, 1, 2, 3), "The last entry is missing."),
        ((0, 1), "The last 3 entries are missing."),
        ((), "The last 5 entries are missing."),
        ((0, 2, 1, 3, 4), "Entry 2 stands behind entry 3"),
        ((0, 1, 1, 2, 3, 4), "Entry 2 stands behind entry 2"),
    ],
)
def test_removals_and_moves_are_found(store: HistoryStore, keep: tuple[int, ...], words: str) -> None:
    add(store, 5)
    whole = lines(store)
    put(store, [whole[number] for number in keep])
    assert words in problems(store)


def test_a_removed_file_is_found_and_its_vehicle_still_listed(store: HistoryStore) -> None:
    add(store, 2)
    file_of(store).unlink()
    assert store.vins() == (VIN,)
    assert problems(store) == "The last 2 entries are missing."


def test_a_history_of_another_vehicle_is_found(store: HistoryStore) -> None:
    add(store, 2)
    add(store, 2, "XPBTS000000000002")
    file_of(store).write_bytes(file_of(store, "XPBTS000000000002").read_bytes())
    assert "Entry 1 belongs to another vehicle." in problems(store)


def test_an_added_entry_with_a_right_hash_is_found_by_the_head(store: HistoryStore) -> None:
    add(store, 2)
    last = json.loads(lines(store)[1])
    added = chain.canonical(chain.sealed({**last, "summary": "extra"}, 3, last["hash"])) + b"\n"
    put(store, [*lines(store), added])
    assert problems(store) == "What stands behind entry 2 was not written by this installation."


def test_meddling_stays_visible_when_the_work_goes_on(store: HistoryStore) -> None:
    add(store, 4)
    put(store, lines(store)[:2])
    add(store, 2)
    assert problems(store) == "Entries 3 to 4 are missing."
    assert [entry.number for entry in store.entries(VIN)] == [1, 2, 5, 6]


def test_a_lost_head_stays_visible(store: HistoryStore, tmp_path: Path) -> None:
    add(store, 3)
    for path in (tmp_path / "state").glob("*.json"):
        path.unlink()
    put(store, lines(store)[:2])
    assert "whether the end was cut is not known" in problems(store)
    add(store)
    assert problems(store) == "The second record of its length was missing before entry 3."


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff", b'{"vin": 1}', b"[" * 100_000])
def test_a_damaged_head_is_none(store: HistoryStore, tmp_path: Path, content: bytes) -> None:
    add(store, 2)
    for path in (tmp_path / "state").glob("*.json"):
        path.write_bytes(content)
    assert not store.verify(VIN).ok
    assert len(store.entries(VIN)) == 2


@pytest.mark.parametrize("line", [b"\n", b"{\n", b"[]\n", b'{"number": "x"}\n', b"\xff\xfe\n", b"[" * 50_000 + b"\n"])
def test_rubbish_between_is_named_and_the_rest_is_read(store: HistoryStore, line: bytes) -> None:
    add(store, 2)
    whole = lines(store)
    put(store, [whole[0], line, whole[1]])
    assert not store.verify(VIN).ok
    assert [entry.number for entry in store.entries(VIN) if entry.number] == [1, 2]


# -- power cuts and disks


def cut_at(call: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything from the n-th writing on does not happen any more."""
    done = 0
    write_file, append = history.write_file, history._append

    def counted(real: Any) -> Any:
        def step(*arguments: Any, **named: Any) -> None:
            nonlocal done
            done += 1
            if done >= call:
                raise KeyboardInterrupt("power cut")
            real(*arguments, **named)

        return step

    monkeypatch.setattr(history, "write_file", counted(write_file))
    monkeypatch.setattr(history, "_append", counted(append))


@pytest.mark.parametrize("call", [1, 2, 3])
def test_a_power_cut_between_the_writes_is_no_meddling(
    store: HistoryStore, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    add(store, 2)
    with monkeypatch.context() as cut:
        cut_at(call, cut)
        with pytest.raises(KeyboardInterrupt):
            add(store)
    assert store.verify(VIN).ok
    add(store)
    check = store.verify(VIN)
    assert check.ok and check.entries == (4 if call == 3 else 3)


def test_a_half_written_line_is_taken_away(store: HistoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    add(store, 2)
    with monkeypatch.context() as cut:
        cut_at(2, cut)
        with pytest.raises(KeyboardInterrupt):
            add(store)
    with file_of(store).open("ab") as stream:
        stream.write(b'{"at":17000')
    assert store.verify(VIN).ok
    add(store)
    assert store.verify(VIN).ok and len(store.entries(VIN)) == 3


def test_a_file_cut_inside_a_line_stays_visible(store: HistoryStore) -> None:
    add(store, 3)
    path = file_of(store)
    os.truncate(path, path.stat().st_size - 20)
    assert problems(store) == "The last entry is missing."
    add(store)
    assert "cannot be read" in problems(store) and "Entry 3 is missing." in problems(store)


def test_a_full_disk_is_told_and_the_history_stays_whole(store: HistoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    add(store)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(history, "_append", full)
        with pytest.raises(StorageFailed, match="No space left"):
            add(store)
    assert store.verify(VIN).ok
    add(store)
    assert store.verify(VIN).entries == 2


def test_a_result_without_measure_is_left_out(store: HistoryStore) -> None:
    (entry,) = add(store, result={"text": "x" * (5 << 20)})
    assert "left_out" in entry.result and store.verify(VIN).ok


def test_strange_characters_survive(store: HistoryStore) -> None:
    text = "\x1b]0;PWNED\x07 \udcff \u202e é\n"
    (entry,) = add(store, summary=text)
    assert entry.summary == text == store.entries(VIN)[0].summary
    assert file_of(store).read_bytes().isascii() and store.verify(VIN).ok


def test_many_threads_append_one_after_another(store: HistoryStore) -> None:
    threads = [threading.Thread(target=add, args=(store, 4)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check = store.verify(VIN)
    assert (check.ok, check.entries) == (True, 16)
