"""What is said of a set before it is trained on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from blemish.datasets import Sample
from blemish.datasets.survey import depth_warning


def test_images_of_the_test_split_are_not_read_to_tell_their_depth(tmp_path: Path):
    samples = []
    for split, white in (("train", 65535), ("test", 4095)):
        # Twelve bits in sixteen, in the test split alone.
        values = np.linspace(0, white, 64 * 64).reshape(64, 64).astype(np.uint16)
        Image.fromarray(values).save(tmp_path / f"{split}.png")
        samples.append(Sample(tmp_path / f"{split}.png", "good", defective=False, split=split))
    assert depth_warning(samples) is None
    assert "--bit-range 0,4095" in (depth_warning([replace(sample, split="train") for sample in samples]) or "")
