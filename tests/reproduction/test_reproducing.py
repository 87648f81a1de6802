"""Reproductions: what is run once, kept, counted, refused and shown, with a system that trains nothing."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

from blemish.datasets import read_dataset
from blemish.errors import BlemishError, DataError, SettingsError
from blemish.reports.png_figure import png_figure
from blemish.reproduction import SYSTEMS, reproduce
from blemish.reproduction.system import Picture, System
from blemish.reproduction.tables import Row, Table, paired_difference

pytestmark = pytest.mark.train


class Counting(System):
    """Counts its measurements; "worse" fails as often as ``failures`` says."""

    name = "counting"
    title, source, idea, needs = "Counting", "Nobody, 2026.", "Counts.", "images in train/ and test/."
    differs = ("Everything.",)
    seeds = (0, 1)
    measured: list[tuple[str, int]]
    failures = 0
    settings = {"better": {"step": 2}, "worse": {"step": 1}}  # noqa: RUF012

    def read(self, folders):
        dataset = read_dataset(folders[0])
        if not dataset.split("test").samples:
            raise DataError("There is no test split.")
        return {"images": dataset}

    def variants(self, profile, data):
        return self.settings

    def measure(self, run, data):
        test = run.test(data["images"])
        if run.variant == "worse" and type(self).failures > 0:
            type(self).failures -= 1
            raise BlemishError("It is too dark.")
        type(self).measured.append((run.variant, run.seed))
        return {"f1": 0.1 * run.settings["step"] + 0.01 * run.seed, "n": len(test)}

    def tables(self, results):
        def pick(record):
            return {"F1": record.measured["f1"]}

        rows = [Row.of(name, results.of(name), pick, {"F1": 0.8267}) for name in self.settings]
        return [Table("f1", "Table 4", ("F1",), tuple(rows))]

    def pictures(self, results, data, folder):
        with png_figure(folder / "dot.png") as figure:
            figure.add_subplot()
        return [Picture(folder / "dot.png", "A dot & nothing else.")]


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> type[Counting]:
    Counting.measured, Counting.failures = [], 0
    Counting.settings = {"better": {"step": 2}, "worse": {"step": 1}}
    monkeypatch.setitem(SYSTEMS, "counting", Counting)
    return Counting


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for split in ("train", "test"):
        for label in ("good", "crack"):
            file = tmp_path / "data" / split / label / "a.png"
            file.parent.mkdir(parents=True)
            cv2.imwrite(str(file), np.full((8, 8, 3), len(label), np.uint8))
    return tmp_path / "data"


def test_every_variant_is_run_once_with_every_seed_seed_after_seed(counting, images: Path, tmp_path: Path):
    once = [("better", 0), ("worse", 0), ("better", 1), ("worse", 1)]
    reproduce("counting", [images], tmp_path / "out")
    assert counting.measured == once
    again = reproduce("counting", [images], tmp_path / "out")
    assert counting.measured == once
    reproduce("counting", [images], tmp_path / "out", seeds=[0, 1, 2], variants=["better"])
    assert counting.measured == [*once, ("better", 2)]
    assert [record.measured["f1"] for record in again.results.of("better")] == pytest.approx([0.2, 0.21])


def test_the_page_of_a_part_shows_what_is_finished_beside_it(counting, images: Path, tmp_path: Path):
    reproduce("counting", [images], tmp_path / "out", seeds=[0], variants=["worse"])
    done = reproduce("counting", [images], tmp_path / "out", seeds=[1], variants=["better"])
    assert [row.seeds for row in done.tables[0].rows] == [(1,), (0,)]
    counting.settings = {**counting.settings, "worse": {"step": 3}}
    done = reproduce("counting", [images], tmp_path / "out", seeds=[1], variants=["better"])
    assert [row.seeds for row in done.tables[0].rows] == [(1,), ()]


def test_a_failed_run_is_told_stops_no_other_and_is_tried_again(counting, images: Path, tmp_path: Path):
    counting.failures = 1
    first = reproduce("counting", [images], tmp_path / "out")
    assert [(one.variant, one.seed, one.error) for one in first.failures] == [("worse", 0, "It is too dark.")]
    assert "It is too dark." in first.page.read_text()
    assert "3 of 4 runs" in first.page.read_text()
    second = reproduce("counting", [images], tmp_path / "out")
    assert second.failures == ()
    # The attempt that failed had seen the test images, too.
    assert [record.test_opened for record in second.results.of("worse")] == [2, 1]
    assert second.tables[0].rows[1].test_opened == 3


def test_a_stopped_reproduction_resumes(counting, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    measure = counting.measure

    def stop(self, run, data):
        if len(counting.measured) == 2:
            raise KeyboardInterrupt
        return measure(self, run, data)

    monkeypatch.setattr(counting, "measure", stop)
    with pytest.raises(KeyboardInterrupt):
        reproduce("counting", [images], tmp_path / "out")
    monkeypatch.setattr(counting, "measure", measure)
    reproduce("counting", [images], tmp_path / "out")
    assert counting.measured == [("better", 0), ("worse", 0), ("better", 1), ("worse", 1)]


def test_runs_of_other_settings_or_data_are_refused(counting, images: Path, tmp_path: Path):
    reproduce("counting", [images], tmp_path / "out")
    counting.settings = {**counting.settings, "worse": {"step": 3}}
    with pytest.raises(SettingsError, match=r"worse.seed0.result\.json.* was measured with other settings; choose"):
        reproduce("counting", [images], tmp_path / "out")
    counting.settings = {**counting.settings, "worse": {"step": 1}}
    cv2.imwrite(str(images / "train" / "good" / "b.png"), np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(SettingsError, match="measured with other data"):
        reproduce("counting", [images], tmp_path / "out")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"system": "countin"}, 'no system "countin".*"counting"'),
        ({"profile": "papre"}, 'no profile "papre".*"paper"'),
        ({"seeds": []}, "at least one seed"),
        ({"variants": ["beter"]}, 'no variant "beter".*"better"'),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_runs(
    counting, images: Path, tmp_path: Path, arguments, message: str
):
    system = arguments.pop("system", "counting")
    with pytest.raises(SettingsError, match=message):
        reproduce(system, [images], tmp_path / "out", **arguments)
    assert counting.measured == []


def test_page_and_tables_show_the_published_value_beside_ours(counting, images: Path, tmp_path: Path):
    done = reproduce("counting", [images], tmp_path / "out")
    page = done.page.read_text()
    for text in ("0.2050 ± 0.0071", "published 0.8267", "Everything.", "A dot &amp; nothing else.", "data:image/png"):
        assert text in page
    assert "| better | 0.2050 ± 0.0071 (0.8267) | 2 |" in (tmp_path / "out" / "tables.md").read_text()
    with (tmp_path / "out" / "f1.csv").open(newline="") as file:
        first = next(csv.DictReader(file))
    assert float(first["F1"]) == pytest.approx(0.205)
    assert float(first["F1 sd"]) == pytest.approx(np.std([0.2, 0.21], ddof=1))
    assert first["F1 published"] == "0.8267"
    assert first["test_opened"] == "2"
    kept = json.loads((tmp_path / "out" / "results.json").read_text())
    assert [run["measured"]["n"] for run in kept["runs"]] == [2, 2, 2, 2]


def test_a_row_without_runs_shows_the_published_value_alone():
    table = Table("t", "T", ("F1",), (Row.of("theirs", [], lambda _: {}, {"F1": 0.91}),), digits=2)
    assert table.cells(table.rows[0]) == [("–", "0.91"), ("0", ""), ("–", ""), ("–", "")]


def test_a_value_that_one_seed_lacks_has_no_mean():
    row = Row("r", {"F1": (0.5, None)})
    assert row.mean("F1") is None
    assert row.deviation("F1") is None


def test_paired_differences_take_the_seeds_that_both_have(counting, images: Path, tmp_path: Path):
    done = reproduce("counting", [images], tmp_path / "out", seeds=[0, 1, 2]).results
    better, worse = done.of("better"), done.of("worse")[1:]
    gap = paired_difference(better, worse, lambda record: record.measured["f1"] * (1 + record.seed))
    # 2 · .1 and 3 · .1: mean .25, and Student's t of one degree of freedom is 12.706.
    half = 12.7062047 * np.std([0.2, 0.3], ddof=1) / np.sqrt(2)
    assert gap == f"+0.2500, 95 % interval {0.25 - half:+.4f} to {0.25 + half:+.4f} (2 seeds)"
    assert paired_difference(better[:1], worse[:1], lambda _: 1.0) == ""
