"""The crack classifier: its loss, its exact activation map, its examples, and the whole way from folders to a file."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

import lightning as L  # noqa: E402

import blemish  # noqa: E402
from blemish.datasets import Sample, read_dataset  # noqa: E402
from blemish.detectors.openvino_runtime import OpenVinoRuntime  # noqa: E402
from blemish.detectors.runtime import OnnxRuntime  # noqa: E402
from blemish.errors import DataError, SettingsError  # noqa: E402
from blemish.inspection import Answer, evaluate  # noqa: E402
from blemish.methods.data.labelled_images import LabelledImages  # noqa: E402
from blemish.methods.supervised.crack_classifier import (  # noqa: E402
    CrackClassifier,
    CrackClassifierSettings,
    class_loss,
)
from blemish.training.export import export_graph  # noqa: E402
from blemish.training.splits import split_labelled_images  # noqa: E402

pytestmark = pytest.mark.train

TINY = {"pretrained": False, "encoder": "tu-resnet10t", "size_px": 32, "epochs": 5, "patience": 5, "batch_size": 8}
# Too small to learn much in seconds; for tests of what surrounds the learning.
TINIEST = {**TINY, "encoder": "tu-tf_mobilenetv3_small_minimal_100"}


def no_weights(name: str, module: object) -> None:
    raise AssertionError(f"{name} was asked for")


def build(classes: tuple[str, ...] = ("crack",), **settings: object) -> CrackClassifier:
    return CrackClassifier(CrackClassifierSettings(**{"pretrained": False, **settings}), classes, no_weights)


def draw_folders(root: Path, counts: dict[str, int]) -> Path:
    """Grey squares; the class decides a dark line across, a dark disc, or nothing."""
    rng = np.random.default_rng(0)
    for label, count in counts.items():
        (root / label).mkdir(parents=True)
        for number in range(count):
            image = rng.normal(160, 10, (64, 64, 3)).clip(0, 255).astype(np.uint8)
            if label in ("Positive", "crack"):
                cv2.line(image, (0, int(rng.integers(64))), (63, int(rng.integers(64))), (20, 20, 20), 4)
            if label == "blowhole":
                cv2.circle(image, tuple(rng.integers(20, 44, 2).tolist()), 12, (240, 240, 240), -1)
            cv2.imwrite(str(root / label / f"{number:03d}.png"), image)
    return root


@pytest.mark.filterwarnings("ignore:.*(LeafSpec|val_dataloader).*")  # between Lightning and torch, not ours
def test_a_constant_schedule_keeps_the_step_size(tmp_path: Path):
    images = draw_folders(tmp_path / "images", {"Positive": 12, "Negative": 12})
    steps = []

    class Noting(L.Callback):
        def on_train_batch_end(self, trainer: L.Trainer, *_: object) -> None:
            steps.append(trainer.optimizers[0].param_groups[0]["lr"])

    method = build(**{**TINIEST, "schedule": "constant", "learning_rate": 3e-4})
    examples = method.examples(read_dataset(images).samples, training=True, seed=0)
    trainer = L.Trainer(
        max_epochs=2, callbacks=[Noting()], logger=False, enable_checkpointing=False, enable_progress_bar=False
    )
    trainer.fit(method, torch.utils.data.DataLoader(examples, batch_size=8))
    assert steps == [3e-4] * 6


def test_with_one_class_the_loss_is_the_usual_cross_entropy_of_a_sigmoid():
    logits, target = torch.tensor([[-2.0], [0.3], [4.0]]), torch.tensor([0, 1, 0])
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits[:, 0], target.float())
    torch.testing.assert_close(class_loss(logits, target), expected)


def test_with_several_classes_normal_is_the_class_whose_logit_is_zero():
    logits, target = torch.randn(5, 3), torch.tensor([0, 1, 2, 3, 0])
    log_p = torch.log_softmax(torch.cat([torch.zeros(5, 1), logits], dim=1), dim=1)
    torch.testing.assert_close(class_loss(logits, target), -log_p[torch.arange(5), target].mean())


@pytest.mark.parametrize("classes", [("crack",), ("crack", "blowhole", "fray")])
def test_the_score_is_the_log_odds_of_any_defect(classes: tuple[str, ...]):
    method = build(classes).eval()
    image = torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8)
    with torch.no_grad():
        logits = method(image)
        score, _ = method.graph()(image)
    p = torch.softmax(torch.nn.functional.pad(logits, (1, 0)), dim=1)
    torch.testing.assert_close(score, torch.log((1 - p[:, 0]) / p[:, 0]), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("classes", [("crack",), ("crack", "blowhole")])
def test_both_runtimes_score_each_image_of_a_batch(classes: tuple[str, ...]):
    pytest.importorskip("openvino")
    method = build(classes, encoder="resnet18", size_px=64).eval()
    graph = export_graph(method.graph(), method.input_spec())
    batch = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    one, other = OnnxRuntime(graph, threads=1)(batch), OpenVinoRuntime(graph, threads=1)(batch)
    assert one.scores.shape == other.scores.shape == (2,)
    np.testing.assert_allclose(other.scores, one.scores, rtol=1e-2, atol=1e-2)  # bfloat16 where a processor has it


def test_the_mean_of_the_activation_map_is_the_logit():
    method = build().eval()
    graph = method.graph()
    image = torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8)
    with torch.no_grad():
        features = method.encoder(method.from_bytes(image))[-1]
        coarse = torch.nn.functional.conv2d(features, method.head.weight[:, :, None, None], method.head.bias)
        score, maps = graph(image)
    torch.testing.assert_close(coarse.mean(dim=(1, 2, 3)), score)
    assert maps.shape == (2, 64, 64)
    assert build(("a", "b")).graph()(image)[1].shape == (2, 2, 64, 64)


def test_the_small_stem_sees_four_times_as_many_positions():
    image = torch.zeros(1, 64, 64, 3, dtype=torch.uint8)
    usual, small = (build(encoder="resnet18", small_stem=stem).eval() for stem in (False, True))
    assert small.encoder.conv1.kernel_size == (3, 3)
    sizes = [method.encoder(method.from_bytes(image))[-1].shape[-2:] for method in (usual, small)]
    assert sizes == [(2, 2), (4, 4)]


def test_what_has_no_such_stem_says_so():
    with pytest.raises(SettingsError, match="mobilenet_v2"):
        build(small_stem=True)
    with pytest.raises(SettingsError, match='Did you mean "resnet18"'):
        build(encoder="resnet81")


def test_mixup_of_equal_images_is_the_plain_loss():
    method = build(mixup=0.4, dropout=0.0)
    for module in method.encoder.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 0.0
            module.eval()
    method.training = True
    image = torch.full((4, 64, 64, 3), 90, dtype=torch.uint8)
    target = torch.ones(4, dtype=torch.int64)
    torch.testing.assert_close(method.compute_loss((image, target)), class_loss(method(image), target))


def test_examples_are_repeatable_and_turned(tmp_path: Path):
    root = draw_folders(tmp_path, {"Positive": 2, "Negative": 2})
    samples = read_dataset(root).samples
    make = [LabelledImages(samples, classes=("Positive",), size_px=32, augment=True, seed=s) for s in (3, 3, 4)]
    first = [examples[1] for examples in make]
    assert torch.equal(first[0][0], first[1][0])
    assert not torch.equal(first[0][0], first[2][0])
    assert not torch.equal(first[0][0], make[0][1][0])  # another visit
    assert first[0][0].shape == (32, 32, 3)
    targets = {sample.label: examples_target for sample, examples_target in zip(samples, make[0].targets, strict=True)}
    assert targets == {"Positive": 1, "Negative": 0}


def test_a_label_that_is_no_class_is_named(tmp_path: Path):
    stray = Sample(path=tmp_path / "a.png", label="rust", defective=True)
    with pytest.raises(DataError, match='"rust"'):
        LabelledImages([stray], classes=("crack", "fray"), size_px=32, augment=False, seed=0)


@pytest.mark.parametrize(
    ("counts", "said"),
    [({"Positive": 6, "Negative": 1}, "has one image"), ({"Positive": 6}, "of the class")],
)
def test_too_little_to_learn_from_is_said(tmp_path: Path, counts: dict[str, int], said: str):
    dataset = read_dataset(draw_folders(tmp_path, counts))
    training = replace(dataset, samples=tuple(replace(sample, split="train") for sample in dataset.samples))
    with pytest.raises(DataError, match=said):
        split_labelled_images(training, seed=0, say=lambda _: None)


@pytest.mark.slow
def test_folders_become_a_detector_that_tells_cracks_from_none(tmp_path: Path):
    root = draw_folders(tmp_path / "사진", {"Positive": 40, "Negative": 40})
    detector = blemish.train("crack-classifier", root, tmp_path / "c.blemish", settings=TINY)
    answers: list[Answer] = []
    result = evaluate(root, detector=detector, on_answer=answers.append)
    assert len(answers) == len(result.images) == 16
    assert result.metrics.to_record()["image"]["auroc"] > 0.9
    assert answers[0].found.anomaly_map is not None
    assert answers[0].found.regions == ()


def test_without_augmentation_an_image_is_learned_as_it_is_scored(tmp_path: Path):
    samples = read_dataset(draw_folders(tmp_path, {"Positive": 2, "Negative": 2})).samples
    still, moved = (build(augment=augment).examples(samples, training=True, seed=0) for augment in (False, True))
    as_scored = build().examples(samples, training=False, seed=0)
    assert torch.equal(still[0][0], as_scored[0][0])
    assert not torch.equal(moved[0][0], as_scored[0][0])


@pytest.mark.parametrize("early_stopping", [True, False])
def test_the_epoch_kept_is_the_best_or_without_early_stopping_the_last(tmp_path: Path, early_stopping: bool):
    dataset = read_dataset(draw_folders(tmp_path / "images", {"Positive": 12, "Negative": 12}))
    training = replace(dataset, samples=tuple(replace(sample, split="train") for sample in dataset.samples))
    settings = {**TINIEST, "epochs": 3, "patience": 1, "learning_rate": 0.5, "early_stopping": early_stopping}
    detector = blemish.train("crack-classifier", training, tmp_path / "c.blemish", settings=settings)
    with (tmp_path / "c.training" / "metrics.csv").open(newline="") as log:
        rows = [row for row in csv.DictReader(log) if row["val_loss"]]
    assert all(0 <= float(row["val_accuracy"]) <= 1 for row in rows)
    card = detector.container.card
    if early_stopping:
        best = min(range(len(rows)), key=lambda epoch: float(rows[epoch]["val_loss"]))
        assert f"kept epoch {best + 1}" in card
    else:
        assert len(rows) == 3
        assert "3 epochs, kept the last" in card


def test_one_folder_per_class_gives_a_map_per_class(tmp_path: Path):
    root = draw_folders(tmp_path, {"good": 12, "crack": 12, "blowhole": 12})
    detector = blemish.train("crack-classifier", root, tmp_path / "c.blemish", settings={**TINIEST, "epochs": 1})
    assert detector.spec.classes == ("blowhole", "crack")
    _, maps = detector.score(np.full((80, 90, 3), 120, np.uint8))
    assert maps.shape == (2, 80, 90)


class Ones(torch.nn.Module):
    """In place of an encoder: the same features for every image."""

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        return [torch.ones(len(x), 512, 1, 1)]


def test_features_are_dropped_while_training_and_only_then():
    method = build(encoder="resnet18", dropout=0.5)
    method.encoder = Ones()
    method.head.weight.data = (torch.arange(512) == 0).float()[None]
    method.head.bias.data.zero_()
    image = torch.zeros(200, 32, 32, 3, dtype=torch.uint8)
    with torch.no_grad():
        seen = method(image)
        # The one feature that counts is either dropped or doubled, about as often.
        assert set(seen.flatten().tolist()) == {0.0, 2.0}
        assert 0.35 < (seen == 0).float().mean() < 0.65
        assert (method.eval()(image) == 1).all()
        assert (method.graph()(image)[0] == 1).all()
