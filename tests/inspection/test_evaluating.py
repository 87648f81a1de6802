"""A detector against labelled images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import f1_score, roc_auc_score

from blemish.datasets import Dataset, read_dataset
from blemish.detectors import Container, Detector, Thresholds
from blemish.errors import DataError
from blemish.images import write_png
from blemish.inspection import Answer, choose_split, evaluate
from blemish.inspection.thresholds import set_usability


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Images of noise, of several sizes, whose truth is the dark half of a square: the detector is half right."""
    rng = np.random.default_rng(0)
    root = tmp_path / "라벨 data"
    for split, count in (("train", 2), ("test", 4)):
        for number in range(count):
            shape = (60 + 8 * number, 90)
            image = rng.integers(150, 255, (*shape, 3), dtype=np.uint8)
            truth = np.zeros(shape, np.bool_)
            if number % 2 == 0:
                image[20:40, 20:40] = rng.integers(20, 80)
                truth[20:40, 30:50] = True
            write_png(root / split / "images" / f"{number}.png", image)
            write_png(root / split / "masks" / f"{number}.png", truth)
    return root


def test_metrics_agree_with_scikit_learn(darkness_file: Path, labelled: Path):
    anomaly: list[NDArray[np.float32]] = []
    masks: list[NDArray[np.bool_]] = []
    truths: list[NDArray[np.bool_]] = []

    def keep(answer: Answer) -> None:
        assert answer.found.anomaly_map is not None
        assert answer.found.mask is not None
        assert answer.truth is not None
        anomaly.append(answer.found.anomaly_map.ravel())
        masks.append(answer.found.mask.ravel())
        truths.append(answer.truth.ravel())

    record = evaluate(labelled, detector=darkness_file, on_answer=keep).metrics.to_record()
    assert record["n"] == 4
    assert record["image"]["auroc"] == 1.0
    assert record["image"]["accuracy"] == 1.0
    truth = np.concatenate(truths)
    assert record["pixel"]["auroc"] == pytest.approx(roc_auc_score(truth, np.concatenate(anomaly)))
    assert record["pixel"]["f1"] == pytest.approx(f1_score(truth, np.concatenate(masks)))


def test_an_unusable_image_counts_as_one_in_which_nothing_is_outlined(darkness_file: Path, labelled: Path):
    set_usability(darkness_file, {"dark_level": 40})
    usual = evaluate(labelled, detector=darkness_file).metrics.to_record()
    write_png(labelled / "test" / "images" / "9.png", np.zeros((64, 90, 3), np.uint8))
    truth = np.zeros((64, 90), np.bool_)
    truth[20:40, 30:50] = True
    write_png(labelled / "test" / "masks" / "9.png", truth)
    masks: list[NDArray[np.bool_] | None] = []
    result = evaluate(labelled, detector=darkness_file, on_answer=lambda answer: masks.append(answer.found.mask))
    assert masks[-1] is not None
    assert not masks[-1].any()
    assert result.metrics.to_record()["pixel"]["precision"] == usual["pixel"]["precision"]
    assert result.metrics.to_record()["pixel"]["recall"] < usual["pixel"]["recall"]
    assert "1 of 5 images are judged unusable" in " ".join(result.notes)


def test_a_split_is_taken_where_there_is_one(labelled: Path):
    chosen = choose_split(read_dataset(labelled), "train")
    assert len(chosen) == 2
    assert "2 images of the train split" in chosen.notes[-1]


def test_without_splits_all_images_are_used_and_that_is_said(labelled: Path):
    chosen = choose_split(read_dataset(labelled / "test"), "test")
    assert len(chosen) == 4
    assert "no splits" in chosen.notes[-1]


@pytest.mark.parametrize(
    ("name", "said"), [("val", 'no split called "val"; it has test and train'), ("tset", 'Did you mean "test"')]
)
def test_a_split_that_is_not_there_is_said(labelled: Path, name: str, said: str):
    with pytest.raises(DataError, match=said):
        choose_split(read_dataset(labelled), name)


