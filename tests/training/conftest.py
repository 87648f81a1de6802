"""Images that tests of training share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from blemish.images.writing import write_png


@pytest.fixture
def surfaces(tmp_path: Path) -> Path:
    """A folder with twelve noisy images of 32 px."""
    for index in range(12):
        noise = np.random.default_rng(index).integers(90, 160, (32, 32, 3), dtype=np.uint8)
        write_png(tmp_path / "normal" / f"{index}.png", noise)
    return tmp_path / "normal"
