"""dino-memory: tokens as timm computes them, distances as the paper defines them, and a detector from one image on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch")
timm = pytest.importorskip("timm")

from onnx import helper, numpy_helper  # noqa: E402
from sklearn.decomposition import PCA  # noqa: E402
from torch.nn import functional as F  # noqa: E402

import blemish  # noqa: E402
from blemish.detectors.runtime import OnnxRuntime  # noqa: E402
from blemish.detectors.telemetry import import_onnxruntime  # noqa: E402
from blemish.errors import DataError, SettingsError  # noqa: E402
from blemish.locations import weights_dir  # noqa: E402
from blemish.methods.memory.dino_memory import Cosines  # noqa: E402
from blemish.methods.networks.patch_tokens import PatchTokens  # noqa: E402
from blemish.methods.networks.pixels import IMAGENET  # noqa: E402
from blemish.methods.parts.foreground import foreground  # noqa: E402
from blemish.methods.parts.token_features import TokenFeatures  # noqa: E402
from blemish.synthesis.arrangements import draw_arrangement  # noqa: E402
from blemish.training.half_storage import store_exact_halves  # noqa: E402

pytestmark = pytest.mark.train

# timm's networks for tests: six blocks of 64 channels; the second has register tokens before the patches.
TINY, TINY_REGISTERS = "test_vit", "test_vit2"
SMALL = {"backbone": TINY, "patch_px": 16, "pretrained": False, "blocks": [1, 3], "size_px": 64}


def pixels(seed: int, *size: int) -> torch.Tensor:
    return torch.rand(size, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def tokens_of(name: str, blocks: Sequence[int], *, final_norm: bool = False) -> PatchTokens:
    torch.manual_seed(5)
    made = PatchTokens(name, blocks, final_norm=final_norm)
    with torch.no_grad():
        # As built, positions and biases are nearly zero, and a fault in them would not show.
        for parameter in made.net.parameters():
            parameter.copy_(
                torch.randn(parameter.shape, generator=torch.Generator().manual_seed(parameter.numel())) / 8
            )
    return made


@pytest.mark.parametrize("name", [TINY, TINY_REGISTERS])
@pytest.mark.parametrize("size", [(160, 160), (64, 96), (96, 64), (16, 32)])
def test_tokens_are_those_of_timm_at_every_size(name: str, size: tuple[int, int]) -> None:
    tokens = tokens_of(name, [1, 3])
    tokens.freeze(size)
    image = pixels(0, 2, 3, *size)
    with torch.inference_mode():
        expected = tokens.net.forward_intermediates(image, indices=[1, 3], norm=False, intermediates_only=True)
        found = tokens(image)
    for want, got in zip(expected, found, strict=True):
        torch.testing.assert_close(got, want, rtol=1e-5, atol=1e-5)


def test_only_the_last_block_passes_the_final_norm() -> None:
    tokens = tokens_of(TINY, [3, 5], final_norm=True)
    tokens.freeze((64, 64))
    image = pixels(1, 1, 3, 64, 64)
    with torch.inference_mode():
        plain = tokens.net.forward_intermediates(image, indices=[3], norm=False, intermediates_only=True)[0]
        last = tokens.net.forward_features(image)[:, tokens.net.num_prefix_tokens :]
        middle, final = tokens(image)
    torch.testing.assert_close(middle, plain, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(final.flatten(2).transpose(1, 2), last, rtol=1e-5, atol=1e-5)


def test_a_smaller_image_is_the_corner_of_a_tile() -> None:
    tokens = tokens_of(TINY, [0])
    tokens.freeze((96, 96))
    with torch.inference_mode():
        tokens(pixels(2, 1, 3, 96, 96))
        corner = tokens.positions[:, :, :2, :3].clone()
        small = tokens(pixels(2, 1, 3, 32, 48))[0]
        tokens.positions = corner
        torch.testing.assert_close(tokens(pixels(2, 1, 3, 32, 48))[0], small)


@pytest.mark.parametrize(
    ("name", "blocks", "says"),
    [
        ("test_vit", [0, 6], "there is no 6"),
        ("resnet18", [0], "no vision transformer"),
        ("vit_smal_patch14_dinov2", [0], "Did you mean"),
    ],
)
def test_networks_that_cannot_serve_are_refused(name: str, blocks: list[int], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        PatchTokens(name, blocks, final_norm=False)


def test_cosines_are_one_minus_the_cosine_to_the_nearest() -> None:
    rng = np.random.default_rng(3)
    bank, asked = rng.normal(size=(1500, 7)), rng.normal(size=(12, 7))
    bank, asked = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (bank, asked))
    expected = 1 - (asked @ bank.T).max(axis=1)
    features = torch.from_numpy(asked.T.reshape(1, 7, 3, 4)).float()
    found = Cosines(torch.from_numpy(bank).float(), 0)(features)
    np.testing.assert_allclose(found.numpy().ravel(), expected, atol=1e-6)


def test_background_is_no_anomaly() -> None:
    bank = torch.eye(4)
    features = torch.zeros(1, 4, 1, 2)
    features[0, :, 0, 1] = -0.5  # unit length, as far from every patch in the memory as can be
    assert Cosines(bank, 0)(features)[0, 0].tolist() == pytest.approx([0.0, 1.5])


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_the_object_in_the_middle_is_the_foreground(sign: int, noise: float) -> None:
    truth = torch.zeros(12, 16)
    truth[3:9, 4:12] = 1
    direction = torch.randn(32, generator=torch.Generator().manual_seed(0))
    tokens = sign * (2 * truth - 1) * direction[:, None, None] + noise * pixels(1, 32, 12, 16)
    found = foreground(tokens[None])[0, 0]
    assert (found >= truth).all(), "the whole object"
    widened = F.max_pool2d(truth[None], 3, 1, 1)[0]
    assert torch.equal(found, widened), "and a border of one patch"


def test_the_component_is_the_first_principal_one() -> None:
    tokens = pixels(4, 1, 24, 9, 9)
    tokens[:, :, 2:7, 2:7] += torch.linspace(0, 1, 24)[:, None, None]
    flat = tokens[0].flatten(1).T.numpy()
    component = PCA(1).fit_transform(flat).reshape(9, 9)
    component *= np.sign(component[4, 4])
    mask = (component > 0).astype(np.uint8)
    closed = cv2.morphologyEx(
        cv2.copyMakeBorder(mask, 2, 2, 2, 2, cv2.BORDER_CONSTANT), cv2.MORPH_CLOSE, np.ones((3, 3))
    )
    expected = cv2.dilate(closed, np.ones((3, 3)))[2:-2, 2:-2]
    assert np.array_equal(foreground(tokens)[0, 0].numpy(), expected)


def test_whitened_tokens_have_unit_variance_and_no_correlation() -> None:
    tokens = tokens_of(TINY, [1, 3])
    tokens.freeze((64, 64))
    features = TokenFeatures(tokens, IMAGENET, whiten_to=6, foreground_only=False)
    images = torch.randint(0, 256, (24, 64, 64, 3), generator=torch.Generator().manual_seed(1)).to(torch.uint8)
    features.fit([images[:16], images[16:]], seed=0)
    with torch.inference_mode():
        vectors = features(images).permute(0, 2, 3, 1).flatten(0, 2).double()
    assert vectors.shape[1] == features.dimensions == 12
    assert vectors.mean(dim=0).abs().max() < 1e-3
    for block in vectors.split(6, dim=1):
        covariance = torch.cov(block.T, correction=0)
        assert (covariance - torch.diag(covariance.diagonal())).abs().max() < 1e-2
        assert 0.5 < covariance.diagonal().min() <= covariance.diagonal().max() < 1.01


def test_each_block_is_whitened_by_itself_in_all_directions() -> None:
    tokens = tokens_of(TINY, [1, 3])
    tokens.freeze((64, 64))
    features = TokenFeatures(tokens, IMAGENET, whiten_to=1000, foreground_only=False)
    images = torch.randint(0, 256, (24, 64, 64, 3), generator=torch.Generator().manual_seed(1)).to(torch.uint8)
    features.fit([images], seed=0)
    with torch.inference_mode():
        found = features(images).permute(0, 2, 3, 1).flatten(0, 2).double().numpy()
        joined = features.joined(images)[0].permute(0, 2, 3, 1).flatten(0, 2).double().numpy()
    squared = np.zeros(len(joined))
    for block in np.split(joined, 2, axis=1):
        covariance = np.cov(block.T, bias=True)
        covariance += 0.02 * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
        centred = block - block.mean(axis=0)
        squared += np.einsum("ij,jk,ik->i", centred, np.linalg.inv(covariance), centred)
    np.testing.assert_allclose((found**2).sum(axis=1), squared, rtol=1e-3)


def test_tokens_as_they_are_have_unit_length() -> None:
    tokens = tokens_of(TINY, [1, 3])
    tokens.freeze((64, 64))
    features = TokenFeatures(tokens, IMAGENET, whiten_to=None, foreground_only=False)
    image = torch.randint(0, 256, (2, 64, 64, 3), generator=torch.Generator().manual_seed(1)).to(torch.uint8)
    with torch.inference_mode():
        torch.testing.assert_close(features(image).norm(dim=1), torch.ones(2, 4, 4))


def draw(folder: Path, count: int, *, size: tuple[int, int] = (64, 64), flat: bool = False) -> Path:
    folder.mkdir(parents=True)
    for number in range(count):
        image = np.random.default_rng(number).integers(0, 256, (*size, 3), np.uint8)
        cv2.imwrite(str(folder / f"{number}.png"), np.full_like(image, 90) if flat else image)
    return folder.parents[1]


@pytest.mark.parametrize(
    "settings", [{}, {"projection": "none"}, {"projection": "none", "foreground": True}, {"rotations": 8}]
)
def test_one_image_is_enough(tmp_path: Path, settings: dict[str, object]) -> None:
    root = draw(tmp_path / "d" / "train" / "good", 1)
    detector = blemish.train("dino-memory", root, tmp_path / "one.blemish", settings={**SMALL, **settings})
    known = cv2.cvtColor(cv2.imread(str(root / "train" / "good" / "0.png")), cv2.COLOR_BGR2RGB)
    torn = known.copy()
    torn[20:50, 20:50] = 0
    assert detector.score(known)[0] == pytest.approx(0, abs=2e-2)
    assert detector.score(torn)[0] > 10 * max(detector.score(known)[0], 1e-3)


def test_an_extreme_aspect_ratio_and_images_below_a_patch(tmp_path: Path) -> None:
    root = draw(tmp_path / "d" / "train" / "good", 3, size=(8, 200))
    said: list[str] = []
    detector = blemish.train("dino-memory", root, tmp_path / "long.blemish", settings=SMALL, say=said.append)
    assert "3 of 3 images are smaller than a patch of 16 px: enlarged, they show nothing" in " ".join(said)
    assert "most images are 25 times as long as wide" in " ".join(said)
    height_px, width_px = detector.spec.input.size_px or (0, 0)
    assert height_px == 64, "four patches, the least"
    assert width_px % 16 == 0
    assert np.isfinite(detector.score(np.zeros((3, 5, 3), np.uint8))[0])


@pytest.mark.parametrize("same", [True, False])
def test_identical_images_are_said_to_be(tmp_path: Path, same: bool) -> None:
    root = draw(tmp_path / "d" / "train" / "good", 3)
    files = sorted((root / "train" / "good").iterdir())
    for file in files[1:] if same else ():
        file.write_bytes(files[0].read_bytes())
    said: list[str] = []
    blemish.train(
        "dino-memory", root, tmp_path / "same.blemish", settings={**SMALL, "max_patches": 16}, say=said.append
    )
    assert ("all images are one and the same, and count as one" in " ".join(said)) is same


def test_flat_images_are_refused(tmp_path: Path) -> None:
    root = draw(tmp_path / "d" / "train" / "good", 3, flat=True)
    with pytest.raises(DataError, match="one flat colour"):
        blemish.train("dino-memory", root, tmp_path / "flat.blemish", settings=SMALL)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"patch_px": 14}, "patches of 16 px: give --set patch_px=16"),
        ({"blocks": [3, 1]}, "blocks must be ascending"),
        ({"foreground": True}, "give projection=none"),
    ],
)
def test_settings_that_contradict_are_refused(tmp_path: Path, settings: dict[str, object], says: str) -> None:
    root = draw(tmp_path / "d" / "train" / "good", 1)
    with pytest.raises(SettingsError, match=says):
        blemish.train("dino-memory", root, tmp_path / "no.blemish", settings={**SMALL, **settings})


@pytest.mark.parametrize("weight", [0, 0.5])
def test_the_score_is_the_mean_of_the_highest_patches_and_the_weighted_mean_of_all(
    tmp_path: Path, weight: float
) -> None:
    root = draw(tmp_path / "d" / "train" / "good", 2, size=(320, 320))
    settings = {**SMALL, "size_px": 320, "score_fraction": 0.02, "smoothing_px": 0, "projection": "none"}
    settings["mean_weight"] = weight
    detector = blemish.train("dino-memory", root, tmp_path / "x.blemish", settings=settings)
    image = np.random.default_rng(9).integers(0, 256, (320, 320, 3), np.uint8)
    score, anomaly_map = detector.score(image)
    assert anomaly_map is not None
    # Bilinear upsampling keeps the value of a patch at its middle, between four pixels.
    middles = anomaly_map.reshape(20, 16, 20, 16)[:, 7:9, :, 7:9].mean(axis=(1, 3)).ravel()
    assert score == pytest.approx(np.sort(middles)[-8:].mean() + weight * middles.mean(), rel=2e-2)


def _graph(weights: np.ndarray) -> bytes:
    x = helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, [1, 200])
    y = helper.make_tensor_value_info("score", onnx.TensorProto.FLOAT, [1, 100])
    node = helper.make_node("MatMul", ["image", "w"], ["score"])
    graph = helper.make_graph([node], "g", [x], [y], [numpy_helper.from_array(weights, "w")])
    return bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString())


def test_weights_that_fit_16_bits_take_half_the_file_and_give_the_same_numbers() -> None:
    ort = import_onnxruntime()
    exact = np.random.default_rng(0).normal(size=(200, 100)).astype(np.float16).astype(np.float32)
    graph = _graph(exact)
    stored = store_exact_halves(graph)
    assert len(stored) < 0.52 * len(graph)
    image = np.random.default_rng(1).normal(size=(1, 200)).astype(np.float32)
    both = [ort.InferenceSession(each).run(None, {"image": image})[0] for each in (graph, stored)]
    assert np.array_equal(*both)


@pytest.mark.parametrize("fault", [1 + 2**-20, 1e6, 1e-9])
def test_weights_that_need_more_bits_stay(fault: float) -> None:
    weights = np.ones((200, 100), np.float32)
    weights[3, 4] = fault
    graph = _graph(weights)
    assert store_exact_halves(graph) == graph


@pytest.mark.data
def test_the_local_weights_are_taken(tmp_path: Path) -> None:
    if weights_dir() is None:
        pytest.skip("BLEMISH_WEIGHTS is not set")
    root = draw(tmp_path / "d" / "train" / "good", 1)
    settings = {"size_px": 70, "blocks": [2]}
    detector = blemish.train("dino-memory", root, tmp_path / "real.blemish", settings=settings)
    random = blemish.train("dino-memory", root, tmp_path / "random.blemish", settings={**settings, "pretrained": False})
    image = np.random.default_rng(9).integers(0, 256, (70, 70, 3), np.uint8)
    assert detector.score(image)[0] != pytest.approx(random.score(image)[0], rel=0.05)
    assert (tmp_path / "real.blemish").stat().st_size < 60e6


def test_the_runtime_takes_smaller_tiles_too(tmp_path: Path) -> None:
    root = draw(tmp_path / "d" / "train" / "good", 1, size=(84, 130))
    settings = {**SMALL, "size_px": None, "patch_px": 16, "tile_px": 96 * 7}
    detector = blemish.train("dino-memory", root, tmp_path / "tiles.blemish", settings=settings)
    assert isinstance(OnnxRuntime(detector.container.graph), OnnxRuntime)
    assert detector.score(np.zeros((50, 700, 3), np.uint8))[1].shape == (50, 700)  # type: ignore[union-attr]


def test_words_notice_a_missing_part(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    (tmp_path / "d" / "train" / "good").mkdir(parents=True)
    for number in range(10):
        image = draw_arrangement("blister", rng, size_px=128).pixels
        cv2.imwrite(str(tmp_path / "d" / "train" / "good" / f"{number}.png"), image[..., ::-1])
    settings = {**SMALL, "size_px": 128, "words": 8}
    detector = blemish.train("dino-memory", tmp_path / "d", tmp_path / "w.blemish", settings=settings)
    assert "visual words counted in" in detector.container.card
    score = detector.score(draw_arrangement("blister", rng, size_px=128).pixels)[0]
    assert 0 <= score < 3, "a p-value's digits, whatever the patches' distances"


@pytest.mark.parametrize(("settings", "count", "says"), [({"words": 4}, 3, "takes 4 normal images, and there are 3")])
def test_words_take_a_few_images(tmp_path: Path, settings: dict[str, object], count: int, says: str) -> None:
    root = draw(tmp_path / "d" / "train" / "good", count)
    with pytest.raises(DataError, match=says):
        blemish.train("dino-memory", root, tmp_path / "no.blemish", settings={**SMALL, **settings})
