"""The overview at the end of ConfigAssist (C10): what this system is, and whether each part of it is ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import BackendError, LicenceError
from core.settings import Settings
from core.vocabulary import Activation, OverviewRow, StartKeyState
from core.workbench.paths import WorkbenchPaths

if TYPE_CHECKING:
    from core.workbench.paper.paper import Paper

MOST_SECONDS_OFF = 120.0
"""The clock of this PC may differ by so much from the back end's before the overview says so."""


def overview(paper: Paper, paths: WorkbenchPaths, settings: Settings) -> tuple[OverviewRow, ...]:
    return (
        *_device(paper),
        *_backend(paper),
        *_startkey(paper.start_key()),
        *_account(paper),
        *_credit(paper),
        OverviewRow("Data folder", str(paths.data)),
        OverviewRow("Settings file", str(paths.settings_file)),
        OverviewRow("Device", settings.last_device or "none chosen yet"),
    )


def _device(paper: Paper) -> list[OverviewRow]:
    try:
        device = paper.device_data()
    except LicenceError as problem:
        return [OverviewRow("Hardware ID", problem.message, False, problem.advice)]
    return [
        OverviewRow("Version", device.version or "unknown"),
        OverviewRow("Hardware ID", device.hardware_id, True),
        OverviewRow("App ID", str(device.app_id), True),
    ]


def _backend(paper: Paper) -> list[OverviewRow]:
    state = paper.backend_state()
    advice = "" if state.reachable else "Try again later; without it work goes on for as long as the StartKey allows."
    rows = [OverviewRow("Back end", f"{state.url}: {state.words}", state.reachable, advice)]
    if state.clock_difference is not None:
        right = abs(state.clock_difference) <= MOST_SECONDS_OFF
        set_it = "" if right else "Set date and time of this PC right."
        rows.append(OverviewRow("Time difference", f"{state.clock_difference:+.1f} s", right, set_it))
    if state.maintenance:
        rows.append(OverviewRow("Maintenance", state.maintenance, None))
    return rows


def _startkey(state: StartKeyState) -> list[OverviewRow]:
    advice = "" if state.green else "Press Activate StartKey; where there is none, order it with the exported data."
    rows = [OverviewRow("StartKey", state.words, state.green, advice)]
    if state.key_id:
        rows.append(OverviewRow("Organisation", state.organisation, True))
        rows.append(OverviewRow("Contract number", state.contract, True))
        rows.append(OverviewRow("Product groups", ", ".join(state.product_groups)))
    return rows


def _account(paper: Paper) -> list[OverviewRow]:
    account = paper.account()
    if not account.user:
        return [OverviewRow("Log-in", "nobody is logged in", False, "Log in: main menu, Log-in.")]
    rows = [OverviewRow("Log-in", account.user, True)]
    rows.append(OverviewRow("Roles", ", ".join(role.value for role in account.roles) or "none", bool(account.roles)))
    if account.activation is Activation.PENDING:
        rows.append(OverviewRow("Activation", "a granted right is being activated: up to 4 hours", None))
    return rows


def _credit(paper: Paper) -> list[OverviewRow]:
    if not paper.account().user:
        return []
    try:
        balances = paper.credit()
    except (BackendError, LicenceError) as problem:
        return [OverviewRow("Time credit", problem.message, False, problem.advice)]
    rows = []
    for balance in balances:
        words = f"{balance.minutes} minutes" if balance.until is None else "a package by the clock is running"
        rows.append(
            OverviewRow(f"Time credit, {balance.group}", words, balance.until is not None or balance.minutes > 0)
        )
    advice = "Buy time credit for the product group that is to be worked on."
    return rows or [OverviewRow("Time credit", "none", False, advice)]
