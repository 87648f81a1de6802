"""Plots: a PNG is written whole, what is drawn is what was given, and bad input is refused before a file is made."""

import sys

import cv2
import numpy as np
import pytest

from blemish.errors import BlemishError, DataError, MissingExtraError
from blemish.evaluation import Confusion
from blemish.reports import image_tables, plots
from blemish.reports.image_tables import Case, Triple
from blemish.reports.png_figure import png_figure

pytest.importorskip("matplotlib")

RNG = np.random.default_rng(0)
TRUTH = np.repeat([False, True], [60, 30])
SCORES = RNG.normal(size=90) + TRUTH
IMAGE = RNG.integers(0, 255, (40, 60, 3), dtype=np.uint8)
MAP = RNG.random((40, 60), dtype=np.float32)
MASK = np.zeros((40, 60), dtype=bool)
MASK[10:20, 10:30] = True
LOG = "epoch,step,train_loss,val_loss,learning_rate\n0,9,2.0,,0.1\n0,19,1.0,,0.1\n0,19,,1.2,\n1,39,0.5,0.9,0.1\n"

DRAWN = {
    "roc": lambda to: plots.draw_roc(to, SCORES, TRUTH),
    "precision and recall": lambda to: plots.draw_precision_recall(to, SCORES, TRUTH),
    "histograms": lambda to: plots.draw_histograms(
        to, {"good": SCORES[:60], "cra$ck_$": SCORES[60:]}, thresholds={"reject": 1.0, "review": 0.5}
    ),
    "histogram of one score": lambda to: plots.draw_histograms(to, {"good": [1.0]}),
    "boxes": lambda to: plots.draw_boxes(to, {"good": SCORES[:60], "균열": SCORES[60:], "empty": []}),
    "confusion": lambda to: plots.draw_confusion(to, Confusion(8, 2, 1, 1234)),
    "empty confusion": lambda to: plots.draw_confusion(to, Confusion()),
    "triples": lambda to: image_tables.draw_triples(to, [Triple(IMAGE, IMAGE, MAP, "a.png")] * 2),
    "grey triple": lambda to: image_tables.draw_triples(to, [Triple(IMAGE[..., 0], IMAGE[..., 0], MAP * 0)]),
    "cases": lambda to: image_tables.draw_cases(
        to,
        {
            "missed": [Case(IMAGE, MAP, MASK, "0.12")],
            "found": [Case(IMAGE)] * 3,
            "passed": [],
        },
    ),
    "cases without maps": lambda to: image_tables.draw_cases(to, {"passed": [Case(IMAGE, truth=MASK)]}),
    "a large image": lambda to: image_tables.draw_cases(
        to, {"passed": [Case(np.zeros((2000, 3000, 3), np.uint8), np.zeros((2000, 3000), np.float32))]}
    ),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_is_written_whole(name, tmp_path):
    target = tmp_path / "a folder" / "plot.png"
    DRAWN[name](target)
    picture = cv2.imread(str(target))
    assert min(picture.shape[:2]) > 200
    assert picture.std() > 5
    assert [path.name for path in target.parent.iterdir()] == ["plot.png"]


def test_losses_are_means_over_each_epoch_of_every_column_named_loss(tmp_path):
    log = tmp_path / "metrics.csv"
    log.write_text(LOG)
    assert plots._read_log(log) == {"train_loss": {1: 1.5, 2: 0.5}, "val_loss": {1: 1.2, 2: 0.9}}
    plots.draw_training_curves(tmp_path / "losses.png", log)


def test_losses_over_several_powers_of_ten_are_labelled_with_numbers(tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    labels = []
    save = Figure.savefig

    def look(figure, *args, **options):
        save(figure, *args, **options)
        labels.extend(label.get_text() for label in figure.axes[0].get_yticklabels())

    monkeypatch.setattr(Figure, "savefig", look)
    log = tmp_path / "metrics.csv"
    log.write_text("epoch,train_loss\n0,1000\n1,10\n2,0.1\n")
    plots.draw_training_curves(tmp_path / "losses.png", log)
    assert {"0.1", "10", "1000"} <= set(labels)
    assert (tmp_path / "losses.png").stat().st_size > 5000


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "Cannot read the log"),
        ("", "holds no losses"),
        ("epoch,accuracy\n0,1\n", "holds no losses"),
        ("step,loss\n0,1\n", "is no log of losses"),
        ("epoch,loss\n0,much\n", "is no log of losses"),
        (b"\xff\xfe\x00epoch", "is no log of losses"),
    ],
)
def test_a_log_without_losses_is_refused(content, said, tmp_path):
    log = tmp_path / "metrics.csv"
    if content is not None:
        log.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=said):
        plots.draw_training_curves(tmp_path / "losses.png", log)
    assert not (tmp_path / "losses.png").exists()


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (lambda to: plots.draw_roc(to, [0.1], [True]), "only one of the two"),
        (lambda to: plots.draw_precision_recall(to, [0.1], [True]), "only one of the two"),
        (lambda to: plots.draw_roc(to, [np.nan, 1], [True, False]), "NaN"),
        (lambda to: plots.draw_histograms(to, {}), "no scores to draw"),
        (lambda to: plots.draw_boxes(to, {"good": [np.inf]}), 'class "good" are NaN or infinite'),
        (lambda to: image_tables.draw_triples(to, []), "no images"),
        (lambda to: image_tables.draw_cases(to, {"found": []}), "no images"),
    ],
)
def test_what_cannot_be_drawn_is_refused_and_nothing_is_written(draw, said, tmp_path):
    with pytest.raises(DataError, match=said):
        draw(tmp_path / "plot.png")
    assert list(tmp_path.iterdir()) == []


def test_notable_cases_are_where_the_ranking_was_most_wrong_and_most_right():
    scores, defective = [0.1, 0.9, 0.5, 0.2, 0.8], [False, False, True, True, True]
    found = {kind: rows.tolist() for kind, rows in image_tables.notable_cases(scores, defective, count=2).items()}
    assert found == {"missed": [3, 2], "false alarms": [1, 0], "found": [4, 2], "passed": [0, 1]}
    assert image_tables.notable_cases([0.5], [True])["passed"].size == 0


def test_a_target_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BlemishError, match="Cannot write"):
        plots.draw_confusion(tmp_path / "file" / "plot.png", Confusion(1, 1, 1, 1))


def test_without_matplotlib_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"\.\[train\]"), png_figure(tmp_path / "plot.png"):
        pass
