"""``blemish calibrate``: groups of normal images, by sub-folder or by table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from blemish.detectors import read_container
from blemish.images import write_png


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """Forty walls of one camera, forty lighter ones of another, and a few without a camera."""
    for number in range(40):
        write_png(tmp_path / "good" / "cam 1" / f"{number}.png", np.full((8, 8, 3), 100 + number, np.uint8))
        write_png(tmp_path / "good" / "cam2" / "monday" / f"{number}.png", np.full((8, 8, 3), 200 + number, np.uint8))
    write_png(tmp_path / "good" / "loose.png", np.full((8, 8, 3), 250, np.uint8))
    return tmp_path / "good"


def by_groups(blemish, detector: Path, normals: Path):
    return blemish(
        "calibrate", "--detector", detector, "--data", normals, "--groups", "--alpha", "0.1", "--out", "out.blemish"
    )


def names() -> list[str]:
    return sorted(path.name for path in Path().glob("*.blemish"))


def reject_of(path: Path) -> float | None:
    return read_container(path).spec.thresholds.reject


def test_each_sub_folder_gets_a_file_with_its_own_threshold(blemish, darkness_file: Path, good: Path):
    result = blemish(
        "calibrate", "--detector", darkness_file, "--data", good, "--groups", "--alpha", "0.1", "--out", "out.blemish"
    )
    assert result.exit_code == 0, result.output
    assert names() == [
        "out-cam2.blemish",
        "out-cam_1.blemish",
        "out.blemish",
    ]
    assert reject_of(Path("out-cam2.blemish")) < 0.25 < reject_of(Path("out-cam_1.blemish"))
    again = by_groups(blemish, darkness_file, good)
    assert "--force to replace it" in again.stderr


def test_a_table_names_the_groups_and_small_ones_are_told(blemish, darkness_file: Path, good: Path):
    rows = [
        f"{path.relative_to(good)},{'a' if number < 70 else 'b'}"
        for number, path in enumerate(sorted(good.rglob("*.png")))
    ]
    (good / "groups.csv").write_text("path,group\n" + "\n".join(rows))
    result = blemish(
        "calibrate", "--detector", darkness_file, "--data", good, "--groups", "--alpha", "0.1", "--out", "out.blemish"
    )
    assert names() == ["out-a.blemish", "out.blemish"]
    assert 'Group "b" gets no calibration of its own' in result.stderr
    assert "and there are 11" in result.stderr


def test_groups_whose_files_would_collide_are_refused(blemish, darkness_file: Path, good: Path):
    (good / "cam2").rename(good / "cam_1")
    result = blemish(
        "calibrate", "--detector", darkness_file, "--data", good, "--groups", "--alpha", "0.1", "--out", "out.blemish"
    )
    assert result.exit_code == 2
    assert 'would both be written to "out-cam_1.blemish"' in result.stderr


def test_tails_and_defects_at_the_command_line(blemish, darkness_file: Path, good: Path, tmp_path: Path):
    for number in range(60):
        write_png(tmp_path / "bad" / f"{number}.png", np.full((8, 8, 3), number, np.uint8))
    calibrate = ("calibrate", "--detector", darkness_file, "--data", good / "cam 1", "--alpha", "0.2", "--marginal")
    result = blemish(
        *calibrate, "--tails", "both", "--defects", tmp_path / "bad", "--recall", "0.9", "--out", "out.blemish"
    )
    assert result.exit_code == 0, result.output
    assert "Rejected or sent to review: With 95 % confidence, at least 90 % of defects like these" in result.output
    calibration = read_container(Path("out.blemish")).spec.calibration
    assert calibration is not None
    assert calibration.tails == "both"
    inspected = blemish("inspect", good / "cam2", "--detector", "out.blemish", "--json")
    assert '"verdict":"reject"' in inspected.output.replace(" ", ""), "lighter than any normal one"
