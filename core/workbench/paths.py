"""Where Passbay keeps its files (platformdirs, or one folder named by PASSBAY_HOME). Creates nothing by itself."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

HOME_VARIABLE = "PASSBAY_HOME"


@dataclass(frozen=True, slots=True)
class WorkbenchPaths:
    """The four roots. `data` holds what the user brought or must keep, `cache` what can be made again."""

    config: Path
    data: Path
    cache: Path
    state: Path

    @classmethod
    def default(cls) -> WorkbenchPaths:
        """PASSBAY_HOME/{config,data,cache,state} where that is set, else the places of the operating system."""
        home = os.environ.get(HOME_VARIABLE, "")
        if home:
            return cls.below(Path(home))
        import platformdirs

        places = platformdirs.PlatformDirs("passbay", appauthor=False)
        return cls(
            places.user_config_path, places.user_data_path, places.user_cache_path, places.user_state_path
        )

    @classmethod
    def below(cls, root: Path) -> WorkbenchPaths:
        return cls(root / "config", root / "data", root / "cache", root / "state")

    @property
    def settings_file(self) -> Path:
        return self.config / "settings.toml"

    @property
    def data_files(self) -> Path:
        """PDX files put here belong to the catalogue without `--data`."""
        return self.data / "data"

    @property
    def traces(self) -> Path:
        """Saved traces that were given no other place."""
        return self.data / "traces"

    @property
    def coding(self) -> Path:
        """Before-images of coding: VIN/unit/timestamp.json."""
        return self.data / "coding"

    @property
    def history(self) -> Path:
        """What was done to each vehicle: VIN/history.jsonl."""
        return self.data / "history"

    @property
    def history_heads(self) -> Path:
        """Number and hash of each history's last entry, in another root than the history itself."""
        return self.state / "history"

    @property
    def compiled(self) -> Path:
        return self.cache / "catalogue"

    @property
    def garage(self) -> Path:
        """State of the simulated vehicles (flash memory, coding, DTCs)."""
        return self.state / "garage"

    @property
    def journal(self) -> Path:
        """What jobs that change a unit have done: kept until it is verified."""
        return self.state / "journal"

    @property
    def locks(self) -> Path:
        return self.state / "locks"

    @property
    def hosts(self) -> Path:
        """The vehicle hosts that run: one file each, their sockets and keys. Only the owner enters it."""
        return self.state / "hosts"

    @property
    def visits(self) -> Path:
        """The door that is open for browsers and who came through it. Only the owner enters it."""
        return self.state / "visits"

    @property
    def paper(self) -> Path:
        """StartKey, trusted keys, log-in, credit as last seen. Only the owner enters it."""
        return self.data / "paper"

    @property
    def paper_state(self) -> Path:
        """The second place of what must not be set back: the highest time seen, the head of the ledger."""
        return self.state / "paper"

    @property
    def backend(self) -> Path:
        """The embedded back end's database and keys."""
        return self.data / "backend"

    @property
    def releases(self) -> Path:
        """Releases and AddOns: what is installed, downloaded, trusted."""
        return self.data / "releases"

    @property
    def trust(self) -> Path:
        """The root metadata that were chosen for a release source."""
        return self.config / "trust"

    @property
    def crashes(self) -> Path:
        """What was left of a program that ended by a fault of ours: places in the code, no values."""
        return self.state / "crash"

    @property
    def logs(self) -> Path:
        return self.state / "log"