def test_no_images_are_said(tmp_path: Path):
    with pytest.raises(DataError, match="no images"):
        choose_split(Dataset("none", tmp_path, "nothing", (), ()), "test")


def test_an_image_that_cannot_be_read_stops_the_evaluation(darkness_file: Path, labelled: Path):
    broken = labelled / "test" / "images" / "2.png"
    dataset = read_dataset(labelled)
    broken.write_bytes(b"")
    with pytest.raises(DataError, match=r"2\.png"):
        evaluate(dataset, detector=darkness_file)


def test_true_and_predicted_classes_are_counted(light_and_dark: Container, tmp_path: Path):
    root = tmp_path / "parts"
    for label, greys in {"good": (120, 130, 250), "1": (240, 250), "2": (5, 10, 128)}.items():
        for number, grey in enumerate(greys):
            write_png(root / label / f"{number}.png", np.full((20, 20, 3), grey, np.uint8))
    detector = Detector(light_and_dark).with_thresholds(Thresholds(reject=0.7))
    record = evaluate(root, detector=detector).metrics.to_record()
    confusion = record["more"]["class_confusion"]
    assert confusion["labels"] == ["normal", "1", "2"]
    assert confusion["counts"] == [[2, 1, 0], [0, 2, 0], [1, 0, 2]]
    assert record["image"]["accuracy"] == 6 / 8


def test_a_detector_of_one_class_has_no_matrix_of_classes(darkness_file: Path, labelled: Path):
    assert evaluate(labelled, detector=darkness_file).metrics.class_confusion is None


def folders(root: Path, **images: int) -> Path:
    """Folders of light images, and dark ones in every folder but "good"."""
    for label, count in images.items():
        for number in range(count):
            grey = 200 if label == "good" else 40
            write_png(root / label / f"{number}.png", np.full((20, 20, 3), grey + number, np.uint8))
    return root


def test_without_masks_there_are_no_metrics_of_pixels(darkness_file: Path, tmp_path: Path):
    record = evaluate(folders(tmp_path, good=2, cracked=3), detector=darkness_file).metrics.to_record()
    assert record["image"]["accuracy"] == 1
    assert set(record["pixel"].values()) == {None}


def test_images_that_tell_nothing_are_refused_in_a_sentence(darkness_file: Path, tmp_path: Path):
    with pytest.raises(DataError, match=r"does not tell which images are defective.*blemish inspect"):
        evaluate(folders(tmp_path, monday=2) / "monday", detector=darkness_file)


def test_every_image_has_a_row(darkness_file: Path, labelled: Path):
    result = evaluate(labelled, detector=darkness_file)
    assert [Path(row.path).name for row in result.images] == ["0.png", "1.png", "2.png", "3.png"]
    assert [row.defective for row in result.images] == [True, False, True, False]
    assert [row.verdict for row in result.images] == ["reject", "pass", "reject", "review"]


def test_a_notebook_shows_metrics_and_notes(darkness_file: Path, labelled: Path):
    page = evaluate(labelled, detector=darkness_file)._repr_html_()
    assert "<td>auroc</td><td>1.000</td>" in page
    assert "4 images of the test split are used." in page


def test_progress_is_told_image_by_image(darkness_file: Path, labelled: Path):
    told: list[tuple[int, int]] = []
    evaluate(labelled, detector=darkness_file, on_progress=lambda *both: told.append(both))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_pixels_that_the_masks_leave_open_count_nowhere(darkness_file: Path, tmp_path: Path):
    """Two dark squares: one is marked, of the other the author says nothing."""
    image, mask = np.full((60, 90, 3), 230, np.uint8), np.zeros((60, 90), np.uint8)
    image[10:20, 10:20], image[30:50, 30:60] = 20, 20
    mask[10:20, 10:20], mask[30:50, 30:60] = 1, 255
    write_png(tmp_path / "set" / "test" / "images" / "a.png", image)
    write_png(tmp_path / "set" / "test" / "masks" / "a.png", mask)
    pixel = evaluate(tmp_path / "set", detector=darkness_file).metrics.to_record()["pixel"]
    assert (pixel["precision"], pixel["recall"], pixel["auroc"]) == (1, 1, 1)
