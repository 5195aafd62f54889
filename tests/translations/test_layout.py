"""Longer languages fit: with every text 40 % longer the keys of the bar and the buttons of the dialogs still show."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.translations.extract import REPOSITORY
from tests.tui.test_snapshots import STATES
from tui.locale import longer
from tui.widgets.lines import fitting_labels

PARTS = 4  # processes, so that they may run side by side


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", range(PARTS))
def test_every_state_fits_in_80x24_with_long_texts(part: int) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tests.translations.long_screens", *list(STATES)[part::PARTS]],
        cwd=REPOSITORY, env=os.environ | {"PYTHONPATH": str(REPOSITORY)}, capture_output=True, timeout=280,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr.decode()[-3000:]
    assert json.loads(result.stdout) == {}


def test_the_longest_labels_of_the_key_bar_give_way_and_no_key() -> None:
    long = [(key, longer("Understandably long"), "nothing") for key in ("a", "b", "f5")]
    keys = [*long, ("esc", "Back", "back"), ("^p", "Commands", "palette")]
    labels = fitting_labels(keys, 62)
    assert labels[3:] == ["Back", "Commands"] and all(label.startswith("Unders") for label in labels[:3])
    assert sum(len(key) + len(label) + 3 for (key, _label, _action), label in zip(keys, labels, strict=True)) == 62
    assert fitting_labels(keys, 200) == [label for _key, label, _action in keys]
