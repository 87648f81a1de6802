"""Running the command line as a user does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from blemish.cli.app import app

Blemish = Callable[..., Result]


@pytest.fixture
def blemish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Blemish:
    """`blemish("inspect", path, …)` in an empty folder; no outcome may be a traceback or our own fault."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)

    def run(*arguments: object) -> Result:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="blemish")
        assert "Traceback" not in result.output
        assert result.exit_code in (0, 2, 3, 4), result.output
        if result.exit_code == 2:
            assert "Error" in result.stderr or "오류" in result.stderr
        return result

    return run
