"""What every test shares: a home of its own, the foreign data where it is there, and calm surroundings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_textual_snapshot

# syrupy >= 5 renamed `_file_extension`; without this line the baselines would be written as .raw
pytest_textual_snapshot.SVGImageExtension.file_extension = "svg"

# They change what is drawn, or read at import of textual.constants: set before any test imports textual.
for name in ("NO_COLOR", "TEXTUAL_THEME", "SSH_CONNECTION", "PASSBAY_HOME", "PASSBAY_LANGUAGE", "LANGUAGE"):
    os.environ.pop(name, None)
os.environ["TEXTUAL_ANIMATIONS"] = "none"
# tests read English, whatever the locale of the machine; PASSBAY_LANGUAGE would count as a setting
os.environ["LC_ALL"] = "C.UTF-8"
# a test must never write into the keyring of who runs it
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def compiled_cache(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """One cache of compiled vehicle data for the whole run, all workers: parsing a PDX costs a second or two."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "cache"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiled_cache: Path) -> Iterator[Path]:
    """A fresh data, config and state root, so that no test sees the user's or another test's; the cache is shared."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "cache").symlink_to(compiled_cache, target_is_directory=True)
    monkeypatch.setenv("PASSBAY_HOME", str(folder))
    yield folder


@pytest.fixture
def papers(home: Path) -> Path:
    """This home is commissioned: StartKey, log-in, credit for every product group."""
    from core.workbench import WorkbenchPaths
    from tests.papers import commission

    commission(WorkbenchPaths.below(home))
    return home


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of foreign inputs (PDX, images, traces). Never copied into the project."""
    folder = Path(os.environ.get("PASSBAY_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no foreign data at {folder} (set PASSBAY_SHARED_DATA)")
    return folder
