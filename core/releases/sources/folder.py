"""A repository in a folder or on a USB stick: plain files below one root, with the limits of the network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from core.errors import BackendUnreachable
from core.pc.files import open_file
from core.releases.sources.base import CHUNK, NotThere, Stopped, too_much


class FolderSource:
    def __init__(self, root: Path, *, offline: bool = True) -> None:
        self.name = str(root)
        self.offline = offline
        self._root = root

    def read(self, path: str, limit: int) -> bytes:
        return b"".join(self.stream(path, limit))

    def stream(
        self, path: str, length: int, offset: int = 0, stop: Callable[[], bool] = lambda: False
    ) -> Iterator[bytes]:
        place = self._place(path)
        try:
            with open_file(place) as stream:
                stream.seek(offset)
                while chunk := stream.read(CHUNK):
                    if stop():
                        raise Stopped
                    offset += len(chunk)
                    if offset > length:
                        raise too_much(path, length)
                    yield chunk
        except FileNotFoundError:
            raise NotThere(f"{self._root} has no {path}.") from None
        except OSError as problem:
            raise BackendUnreachable(
                f"{place} cannot be read: {problem.strerror or problem}.", "Check the folder or the stick."
            ) from problem

    def close(self) -> None:
        pass

    def _place(self, path: str) -> Path:
        """Signed names, but a signer's mistake must not read elsewhere either."""
        parts = path.split("/")
        if any(part in ("", ".", "..") or "\\" in part or ":" in part or "\0" in part for part in parts):
            raise NotThere(f"{path} is no place in a repository.")
        return self._root.joinpath(*parts)
