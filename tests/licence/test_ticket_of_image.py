"""A job's ticket names the image (its SHA-256), and right before the first erase the image is compared with it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.backend.store import tables as t
from core.diagnosis.flash import job as flash_job
from core.diagnosis.flash.order import job as order_job
from core.errors import BackendUnreachable, LicenceCheckFailed, OrderIncomplete, PreconditionNotMet
from core.online.client.way import Answer
from core.online.wire import image_of
from core.vocabulary import FlashWish
from core.workbench import Vehicle, Workbench, open_workbench
from tests.licence.test_permits import PATIENCE, activated, backend, connected, cut

ERASE = bytes.fromhex("3101ff00")
CAR = "sim:car-doip"  # one PDU is one message there: a whole erase request stands in the traffic
GROUP = "passenger-cars"


@pytest.fixture
def shop(home: Path) -> Iterator[Workbench]:
    with open_workbench() as workbench:
        activated(workbench)
        workbench.paper.buy(f"{GROUP}-day")
        yield workbench


def tickets(workbench: Workbench) -> list[dict[str, Any]]:
    def read(conn: Any) -> list[str]:
        return [row.envelope for row in conn.execute(t.tickets.select().order_by(t.tickets.c.issued))]

    return [json.loads(base64.b64decode(json.loads(e)["payload"])) for e in backend(workbench).read(read)]


def erases(workbench: Workbench) -> int:
    records, _, _ = workbench.stream.traffic.read_since(0)
    return sum(ERASE in record.payload for record in records if not record.is_rx)


def exchanged(monkeypatch: pytest.MonkeyPatch, module: Any, number: int = 0) -> None:
    """From now on somebody changes one bit of an image after the permit for it was given."""
    plain: Callable[..., None] = module.ask_permit

    def ask(plans: Any, force: bool) -> None:
        every = list(plans)
        plain(every, force)
        segment = every[number].images[-1].segments[-1]
        object.__setattr__(segment, "data", segment.data[:-1] + bytes([segment.data[-1] ^ 1]))

    monkeypatch.setattr(module, "ask_permit", ask)


def flashable(vehicle: Vehicle) -> list[str]:
    """Units that there is newer flashware for."""
    preview = vehicle.flash_order_preview().wait(PATIENCE)
    return [unit.unit for unit in preview.units if not unit.up_to_date]


def test_the_ticket_names_what_is_flashed_and_nothing_else(shop: Workbench) -> None:
    with connected(shop, CAR) as vehicle:
        vehicle.survey().wait(PATIENCE)
        unit = flashable(vehicle)[0]
        result = vehicle.flash(unit).wait(PATIENCE)
        assert result.result == "flashed" and erases(shop)
        vehicle.flash(unit).wait(PATIENCE)  # up to date: nothing is sent
    survey, preview, flash, again = tickets(shop)
    assert [survey["image"], preview["image"], again["image"]] == ["", "", ""]
    assert (flash["image"], flash["kind"], flash["vin"]) == (result.sha256, "flash", vehicle.vin)
    assert flash["job"] and flash["expires"] > flash["issued"]


def test_the_ticket_of_an_order_names_every_image(shop: Workbench) -> None:
    with connected(shop, CAR) as vehicle:
        vehicle.identify().wait(PATIENCE)
        units = flashable(vehicle)[:2]
        done = vehicle.flash_order([FlashWish(unit) for unit in units]).wait(PATIENCE)
    images = {unit.unit: unit.flash.sha256 for unit in done.units if unit.flash}
    assert len(images) == 2
    assert tickets(shop)[-1]["image"] == image_of(images) == image_of(dict(reversed(images.items())))
    first, second = images.values()
    assert image_of(images) not in (first, second, hashlib.sha256(b"").hexdigest())


@pytest.mark.parametrize("online", [True, False], ids=["ticket", "grace"])
def test_a_changed_image_is_refused_before_the_first_erase(
    shop: Workbench, monkeypatch: pytest.MonkeyPatch, online: bool
) -> None:
    with connected(shop, CAR) as vehicle:
        vehicle.survey().wait(PATIENCE)
        unit = flashable(vehicle)[0]
        if not online:
            shop.paper.credit()
            cut(shop, BackendUnreachable("The cable is out."))
        with monkeypatch.context() as patched:
            exchanged(patched, flash_job)
            with pytest.raises(PreconditionNotMet, match="not the one that this job's ticket"):
                vehicle.flash(unit).wait(PATIENCE)
        assert erases(shop) == 0
        assert vehicle.survey().wait(PATIENCE).units  # the vehicle is put back
        assert not [left for left in shop.unfinished() if left.unit == unit]


def test_in_an_order_only_the_changed_one_is_refused(shop: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    with connected(shop, CAR) as vehicle:
        vehicle.identify().wait(PATIENCE)
        units = flashable(vehicle)[:2]
        exchanged(monkeypatch, order_job, number=1)
        with pytest.raises(OrderIncomplete) as incomplete:
            vehicle.flash_order([FlashWish(unit) for unit in units]).wait(PATIENCE)
    results = {unit.unit: unit for unit in incomplete.value.result.units}
    assert results[units[1]].result == "failed" and not results[units[1]].erased
    assert "job's ticket" in results[units[1]].reason and results[units[0]].result == "flashed"


def test_a_ticket_for_another_image_is_none(shop: Workbench) -> None:
    with connected(shop, CAR) as vehicle:
        vehicle.survey().wait(PATIENCE)
        unit = flashable(vehicle)[0]
        way = cut(shop)
        plain = way.ask

        def ask(method: str, path: str, **more: Any) -> Answer:
            if "/permits" in path:
                wish = json.loads(more["body"])
                more["body"] = json.dumps(wish | {"image": "ab" * 32 if wish["image"] else ""}).encode()
            return plain(method, path, **more)

        way.ask = ask  # type: ignore[method-assign]
        with pytest.raises(LicenceCheckFailed, match="another job"):
            vehicle.flash(unit).wait(PATIENCE)
    assert erases(shop) == 0


def test_nothing_is_erased_without_a_permit(shop: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that forgot to ask: no permit names its image."""
    monkeypatch.setattr(flash_job, "ask_permit", lambda plans, force: None)
    with connected(shop, CAR) as vehicle:
        vehicle.survey().wait(PATIENCE)
        unit = flashable(vehicle)[0]
        with pytest.raises(PreconditionNotMet, match="ticket"):
            vehicle.flash(unit).wait(PATIENCE)
    assert erases(shop) == 0
