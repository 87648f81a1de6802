"""Reconstructions leave a training in its detector file, and `blemish evaluate` shows them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import blemish  # noqa: E402
from blemish.images import read_image, resize_image  # noqa: E402
from blemish.methods import get_method  # noqa: E402
from blemish.training.export import export_graph  # noqa: E402

from ..conftest import images_of  # noqa: E402

pytestmark = pytest.mark.train

TINY = {"size_px": 48, "width": 4, "batch_size": 4}
EXPORTABLE = ("adae", "autoencoder", "egbad", "fanogan", "ganomaly", "memae", "skip-ganomaly", "vae", "vae-attention")


def built(name: str, **settings: object):
    torch.manual_seed(0)
    method = get_method(name)
    return method(method.Settings.model_validate({**TINY, **settings}), (), lambda name, module: pytest.fail(name))


@pytest.mark.parametrize("name", EXPORTABLE)
@pytest.mark.parametrize("colour", [True, False])
def test_the_third_output_is_the_reconstruction_that_scores(name: str, colour: bool):
    method = built(name, colour=colour)
    image = torch.randint(0, 256, (2, 48, 48, 3), dtype=torch.uint8)
    with torch.inference_mode():
        score, maps, made = method.exported_graph()(image)
        expected_score, expected_maps = method.graph()(image)
        x_hat = method.reconstruct(method.pixels(image))[..., :48, :48]
    torch.testing.assert_close((score, maps), (expected_score, expected_maps))
    assert made.dtype == torch.uint8
    expected = ((x_hat + 1) * 127.5).permute(0, 2, 3, 1).expand(-1, -1, -1, 3)
    assert (made.float() - expected).abs().max() <= 0.5 + 1e-3
    # Everything but the rounding is found twice by the runtime's optimiser: the file does not grow by a network.
    sizes = [len(export_graph(graph, method.input_spec())) for graph in (method.graph(), method.exported_graph())]
    assert sizes[1] < sizes[0] + 20_000


def test_the_detector_shows_an_image_as_it_sees_it_and_what_it_makes_of_it(surfaces: Path, tmp_path: Path):
    detector = blemish.train("autoencoder", surfaces, tmp_path / "w.blemish", settings={**TINY, "epochs": 30})
    pixels = read_image(images_of(surfaces)[-1])
    seen, made = blemish.load(tmp_path / "w.blemish").reconstruct(pixels)
    np.testing.assert_array_equal(seen, resize_image(pixels, (48, 48)))
    error = ((seen.astype(float) - made) / 127.5) ** 2
    assert error.mean() == pytest.approx(detector.score(pixels)[0], rel=0.02)
    blemish.evaluate(surfaces, detector=detector, out=tmp_path / "shown")
    assert (tmp_path / "shown" / "reconstructions.png").is_file()


def test_a_method_that_reconstructs_nothing_shows_nothing(surfaces: Path, tmp_path: Path):
    settings = {"backbone": "squeezenet1_1", "pretrained": False, "size_px": 64}
    detector = blemish.train("patch-gaussian", surfaces, tmp_path / "w.blemish", settings=settings)
    assert detector.reconstruct(read_image(images_of(surfaces)[0])) is None
    (tmp_path / "shown").mkdir()
    (tmp_path / "shown" / "reconstructions.png").write_bytes(b"of an earlier detector")
    blemish.evaluate(surfaces, detector=detector, out=tmp_path / "shown")
    assert not (tmp_path / "shown" / "reconstructions.png").exists()
