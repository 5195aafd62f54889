"""A PostgreSQL of our own for tests, campaigns and benchmarks: the system's binaries, a folder of its own, no TCP port.

It listens on a Unix socket in a folder that only its user (and root) may enter, so `trust` trusts nobody else.
PostgreSQL refuses to run as root; as root it runs as `postgres` or `nobody`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

PATIENCE = 30.0  # seconds
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def binaries() -> Path | None:
    """The folder of `postgres` and `initdb`: PASSBAY_POSTGRES, the PATH, or where Debian puts them (newest first)."""
    named = os.environ.get("PASSBAY_POSTGRES")
    found = shutil.which("postgres")
    folders = [Path(named)] if named else []
    folders += [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((f for f in folders if (f / "postgres").exists() and (f / "initdb").exists()), None)


def why_not() -> str:
    """The reason to skip, "" where a PostgreSQL can be started."""
    try:
        import psycopg  # noqa: F401
    except ModuleNotFoundError:
        return "no psycopg (pip install passbay[server])"
    if binaries() is None:
        return "no PostgreSQL binaries (apt-get install postgresql, or set PASSBAY_POSTGRES)"
    if os.name != "posix":
        return "this fixture needs Unix sockets"
    return ""


class Postgres:
    """One running server. `settings` are "name=value"; FAST gives up durability that a test does not look at."""

    def __init__(self, *settings: str) -> None:
        folder = binaries()
        assert folder is not None, why_not()
        self._bin = folder
        self._settings = settings
        self.folder = Path(tempfile.mkdtemp(prefix="passbay-pg-"))
        self._user = self._other_user()
        if self._user:
            os.chown(self.folder, self._user["user"], self._user["group"])
        self.data = self.folder / "data"
        self._run("initdb", "-D", str(self.data), "-U", "passbay", "--auth=trust", "-E", "UTF8", "--no-locale", "-N")
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @staticmethod
    def _other_user() -> dict[str, Any]:
        if os.geteuid() != 0:
            return {}
        names = {entry.pw_name: entry for entry in pwd.getpwall()}
        entry = names.get("postgres") or names["nobody"]
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}

    @property
    def uid(self) -> int:
        """The user it runs as."""
        return int(self._user.get("user", os.geteuid()))

    def _run(self, program: str, *arguments: str) -> None:
        result = subprocess.run(
            [str(self._bin / program), *arguments],
            cwd=self.folder, capture_output=True, text=True, timeout=120, check=False, **self._user,
        )  # fmt: skip
        assert result.returncode == 0, result.stdout + result.stderr

    def start(self) -> None:
        options = ["listen_addresses=", f"unix_socket_directories={self.folder}", "max_connections=60"]
        options += ["shared_buffers=32MB", "logging_collector=off", *self._settings]
        arguments = [word for option in options for word in ("-c", option)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._bin / "postgres"), "-D", str(self.data), *arguments],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **self._user,
            )  # fmt: skip
        self._wait()

    def _wait(self) -> None:
        import psycopg

        given_up = time.monotonic() + PATIENCE
        while True:
            try:
                psycopg.connect(self.conninfo("postgres")).close()
                return
            except psycopg.OperationalError as error:
                assert self._process is not None
                if self._process.poll() is not None or time.monotonic() > given_up:
                    raise RuntimeError((self.folder / "log").read_text(encoding="utf-8", errors="replace")) from error
            time.sleep(0.02)

    def conninfo(self, database: str) -> str:
        return f"host={self.folder} user=passbay dbname={database}"

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://passbay@/{database}?host={self.folder}"

    def create(self, database: str = "") -> str:
        """The URL of a new empty database."""
        name = database or f"t{uuid.uuid4().hex}"
        self.execute("postgres", f'CREATE DATABASE "{name}"')
        return self.url(name)

    def execute(self, database: str, statement: str) -> None:
        import psycopg

        with psycopg.connect(self.conninfo(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def kill(self) -> None:
        """SIGKILL for the postmaster and all of its children, as when the machine dies."""
        import psutil

        assert self._process is not None
        family = [*psutil.Process(self._process.pid).children(recursive=True), psutil.Process(self._process.pid)]
        for process in reversed(family):  # the postmaster first, so that it starts nobody anew
            try:
                process.kill()
            except psutil.NoSuchProcess:
                pass
        psutil.wait_procs(family, PATIENCE)
        self._process.wait(PATIENCE)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # "fast" shutdown
            self._process.wait(PATIENCE)
        shutil.rmtree(self.folder, ignore_errors=True)
