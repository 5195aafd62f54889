"""The metadata of the repository on disk: opened, changed, signed with the keys that are here.

Every file is written whole and under its version; timestamp.json comes last, so that a client sees the old state or
the new one. Copying the folder to a web server should keep that order.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import RepositoryError, UnsignedMetadataError
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.repository import Repository

from core.backend.publisher.keys import ENDING, OFFLINE, ONLINE, ROLES, KeyRing, keys_below
from core.errors import DataInvalid, UsageError
from core.pc.files import write_file

ADDONS = "addons"
LIFE_DAYS = {"root": 400, "targets": 150, ADDONS: 150, "snapshot": 30, "timestamp": 7}
_FIRST: dict[str, Callable[[], Root | Targets | Snapshot | Timestamp]] = {
    "root": lambda: Root(consistent_snapshot=True),
    "targets": Targets,
    ADDONS: Targets,
    "snapshot": Snapshot,
    "timestamp": Timestamp,
}


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


class StaticRepository(Repository):
    """`folder`/metadata and `folder`/targets. UsageError where a needed key is not here, DataInvalid for a bad one."""

    def __init__(
        self, folder: Path, keys: KeyRing, *, now: Callable[[], datetime] = _now, timestamp_days: int = 0
    ) -> None:
        self.folder = folder
        self.metadata, self.targets_folder = folder / "metadata", folder / "targets"
        self._keys, self._now = keys, now
        self._days = LIFE_DAYS | ({"timestamp": timestamp_days} if timestamp_days else {})

    # -- tuf's base class asks for these

    def open(self, role: str) -> Metadata:  # type: ignore[type-arg]
        path = self._newest(role)
        if path is None:
            fresh: Metadata = Metadata(_FIRST[role]())  # type: ignore[type-arg]  # of any role
            fresh.signed.version = 0  # close() makes it 1
            return fresh
        try:
            return Metadata.from_bytes(path.read_bytes())
        except (OSError, RepositoryError) as problem:
            raise DataInvalid(f"{path} cannot be read: {problem}.", file=str(path)) from problem

    def close(self, role: str, md: Metadata) -> None:  # type: ignore[type-arg]
        md.signed.version += 1
        md.signed.expires = self._now() + timedelta(days=self._days[role])
        md.signatures.clear()
        for signer in self._signers(role, md):
            md.sign(signer, append=True)
        self._check_threshold(role, md)
        name = "timestamp.json" if role == "timestamp" else f"{md.signed.version}.{role}.json"
        write_file(self.metadata / name, md.to_bytes(), what="The repository")
        (self.metadata / name).chmod(0o644)  # a web server of another user reads it

    @property
    def targets_infos(self) -> dict[str, MetaFile]:
        return {f"{role}.json": self._meta(role) for role in ("targets", ADDONS) if self._newest(role)}

    @property
    def snapshot_info(self) -> MetaFile:
        return self._meta("snapshot")

    # -- the life of a repository

    def create(self, folder: Path, password: bytes | None = None) -> None:
        """New keys in `folder` (two sub-folders: take offline/ away), root, empty targets. UsageError where one is."""
        if self._newest("root"):
            raise UsageError(f"{self.folder} holds a repository already.")
        made = {
            role: [
                self._keys.add(folder / _where(role) / f"{role}-{number + 1}{ENDING}", password)
                for number in range(count)
            ]
            for role, (count, _) in ROLES.items()
        }
        with self.edit_root() as root:
            for role, signers in made.items():
                if role == ADDONS:
                    continue
                for signer in signers:
                    root.add_key(signer.public_key, role)
                root.roles[role].threshold = ROLES[role][1]
        with self.edit_targets() as targets:
            # two levels below addons/: NAME/VERSION.json and pieces/HEX; the index lies on the first
            delegated = DelegatedRole(ADDONS, [], ROLES[ADDONS][1], True, paths=["addons/*", "addons/*/*"])
            targets.delegations = Delegations({}, {ADDONS: delegated})
            for signer in made[ADDONS]:
                targets.add_key(signer.public_key, ADDONS)
        with self.edit_targets(ADDONS):
            pass
        self.publish()

    def publish(self) -> None:
        """Snapshot and timestamp of what the targets' roles are now: the last step of every change."""
        self.do_snapshot()
        self.do_timestamp(force=True)

    def keep_fresh(self, days: float) -> bool:
        """Signs the timestamp (and the snapshot) anew where less than `days` are left of them. Online keys do."""
        soon = self._now() + timedelta(days=days)
        stale = [role for role in ("snapshot", "timestamp") if self.open(role).signed.expires < soon]
        if stale:
            self.do_snapshot(force="snapshot" in stale)
            self.do_timestamp(force=True)
        return bool(stale)

    def rotate(self, role: str, folder: Path, old: str = "", password: bytes | None = None) -> tuple[str, Path]:
        """A new key for `role` in `folder`; the old one (key id, or the first) is revoked. The new key's id and file.

        In the folder of `create` it goes to its offline/ or online/, in any other it lies as it is.
        """
        if role not in ROLES:
            raise UsageError(f"There is no role {role!r}.", f"Choose one of: {', '.join(ROLES)}.")
        known = self._key_ids(role)
        gone = next((key_id for key_id in known if key_id.startswith(old)), "") if known else ""
        if not gone:
            raise UsageError(f"The role {role} has no key {old!r}.")
        path = _free_name(folder / _where(role) if keys_below(folder) else folder, role)
        signer = self._keys.add(path, password)
        try:
            self._exchange(role, gone, signer)
        except UsageError:
            if signer.public_key.keyid not in self._key_ids(role):
                path.unlink()  # nothing names it: it would only lie about
            raise
        return signer.public_key.keyid, path

    def revoke(self, role: str, key_id: str) -> None:
        """Takes a key away. UsageError where fewer than the threshold would be left."""
        if len(self._key_ids(role)) - 1 < ROLES[role][1]:
            raise UsageError(f"The role {role} needs {ROLES[role][1]} keys.", "Rotate the key instead.")
        self._exchange(role, key_id, None)

    def _exchange(self, role: str, gone: str, new: CryptoSigner | None) -> None:
        if role == ADDONS:
            with self.edit_targets() as targets:
                targets.revoke_key(gone, role)
                if new is not None:
                    targets.add_key(new.public_key, role)
        else:
            with self.edit_root() as root:
                root.revoke_key(gone, role)
                if new is not None:
                    root.add_key(new.public_key, role)
        if role in ("targets", ADDONS):
            with self.edit_targets(role):
                pass  # signed anew by the keys of now
        self.do_snapshot(force=True)
        self.do_timestamp(force=True)

    # -- targets

    def sign_targets(self, role: str, add: dict[str, TargetFile], remove: list[str]) -> None:
        """One new version of `role` with these targets in and those out; then snapshot and timestamp."""
        with self.edit_targets(role) as targets:
            for path in remove:
                targets.targets.pop(path, None)
            targets.targets.update(add)
        self.publish()

    def roles(self) -> list[dict[str, object]]:
        """For people: role, version, expiry, keys (and which are here), threshold."""
        rows: list[dict[str, object]] = []
        for role, (_, threshold) in ROLES.items():
            signed = self.open(role).signed
            keys = [{"id": key_id, "here": self._keys.name(key_id)} for key_id in self._key_ids(role)]
            expires = signed.expires.isoformat()
            rows.append(
                {"role": role, "version": signed.version, "expires": expires, "threshold": threshold, "keys": keys}
            )
        return rows

    # -- inside

    def _key_ids(self, role: str) -> list[str]:
        if role != ADDONS:
            return list(self.root().roles[role].keyids)
        delegations = self.targets().delegations
        found = delegations.roles if delegations else None
        return list(found[ADDONS].keyids) if found and ADDONS in found else []

    def _signers(self, role: str, md: Metadata) -> list[CryptoSigner]:  # type: ignore[type-arg]
        if role == "root":
            # a new root is signed by the old root's keys and by its own (TUF, 6.1)
            old = list(self.root().roles["root"].keyids) if self._newest("root") else []
            return self._keys.signers(dict.fromkeys([*old, *md.signed.roles["root"].keyids]))
        return self._keys.signers(self._key_ids(role))

    def _check_threshold(self, role: str, md: Metadata) -> None:  # type: ignore[type-arg]
        delegators: list[Root | Targets] = [self.root()] if role == "root" and self._newest("root") else []
        delegators.append(md.signed if role == "root" else self.targets() if role == ADDONS else self.root())
        for delegator in delegators:
            try:
                delegator.verify_delegate(role, md.signed_bytes, md.signatures)
            except UnsignedMetadataError as problem:
                raise UsageError(
                    f"Not enough keys of the role {role} are here ({len(md.signatures)} signed).",
                    "Name the folder with the missing keys, e.g. the stick with the offline keys.",
                ) from problem

    def _newest(self, role: str) -> Path | None:
        if role == "timestamp":
            path = self.metadata / "timestamp.json"
            return path if path.is_file() else None
        versions = [int(path.name.partition(".")[0]) for path in self.metadata.glob(f"*.{role}.json")
                    if path.name.partition(".")[0].isdigit()]  # fmt: skip
        return self.metadata / f"{max(versions)}.{role}.json" if versions else None

    def _meta(self, role: str) -> MetaFile:
        path = self._newest(role)
        assert path is not None
        content = path.read_bytes()
        return MetaFile.from_data(self.open(role).signed.version, content, ["sha256"])


def _where(role: str) -> str:
    return ONLINE if role in ("snapshot", "timestamp") else OFFLINE


def _free_name(folder: Path, role: str) -> Path:
    numbers = [int(path.stem.rpartition("-")[2]) for path in folder.glob(f"{role}-*{ENDING}")
               if path.stem.rpartition("-")[2].isdigit()]  # fmt: skip
    return folder / f"{role}-{max(numbers, default=0) + 1}{ENDING}"
