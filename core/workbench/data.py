"""Which PDX files make the catalogue: the garage's own, those in the data folder, those named for one connection."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.catalogue import Catalogue

_Stamp = tuple[tuple[str, int, int], ...]


class DataShelf:
    """Loads catalogues and keeps the last one of each set of files, so that a second connection costs nothing."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self._folder = folder
        self._cache = cache
        self._lock = threading.Lock()
        self._loaded: dict[_Stamp, Catalogue] = {}

    def files(self) -> list[Path]:
        """What belongs to every connection: the garage's data and the data folder's, in a fixed order."""
        from core.simulation.vehicle_files import pdx_path, vehicle_names

        own = sorted(path for path in self._folder.glob("*.pdx")) if self._folder.is_dir() else []
        return [*(pdx_path(name) for name in vehicle_names()), *own]

    def catalogue(self, named: Sequence[Path] = ()) -> Catalogue:
        """Everything together. A named file that cannot be used raises its DataInvalid; others are `problems`."""
        from core.errors import DataInvalid

        catalogue = self._load([*self.files(), *named])
        wanted = {str(path.absolute()) for path in named}
        for problem in catalogue.problems:
            if isinstance(problem, DataInvalid) and str(Path(problem.file).absolute()) in wanted:
                raise problem
        return catalogue

    def single(self, path: Path) -> Catalogue:
        """One file alone (`--flashware FILE.pdx`). Raises its DataInvalid."""
        catalogue = self._load([path])
        for problem in catalogue.problems:
            raise problem
        return catalogue

    def _load(self, paths: Sequence[Path]) -> Catalogue:
        from core.catalogue import load

        with self._lock:
            stamp = tuple(_stamp(path) for path in paths)
            if stamp not in self._loaded:
                self._loaded.clear()  # files change rarely: one set is enough to keep
                self._loaded[stamp] = load(paths, self._cache)
            return self._loaded[stamp]


def _stamp(path: Path) -> tuple[str, int, int]:
    try:
        state = path.stat()
    except OSError:
        return str(path.absolute()), 0, 0  # the catalogue will say what is wrong with it
    return str(path.absolute()), state.st_mtime_ns, state.st_size
