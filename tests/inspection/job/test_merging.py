"""Parts of an inspection, put together, are the inspection."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import blemish
from blemish.errors import BlemishError, DataError
from blemish.images import write_png
from blemish.inspection import merge_jobs


@pytest.fixture
def folder(tmp_path: Path, wall: NDArray[np.uint8]) -> Path:
    for number in range(9):
        write_png(tmp_path / "images" / f"{number % 2}" / f"{number // 2}.png", np.roll(wall, number, axis=0))
    (tmp_path / "images" / "broken.png").touch()
    return tmp_path / "images"


def files(out: Path) -> dict[str, bytes]:
    """All but records with dates, and the shards, whose order is that of the machines."""
    kept = [path for path in out.rglob("*") if path.is_file() and path.parent.name != "shards"]
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in kept if path.name not in {"run.json"}}


def test_three_machines_give_what_one_gives(darkness_file: Path, folder: Path, tmp_path: Path):
    parts = [tmp_path / f"part {number}" for number in (1, 2, 3)]
    for number, part in enumerate(parts, start=1):
        blemish.inspect(folder, detector=darkness_file, out=part, part=(number, 3))
    blemish.inspect(folder, detector=darkness_file, out=tmp_path / "whole", report=False)
    summary = merge_jobs(parts, tmp_path / "merged", report=False)
    assert (summary.inspected, summary.failed) == (9, 1)
    assert summary.run.complete
    assert files(tmp_path / "merged") == files(tmp_path / "whole")
    # It is a job like any other.
    again = blemish.inspect(folder, detector=darkness_file, out=tmp_path / "merged", again=False)
    assert again.earlier == 10
    assert again.page is not None


def test_what_cannot_be_put_together_is_refused_and_leaves_nothing(
    darkness_file: Path, folder: Path, tmp_path: Path, wall: NDArray[np.uint8]
):
    blemish.inspect(folder, detector=darkness_file, out=tmp_path / "a")
    blemish.inspect(folder, detector=darkness_file, out=tmp_path / "b", scale=0.5)
    write_png(tmp_path / "others" / "broken.png", wall)
    write_png(tmp_path / "others" / "0__0.png.png", wall)
    blemish.inspect(tmp_path / "others", detector=darkness_file, out=tmp_path / "c")
    for others, said in (("b", "another scale"), ("c", "different images called"), ("none", "holds no job")):
        with pytest.raises(DataError, match=said):
            merge_jobs([tmp_path / "a", tmp_path / others], tmp_path / "merged")
        assert not (tmp_path / "merged").exists()
    with pytest.raises(BlemishError, match="holds something already"):
        merge_jobs([tmp_path / "a"], tmp_path / "c")


def test_a_part_that_has_not_come_to_its_end_is_said(darkness_file: Path, folder: Path, tmp_path: Path):
    def stop(_: object) -> None:
        raise KeyboardInterrupt

    blemish.inspect(folder, detector=darkness_file, out=tmp_path / "1", part=(1, 2))
    with pytest.raises(KeyboardInterrupt):
        blemish.inspect(folder, detector=darkness_file, out=tmp_path / "2", part=(2, 2), on_finding=stop)
    said: list[str] = []
    summary = merge_jobs([tmp_path / "1", tmp_path / "2"], tmp_path / "merged", say=said.append)
    assert len(said) == 1
    assert not summary.run.complete
