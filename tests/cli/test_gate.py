"""``blemish gate`` as a pipeline runs it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from blemish.images import write_png


@pytest.fixture
def labelled(tmp_path: Path, wall: NDArray[np.uint8]) -> Path:
    root = tmp_path / "data"
    for number in range(12):
        image = wall if number % 2 else np.full_like(wall, 200 + number)
        write_png(root / "test" / "images" / f"{number}.png", image)
        write_png(root / "test" / "masks" / f"{number}.png", image[..., 0] == 20)
    return root


@pytest.mark.parametrize(("rate", "code", "said"), [(0.5, 0, "The gate is open."), (0.01, 4, "The gate is closed.")])
def test_the_exit_code_says_whether_it_is_shown(
    blemish, darkness_file: Path, labelled: Path, rate: float, code: int, said: str
):
    arguments = ("--max-false-alarms", rate, "--min-recall", 0.5)
    result = blemish("gate", "--detector", darkness_file, "--data", labelled, *arguments)
    assert result.exit_code == code
    assert said in result.stdout
    assert "0 of 6 normal images" in result.stdout


def test_json_is_for_machines(blemish, darkness_file: Path, labelled: Path):
    result = blemish("gate", "--detector", darkness_file, "--data", labelled, "--json")
    assert result.exit_code == 4
    record = json.loads(result.stdout)
    assert record["is_open"] is False
    assert record["normal"]["n"] == record["defective"]["count"] == 6
