"""What operating systems and network disks put into a data set is no part of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from blemish.datasets import read_dataset
from blemish.images import write_png


def test_a_link_that_leads_up_is_not_entered(tmp_path: Path):
    for place in ("good", "crack"):
        write_png(tmp_path / place / "a.png", np.full((8, 8), 90, np.uint8))
        (tmp_path / place / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "loop").symlink_to(".", target_is_directory=True)
    dataset = read_dataset(tmp_path)
    assert sorted(sample.label for sample in dataset.samples) == ["crack", "good"]


@pytest.mark.parametrize("name", ["@eaDir", "#recycle", "__MACOSX", ".thumbnails", "$RECYCLE.BIN", "lost+found"])
def test_system_folders_are_no_classes_and_hold_no_images(tmp_path: Path, name: str):
    grey = np.full((8, 8), 90, np.uint8)
    for place in ("good", "crack", name, f"good/{name}"):
        for number in range(3):
            write_png(tmp_path / place / f"{number}.png", grey)
    write_png(tmp_path / "good" / "._0.png", grey)
    dataset = read_dataset(tmp_path)
    assert len(dataset) == 6
    assert set(dataset.labels()) == {"good", "crack"}
    assert not any(name in note for note in dataset.notes)
