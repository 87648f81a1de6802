"""With ``--lang ko`` the command line says in Korean what the report says, by the same catalogue."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from blemish.images import write_png
from blemish.reports.korean import KOREAN


@pytest.fixture
def walls(tmp_path: Path, wall: np.ndarray) -> Path:
    write_png(tmp_path / "walls/a.png", wall)
    (tmp_path / "walls/b.png").write_bytes(b"")
    (tmp_path / "walls/c.psd").write_bytes(b"8BPS")
    return tmp_path / "walls"


def english(text: str) -> list[str]:
    """Words beside file names, paths, options, units and what stands in quotation marks."""
    return re.findall(r"(?<![\w./-])[A-Za-z]{2,}(?![\w./-])", re.sub(r'"[^"]*"|\bMB\b|Photoshop|TIFF|PNG', "", text))


def test_what_the_report_says_in_korean_is_said_in_korean(blemish, walls: Path, darkness_file: Path):
    done = blemish("inspect", walls, "--detector", darkness_file, "--out", "out", "--lang", "ko", "-v")
    assert done.exit_code == 3
    assert f"1 {KOREAN['reject']}" in done.stdout
    assert f"a.png: {KOREAN['reject']}, 점수 0." in done.stderr
    assert "건너뜀: " in done.stderr
    said = done.output.replace("blemish inspect", "").splitlines()
    # How long it took is said of the program, not of the images.
    assert english("\n".join(line for line in said if "MB of memory" not in line)) == []

    again = blemish("report", "out", "--lang", "ko")
    assert "report.html의 크기는" in again.stderr


def test_an_error_is_said_in_korean_and_the_next_command_is_english_again(blemish, walls: Path, darkness_file: Path):
    command = ["inspect", walls / "b.png", "--detector", darkness_file, "--json"]
    assert blemish(*command, "--lang", "ko").stderr.splitlines()[-1] == "오류: 점검할 수 있는 이미지가 하나도 없습니다."
    assert blemish(*command).stderr.splitlines()[-1] == "Error: None of the images could be inspected."
