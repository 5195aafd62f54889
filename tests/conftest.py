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
for name in ("NO_COLOR", "TEXTUAL_THEME", "SSH_CONNECTION", "PASSBAY_HOME"):
    os.environ.pop(name, None)
os.environ["TEXTUAL_ANIMATIONS"] = "none"

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A fresh data, config, cache and state root, so that no test sees the user's or another test's."""
    folder = tmp_path / "home"
    monkeypatch.setenv("PASSBAY_HOME", str(folder))
    yield folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of foreign inputs (PDX, images, traces). Never copied into the project."""
    folder = Path(os.environ.get("PASSBAY_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no foreign data at {folder} (set PASSBAY_SHARED_DATA)")
    return folder
