"""One back end for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.shops import Shop, open_shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("backend")) as opened:
        yield opened
