"""Export: the graph says what torch says, at every batch and size, or it is not written."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from blemish.detectors import InputSpec  # noqa: E402
from blemish.detectors.runtime import OnnxRuntime  # noqa: E402
from blemish.errors import DetectorError  # noqa: E402
from blemish.training.export import export_graph  # noqa: E402

pytestmark = pytest.mark.train


class Brightness(nn.Module):
    """Mean grey of the image, and grey of each pixel."""

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        grey = image.to(torch.float32).mean(dim=3) / 255
        return grey.mean(dim=(1, 2)), grey


class ScoreOnly(nn.Module):
    def forward(self, image: Tensor) -> Tensor:
        return image.to(torch.float32).mean(dim=(1, 2, 3))


class Fickle(nn.Module):
    """Answers by how many images it sees: what a graph must never do."""

    def forward(self, image: Tensor) -> Tensor:
        values = image.to(torch.float32).mean(dim=(1, 2, 3))
        return values + len(image)


class FixedMap(nn.Module):
    """Two classes, one size."""

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        maps = image.to(torch.float32)[..., :2].permute(0, 3, 1, 2) / 255
        return maps.amax(dim=(1, 2, 3)), maps


def test_score_and_map_run_at_any_batch_and_size():
    run = OnnxRuntime(export_graph(Brightness(), InputSpec(tile_px=64)))
    batch = np.random.default_rng(0).integers(0, 256, (5, 41, 73, 3), dtype=np.uint8)
    found = run(batch)
    np.testing.assert_allclose(found.scores, batch.mean(axis=(1, 2, 3)) / 255, rtol=1e-5)
    assert found.maps is not None
    np.testing.assert_allclose(found.maps, batch.mean(axis=3) / 255, atol=1e-6)


def test_a_classifier_without_a_map_exports():
    assert OnnxRuntime(export_graph(ScoreOnly(), InputSpec()))(np.full((2, 32, 32, 3), 7, np.uint8)).maps is None


def test_class_maps_at_a_fixed_size_export():
    run = OnnxRuntime(export_graph(FixedMap(), InputSpec(size_px=(32, 48))))
    maps = run(np.zeros((3, 32, 48, 3), np.uint8)).maps
    assert maps is not None
    assert maps.shape == (3, 2, 32, 48)


def test_a_graph_that_disagrees_with_torch_is_refused():
    with pytest.raises(DetectorError, match="differs from torch"):
        export_graph(Fickle(), InputSpec())


def test_exporting_twice_gives_the_same_bytes():
    assert export_graph(Brightness(), InputSpec()) == export_graph(Brightness(), InputSpec())
