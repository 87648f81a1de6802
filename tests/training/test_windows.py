"""Sensor series from a table to scores: what is found, what is refused, and that no torch is needed to score."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from blemish.cli.app import app
from blemish.datasets import Series, read_series
from blemish.detectors import load, load_series_detector
from blemish.errors import DataError, DetectorError, SettingsError
from blemish.evaluation.series_metrics import series_metrics
from blemish.synthesis.sensor_series import draw_sensor_series

pytestmark = [pytest.mark.train, pytest.mark.slow]
pytest.importorskip("torch")

QUICK = {
    "memae": {"width": 16, "epochs": 12, "learning_rate": 3e-3},
    "ganomaly": {"width": 8, "epochs": 10, "learning_rate": 3e-3},
}


def write_csv(path: Path, series: Series) -> Path:
    lines = [",".join(("time", *series.columns, "fault"))]
    faulty = np.zeros(len(series.values), bool) if series.faulty is None else series.faulty
    for step, (row, fault) in enumerate(zip(series.values, faulty, strict=True)):
        lines.append(",".join((f"t{step}", *(repr(float(value)) for value in row), str(int(fault)))))
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    from blemish.training.windows import train_series

    folder = tmp_path_factory.mktemp("series")
    normal = draw_sensor_series(1500, columns=3, seed=1)
    return {
        name: train_series(name, normal, folder / f"{name}.blemish", settings=settings, window_steps=16)
        for name, settings in QUICK.items()
    }


@pytest.mark.parametrize("method", QUICK)
def test_faults_of_known_place_are_found_by_time_step(trained, method):
    series = draw_sensor_series(1500, columns=3, faults=5, seed=2)
    metrics = series_metrics(trained[method].score(series).steps, series.faulty)
    assert metrics.auroc >= 0.9
    assert metrics.events.recall > metrics.events.by_chance


def test_a_file_scores_as_the_detector_that_wrote_it(trained):
    detector = trained["memae"]
    again = load_series_detector(detector.path)
    series = draw_sensor_series(200, columns=3, seed=3)
    one, two = detector.score(series), again.score(series)
    np.testing.assert_array_equal(one.steps, two.steps)
    assert one.p_values is not None
    assert ((one.p_values > 0) & (one.p_values <= 1)).all()
    assert one.starts[-1] + 16 == 200


def test_a_window_scores_alike_alone_and_in_a_series(trained):
    series = draw_sensor_series(160, columns=3, seed=3)
    found = trained["ganomaly"].score(series, stride_steps=16)
    alone = trained["ganomaly"].score(Series("alone", series.columns, series.values[32:48]))
    np.testing.assert_allclose(alone.windows[0], found.windows[2], rtol=1e-4)


def test_columns_are_matched_by_name_and_extra_ones_not_looked_at(trained):
    series = draw_sensor_series(64, columns=3, seed=3)
    extra = np.column_stack([series.values[:, ::-1], np.ones(64)])
    turned = Series("turned", (*series.columns[::-1], "extra"), extra)
    np.testing.assert_array_equal(trained["memae"].score(series).steps, trained["memae"].score(turned).steps)


def test_a_missing_column_and_a_short_series_are_refused_in_scoring(trained):
    series = draw_sensor_series(64, columns=3, seed=3)
    with pytest.raises(DataError, match='no column "sensor_3", which the detector was trained on'):
        trained["memae"].score(Series("two", series.columns[:2], series.values[:, :2]))
    with pytest.raises(DataError, match="15 time steps, fewer than one window of 16"):
        trained["memae"].score(Series("short", series.columns, series.values[:15]))


def test_scoring_imports_no_torch(trained, tmp_path):
    file = write_csv(tmp_path / "series.csv", draw_sensor_series(64, columns=3, seed=3))
    code = (
        "import sys; from blemish.detectors import load_series_detector; from blemish.datasets import read_series\n"
        f"d = load_series_detector({str(trained['memae'].path)!r})\n"
        f"d.score(read_series({str(file)!r}, columns=d.form.columns)); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_series_detector_is_refused_for_images(trained):
    with pytest.raises(DetectorError, match="sensor series, not at images"):
        load(trained["memae"].path)


def test_a_window_that_is_no_power_of_two_is_padded_and_said(tmp_path):
    from blemish.training.windows import train_series

    said: list[str] = []
    series = draw_sensor_series(300, columns=2, seed=1)
    settings = {"width": 4, "epochs": 1}
    detector = train_series(
        "ganomaly", series, tmp_path / "d.blemish", settings=settings, window_steps=20, say=said.append
    )
    assert any("20 steps is no power of two" in sentence for sentence in said)
    assert detector.score(series).steps.shape == (300,)


def test_fanogan_learns_scores_and_exports(tmp_path):
    from blemish.training.windows import train_series

    series = draw_sensor_series(200, columns=2, seed=1)
    settings = {"width": 4, "epochs": 2, "encoder_epochs": 1}
    detector = train_series("fanogan", series, tmp_path / "d.blemish", settings=settings, window_steps=16)
    assert np.isfinite(detector.score(series).windows).all()


@pytest.mark.parametrize(
    ("method", "change", "sentence"),
    [
        ("egbad", {}, "has no form for series; fanogan, ganomaly, memae"),
        ("memae", {"settings": {"size_px": 64}}, '"size_px" is about images'),
        ("memae", {"window_steps": 8}, "window_steps cannot be 8"),
        ("memae", {"window_steps": 16, "stride_steps": 17}, "stride_steps must not exceed"),
    ],
)
def test_impossible_wishes_are_refused(tmp_path, method, change, sentence):
    from blemish.training.windows import train_series

    with pytest.raises(SettingsError, match=sentence):
        train_series(method, draw_sensor_series(100, seed=1), tmp_path / "d.blemish", **change)


def test_unfit_recordings_are_refused(tmp_path):
    from blemish.training.windows import train_series

    normal, out = draw_sensor_series(100, columns=2, seed=1), tmp_path / "d.blemish"
    gaps = Series("gaps", normal.columns, np.where(np.arange(100)[:, None] == 5, np.nan, normal.values))
    other = Series("other", ("a", "b"), normal.values)
    for data, sentence in [
        (Series("short", normal.columns, normal.values[:63]), "63 time steps, fewer than one window of 64"),
        (gaps, '"gaps" has missing values'),
        ([normal, other], '"other" has the columns a, b'),
        (draw_sensor_series(300, faults=2), "has faults in it"),
        ([], "no recording"),
    ]:
        with pytest.raises(DataError, match=sentence):
            train_series("memae", data, out)


def test_the_verbs_train_score_and_evaluate(tmp_path):
    normal = write_csv(tmp_path / "normal.csv", draw_sensor_series(400, columns=2, seed=1))
    faulty = write_csv(tmp_path / "faulty.csv", draw_sensor_series(400, columns=2, faults=2, seed=2))
    file = tmp_path / "d.blemish"
    run = CliRunner().invoke
    words = ["series", "train", "memae", "--data", str(normal), "--out", str(file), "--window", "16"]
    words += ["--ignore", "time", "--ignore", "fault", "--set", "width=4", "--set", "epochs=1"]
    assert run(app, words).exit_code == 0
    assert read_series(normal, ignore=["time", "fault"]).columns == load_series_detector(file).form.columns
    scores, windows = tmp_path / "scores.csv", tmp_path / "windows.csv"
    command = ["series", "score", faulty, "--detector", file, "--out", scores, "--windows", windows]
    assert run(app, [str(word) for word in command]).exit_code == 0
    assert "--force" in run(app, [str(word) for word in command]).stderr
    assert len(scores.read_text().splitlines()) == 401
    assert windows.read_text().startswith("first_step,score,p_value,rejected\n0,")
    said = run(app, ["series", "evaluate", "--detector", str(file), "--data", str(faulty), "--faults", "fault"])
    assert "of 2 faults found" in said.output
    again = ["series", "train", "memae", "--data", str(normal), "--out", str(file)]
    assert "--force to replace it" in run(app, again).output
    refused = run(app, [*again, "--force"])
    assert refused.exit_code == 2
    assert "is not numeric (row 2: 't0'); leave it out with --ignore time." in refused.output
