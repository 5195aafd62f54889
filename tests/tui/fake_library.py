"""`workbench.library` of cardboard: two releases and two AddOns that move as they would, errors to order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.errors import ProductError
from core.vocabulary import (
    AddOnRow,
    ComponentChange,
    InstallPreview,
    ReleaseOverview,
    ReleaseRow,
    ReleaseState,
    SourceCheck,
    UnitSoftwareChange,
    UpdateSource,
)

SEPTEMBER = 1_788_220_800.0
NEW = ReleaseRow("2026.09", "Autumn release", ReleaseState.AVAILABLE, SEPTEMBER, 1_900_000, 640_000, newest=True)
OLD = ReleaseRow("2026.06", "Summer release", ReleaseState.ACTIVE, SEPTEMBER - 90 * 86400, 1_300_000, 0)
CLUSTER = AddOnRow("cluster-update", "Cluster flashware of October", "", "1.0", ReleaseState.AVAILABLE, 736_000,
                   736_000, needs_release="2026.09")  # fmt: skip
HELP = AddOnRow("cluster-help", "Help for the cluster update", "", "1.0", ReleaseState.AVAILABLE, 158, 158,
                ("cluster-update",), "", ("cluster-update",))  # fmt: skip
PREVIEW = InstallPreview(
    "2026.09", "2026.06", False,
    (ComponentChange("car-mixed.pdx", "pdx", "changed", 680_000), ComponentChange("van.pdx", "pdx", "same", 170_000)),
    (UnitSoftwareChange("Mixed car", "ENGINE", "2063.12", "2063.15"),
     UnitSoftwareChange("Mixed car", "BRAKES", "11.02", "11.04")),
    "# Notes\n",
)  # fmt: skip
NOTES = (
    "# Release 2026.09\n\nNewer flashware for **engine** and *brakes*.\n\n- [a link](https://example.org)\n- `code`\n"
)
OLD_WORDS = "Release 2026.06 is active, 170 days old; release 2026.09 is offered."


class FakeLibrary:
    """What the Update Service and the AddOn Center ask."""

    def __init__(self) -> None:
        self.source = UpdateSource()
        self.rows: tuple[ReleaseRow, ...] = (NEW, OLD)
        self.active, self.previous, self.words, self.warning = "2026.06", "", OLD_WORDS, ""
        self.out_of_date = True
        self.addon_rows: tuple[AddOnRow, ...] = (CLUSTER, HELP)
        self.preview_of_now = PREVIEW
        self.told_notes = NOTES
        self.checks = (SourceCheck("trust", True, "root version 1"), SourceCheck("source", True, "answers", 12.0))
        self.refusals: dict[str, ProductError] = {}
        self.calls: list[str] = []
        self.free = 40 << 30

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if name in self.refusals:
            raise self.refusals[name]

    def _set(self, version: str, state: ReleaseState, missing: int = 0) -> None:
        self.rows = tuple(
            replace(row, state=state, missing=missing) if row.version == version else row for row in self.rows
        )

    def overview(self) -> ReleaseOverview:
        return ReleaseOverview(
            self.rows, self.active, "2026.09", self.previous, 170, self.out_of_date, self.words, self.warning,
            SEPTEMBER, self.free,
        )  # fmt: skip

    def addons(self) -> tuple[AddOnRow, ...]:
        return self.addon_rows

    def start_automatic(self) -> None:
        self._called("automatic")

    def search(self) -> ReleaseOverview:
        self._called("search")
        return self.overview()

    def download(self, version: str = "") -> str:
        self._called(f"download {version}")
        self._set(version, ReleaseState.DOWNLOADED)
        return version

    def pause(self, version: str = "", addon: str = "") -> None:
        self._called(f"pause {version}")

    def preview(self, version: str = "") -> InstallPreview:
        self._called("preview")
        return self.preview_of_now

    def install(self, version: str = "", downgrade: bool = False) -> ReleaseOverview:
        self._called(f"install {version}{' downgrade' if downgrade else ''}")
        self._set(self.active, ReleaseState.PREVIOUS)
        self.previous, self.active = self.active, version
        self._set(version, ReleaseState.ACTIVE)
        self.words, self.out_of_date = f"Release {version} is active, 12 days old.", False
        return self.overview()

    def rollback(self) -> ReleaseOverview:
        self._called("rollback")
        return self.overview()

    def forget(self, version: str) -> None:
        self._called(f"forget {version}")

    def export(self, path: str, version: str = "", addon: str = "") -> Path:
        self._called(f"export {version}")
        return Path(path)

    def import_from(self, path: str) -> tuple[str, ...]:
        self._called(f"import {path}")
        return ("2026.09",)

    def notes(self, version: str, addon: str = "") -> str:
        return self.told_notes

    def install_addon(self, name: str) -> None:
        self._called(f"addon {name}")
        self.addon_rows = (replace(CLUSTER, installed="1.0", state=ReleaseState.ACTIVE, missing=0), HELP)

    def switch_addon(self, name: str, on: bool) -> None:
        self._called(f"switch {name} {on}")

    def remove_addon(self, name: str) -> None:
        self._called(f"remove {name}")

    def check_source(self, source: UpdateSource) -> tuple[SourceCheck, ...]:
        self._called(f"check {source.url}")
        return self.checks

    def configure(self, source: UpdateSource) -> UpdateSource:
        self._called(f"configure {source.url}")
        self.source = source
        return source
