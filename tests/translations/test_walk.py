"""Every message, refusal and error class is looked up from where it appears, in three languages, app and CLI."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from core.support import reference
from tests.translations.extract import REPOSITORY
from tests.translations.walk import classes, explained, refusals
from tui.cli.output import Output
from tui.locale import LANGUAGES, said, use


def test_refusals_and_classes_lead_to_all_pages_of_the_reference() -> None:
    assert {error.page for error in refusals()} == set(reference.names()) - set(reference.codes())
    plain = {error.code for error in classes()} | {"2221-54", "2173-43", "PB-900"}
    assert plain == set(reference.codes())
    assert all(error.page == error.code for error in classes() if error.code not in ("PB-401", "PB-404"))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_code_leads_to_its_page_in_the_app(language: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tests.translations.walk", language],
        cwd=REPOSITORY, env=os.environ | {"PYTHONPATH": str(REPOSITORY)}, capture_output=True, timeout=280,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr.decode()[-3000:]
    told = json.loads(result.stdout)
    assert told["problems"] == []
    things = sum(1 for _ in (*classes(), *refusals()))
    assert told["looked"] > 4 * things, "in the list, and on Flash, Coding and Vehicle"
    assert told["opened"] > 15


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_refused_command_names_a_page_that_there_is(
    language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    use(language)
    try:
        for number, error in enumerate([*classes(), *refusals()]):
            told = explained(error, number)
            Output(as_json=False).failure(told)
            lines = capsys.readouterr().err.splitlines()
            if told.code != "PB-002":  # the command line's own errors say --help
                assert lines[-1].endswith(f"passbay support page {told.page}")
            page = reference.page(told.page, said)
            assert page is not None and page.name == told.page
    finally:
        use("en")
