"""The app on the real simulated car: connect, quick test, fault codes, flash, coding, live panel. Nothing is faked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.tui.support import screen_text, until
from tui.shell import PassbayApp

DESIGN = (80, 24)


def _idle(app: Any) -> bool:
    desk = app.desk
    return not desk.busy and not desk.connecting and not desk.bridge.runs("vehicle")


async def _flash_marked_unit(app: Any, pilot: Any) -> None:
    """From the marked unit of the quick test to the end of its flash."""
    await pilot.press("f")
    await until(pilot, lambda: getattr(app.screen, "stage", "") == "flashware")
    await pilot.press("enter")
    await until(pilot, lambda: app.screen.stage == "ready")
    await pilot.press("enter")
    await until(pilot, lambda: app.screen.query("#buttons"))
    await pilot.press("right", "enter")
    await until(pilot, lambda: getattr(app.screen, "stage", "") == "over" and _idle(app))


async def test_a_technician_flashes_and_codes_a_control_unit(home: Path) -> None:
    app: Any = PassbayApp()
    async with app.run_test(size=DESIGN) as pilot:
        await until(pilot, lambda: app.desk is not None and app.desk.workbench is not None)
        desk = app.desk

        await pilot.press("1")
        await until(pilot, lambda: desk.survey is not None and _idle(app))
        assert len(desk.units) == 6 and desk.vehicle.vin.startswith("XPBMX")
        assert desk.vehicle.vin in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: _idle(app) and app.screen.faults)
        assert any(code.environment for code in app.screen.faults["ENGINE"])

        await pilot.press("down", "down", "down")
        assert app.screen.marked == "BODY"
        before, newer = desk.units["BODY"].software, desk.units["BODY"].newer_software
        assert newer and newer != before
        await _flash_marked_unit(app, pilot)
        assert app.screen.error is None
        assert (app.screen.result.software_before, app.screen.result.software_after) == (before, newer)
        assert {step.name.split("-")[0] for step in desk.job.steps} >= {
            "erase",
            "transfer",
            "checksum",
            "reset",
            "verify",
        }
        assert f"{before} -> {newer}" in screen_text(app)

        await pilot.press("escape", "escape", "escape", "f5")
        await until(pilot, lambda: desk.survey is not None and _idle(app))
        assert desk.units["BODY"].software == newer

        await pilot.press("v")
        await until(pilot, lambda: getattr(app.screen, "state", None) is not None and _idle(app))
        item = app.screen.state.items[0]
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.query("#picks"))
        await pilot.press("down", "enter")
        await until(pilot, lambda: getattr(app.screen, "changes", None))
        ((name, wanted),) = app.screen.changes.items()
        assert name == item.name and wanted != item.now
        ((_, _, old, new), *_) = app.screen.after
        assert old != new, "the bytes after the change are shown before it is written"
        await pilot.press("w")
        await until(pilot, lambda: app.screen.query("#buttons"))
        await pilot.press("right", "enter")
        await until(pilot, lambda: getattr(app.screen, "result", None) is not None and _idle(app))
        assert app.screen.result.verified
        assert app.screen.state.items[0].now == wanted
        assert Path(app.screen.state.backup).is_relative_to(home)
        await pilot.press("b")
        await until(pilot, lambda: getattr(app.screen, "kept", None))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.query("#buttons"))
        await pilot.press("right", "enter")
        await until(pilot, lambda: app.screen.state.items[0].now == item.now if _coding(app) and _idle(app) else False)
    desk.close()


def _coding(app: Any) -> bool:
    return getattr(app.screen, "state", None) is not None


async def test_the_live_panel_watches_a_quick_test(home: Path) -> None:
    app: Any = PassbayApp()
    async with app.run_test(size=(160, 45)) as pilot:
        await until(pilot, lambda: app.desk is not None and app.desk.workbench is not None)
        desk, opened = app.desk, []
        desk.connect(lambda: opened.append(True))
        await until(pilot, lambda: opened)
        await pilot.press("f9")
        desk.begin("survey", "", desk.vehicle.survey, lambda _: None)
        await until(pilot, lambda: not desk.busy)
        rows = app.screen.query_one("#traffic")
        await until(pilot, lambda: {"7E0", "7E8", "0E00>1010"} <= {row.key for row in rows.rows})
        await until(pilot, lambda: len(rows.rows) > 12)  # the units talk among themselves, too
        await pilot.press("m", "m")
        await until(pilot, lambda: app.screen.shot.wish.mode == "talk" and rows.rows)
        shown = screen_text(app)
        assert "Conversation" in shown and ("ENGINE" in shown or "CLUSTER" in shown or "HEADUNIT" in shown)
        figures = app.screen.shot.figures
        assert figures.frames > 50 and figures.dropped == 0
    desk.close()


async def test_the_old_car_is_refused_with_the_reason(home: Path) -> None:
    """G2: certified before EURO 5."""
    app: Any = PassbayApp()
    async with app.run_test(size=DESIGN) as pilot:
        await until(pilot, lambda: app.desk is not None and app.desk.workbench is not None)
        app.desk.choose_device("sim:car-old", "Simulation - no VCI")
        await pilot.press("1")
        await until(pilot, lambda: app.desk.survey is not None and _idle(app))
        assert "no flash, no coding" in screen_text(app)
        await pilot.press("f")
        await until(pilot, lambda: getattr(app.screen, "stage", "") == "flashware")
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.stage == "ready")
        assert any(check.ok is False for check in app.screen.preview.checks)
        assert "Refused, nothing was changed" in screen_text(app)
        assert "EURO 5" in screen_text(app)
    app.desk.close()


async def test_a_second_app_is_told_who_holds_the_car(home: Path) -> None:
    """G7, in the message list with the holder's process id."""
    import os

    from core.workbench import open_workbench

    with open_workbench() as other, other.connect("sim:car-mixed"):
        app: Any = PassbayApp()
        async with app.run_test(size=DESIGN) as pilot:
            await until(pilot, lambda: app.desk is not None and app.desk.workbench is not None)
            await pilot.press("1")
            await until(pilot, lambda: app.desk.messages and not app.desk.connecting)
            last = app.desk.messages[-1]
            assert last.code == "PB-202" and str(os.getpid()) in f"{last.text} {last.advice}"
            assert "f5 tries again" in screen_text(app)
        app.desk.close()
