"""Which PDX files make the catalogue: the active release (else the garage's), the data folder's, those named."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import CatalogueError, ReleaseError, StorageFailed

if TYPE_CHECKING:
    from core.catalogue import Catalogue

_KEPT = 3
"""Sets of files whose catalogue stays in memory: those of now, one named file, a release that is looked at."""
_Stamp = tuple[tuple[str, int, int], ...]


class DataShelf:
    """Loads catalogues and keeps the last one of each set of files, so that a second connection costs nothing."""

    def __init__(self, folder: Path, cache: Path, active: Callable[[], list[Path] | None] = lambda: None) -> None:
        """`active`: files of the active release and its AddOns, None where none is. May raise ReleaseError."""
        self._folder = folder
        self._cache = cache
        self._active = active
        self._lock = threading.Lock()
        self._loaded: dict[_Stamp, Catalogue] = {}
        self.problem = ""

    def files(self) -> list[Path]:
        """What belongs to every connection: the active release (else the garage's data) and the data folder's."""
        own = sorted(path for path in self._folder.glob("*.pdx")) if self._folder.is_dir() else []
        return [*(self._released() or self.built_in()), *own]

    def built_in(self) -> list[Path]:
        """The garage's data, which serve while no release is installed."""
        from core.simulation.vehicle_files import pdx_path, vehicle_names

        return [pdx_path(name) for name in vehicle_names()]

    def _released(self) -> list[Path] | None:
        try:
            files = self._active()
        except (ReleaseError, StorageFailed) as damaged:
            self.problem = f"The active release cannot be used; the built-in data serve. {damaged.message}"
            return None
        self.problem = ""
        return files

    def catalogue(self, named: Sequence[Path] = ()) -> Catalogue:
        """Everything together. A named file that cannot be used raises its DataInvalid; others are `problems`."""
        from core.errors import DataInvalid

        catalogue = self._load([*self.files(), *named])
        wanted = {str(path.absolute()) for path in named}
        for problem in catalogue.problems:
            if isinstance(problem, DataInvalid) and str(Path(problem.file).absolute()) in wanted:
                raise problem
        return catalogue

    def of(self, paths: Sequence[Path]) -> Catalogue:
        """Exactly these files; the built-in data for none."""
        return self._load(list(paths) or self.built_in())

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
                while len(self._loaded) >= _KEPT:
                    self._loaded.pop(next(iter(self._loaded)))
                self._loaded[stamp] = load(paths, self._cache)
            return self._loaded[stamp]


def _stamp(path: Path) -> tuple[str, int, int]:
    try:
        state = path.stat()
    except OSError:
        return str(path.absolute()), 0, 0  # the catalogue will say what is wrong with it
    return str(path.absolute()), state.st_mtime_ns, state.st_size


class DataWatch:
    """Tells a connection that other data serve since a release or AddOn was switched."""

    def __init__(
        self, shelf: DataShelf, stamp: Callable[[], object], named: Sequence[Path],
        note: Callable[[Sequence[Exception]], None],
    ) -> None:  # fmt: skip
        self._shelf, self._stamp, self._named, self._note = shelf, stamp, named, note
        self._seen = stamp()

    def catalogue(self) -> Catalogue | None:
        """The new one, once; None while nothing was switched. Costs one look at a file."""
        now = self._stamp()
        if now == self._seen:
            return None
        self._seen = now
        try:
            catalogue = self._shelf.catalogue(self._named)
        except CatalogueError as problem:  # a named file is gone: the connection keeps what it has
            self._note([problem])
            return None
        self._note(catalogue.problems)
        return catalogue
