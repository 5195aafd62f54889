"""The publisher's tools for the roof: repository, keys, releases, AddOns. Needs no workbench and no settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import UsageError

if TYPE_CHECKING:
    from core.backend.publisher.repository import StaticRepository


class PublishingDesk:
    """`repository`: the folder that a web server will serve; `keys`: folders with key files, `password` opens them."""

    def __init__(self, repository: Path, keys: Sequence[Path], password: str = "", timestamp_days: int = 0) -> None:
        self._folder, self._keys = repository, list(keys)
        self._password = password.encode() or None
        self._days = timestamp_days

    def _repository(self) -> StaticRepository:
        from core.backend.publisher.keys import KeyRing
        from core.backend.publisher.repository import StaticRepository

        missing = [str(folder) for folder in self._keys if not folder.is_dir()]
        if missing:
            raise UsageError(f"There is no folder {missing[0]}.", "Name the folders with the key files.")
        return StaticRepository(self._folder, KeyRing(self._keys, self._password), timestamp_days=self._days)

    def create(self, keys: Path) -> list[dict[str, Any]]:
        """A new repository, its keys in `keys`/offline and `keys`/online. What was made."""
        from core.backend.publisher.keys import KeyRing
        from core.backend.publisher.repository import StaticRepository

        repository = StaticRepository(self._folder, KeyRing([]), timestamp_days=self._days)
        repository.create(keys, self._password)
        return repository.roles()

    def publish(
        self, version: str, title: str, files: Sequence[Path], *, notes: str = "", name: str = "",
        groups: Sequence[str] = (), needs: Sequence[str] = (), needs_release: str = "", client_minimum: str = "",
    ) -> dict[str, Any]:  # fmt: skip
        """A release, or an AddOn where `name` is given. What was published."""
        from core.backend.publisher.releases import Draft, Publisher

        by_name: Mapping[str, Path] = {file.name: file for file in files}
        if len(by_name) != len(files):
            raise UsageError("Two of the files have one name.")
        plain = notes.replace("\r\n", "\n").expandtabs()
        draft = Draft(
            version, title, by_name, plain, name, tuple(groups), tuple(needs), needs_release, client_minimum
        )
        manifest = Publisher(self._repository()).publish(draft)
        return {
            "version": version, "name": name, "size": manifest.head.size,
            "files": [
                {"name": c.name, "kind": c.kind, "size": c.length, "pieces": len(c.pieces)} for c in manifest.components
            ],
        }  # fmt: skip

    def withdraw(self, version: str, name: str = "") -> None:
        from core.backend.publisher.releases import Publisher

        Publisher(self._repository()).withdraw(version, name)

    def refresh(self, days: float) -> bool:
        """Signs snapshot and timestamp anew where less than `days` are left: what a timer runs. Whether it did."""
        return self._repository().keep_fresh(days)

    def rotate(self, role: str, folder: Path, old: str = "") -> tuple[str, Path]:
        """A new key for the role, made in `folder`; the old one is revoked. The new key's id and file."""
        return self._repository().rotate(role, folder, old, self._password)

    def revoke(self, role: str, key_id: str) -> None:
        self._repository().revoke(role, key_id)

    def roles(self) -> list[dict[str, Any]]:
        return self._repository().roles()

    def published(self) -> list[dict[str, Any]]:
        """Every release and AddOn that is offered."""
        from dataclasses import asdict

        from core.backend.publisher.releases import Publisher

        publisher = Publisher(self._repository())
        return [asdict(head) for kind in ("release", "addon") for head in publisher.heads(kind)]

    @property
    def anchor(self) -> Path:
        """The root metadata that customers are given to trust."""
        return self._folder / "metadata" / "1.root.json"
