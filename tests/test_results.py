"""Measured figures stand in the files of benchmarks/results alone, and the pages show what is in them."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

pytest.importorskip("torch")

from blemish.benchmarking.records import Cost
from blemish.benchmarking.records import Identity as BenchmarkIdentity
from blemish.benchmarking.records import RunRecord as BenchmarkRun
from blemish.reproduction.records import Identity, RunRecord, write_record

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import result_page
import write_results
from collect_results import collect
from result_files import RESULTS, Column, Result, Row, Spread, Table, as_text, read_result, write_result
from result_tables import cell_text, markdown

ROOT = Path(__file__).parents[1]
NAMES = sorted(path.stem for path in RESULTS.glob("*.json"))


def one_figure(cell: Spread) -> Table:
    return Table(columns=(Column(name="F1"),), rows=(Row(name=("a",), cells={"F1": cell}),))


def result(**changed: Any) -> Result:
    """A measurement of one figure."""
    table = Table(
        stub=("method",),
        columns=(Column(name="F1"),),
        rows=(Row(name=("unet",), cells={"F1": Spread(values=(0.5, 0.7))}, seeds=(0, 1), cpu_min=2.0, opened=2),),
    )
    given = {
        "title": "A",
        "commands": ("python a.py",),
        "date": date(2026, 11, 29),
        "machine": "M",
        "data": "D",
        "tables": {"t": table},
    }
    return Result(**{**given, **changed})


@pytest.mark.parametrize("name", NAMES)
def test_every_file_follows_the_schema_and_is_written_as_the_program_writes_it(name: str):
    assert as_text(read_result(name)) == (RESULTS / f"{name}.json").read_text("utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_means_that_were_transcribed_agree_with_the_rounded_values_beside_them(name: str):
    for table in read_result(name).tables.values():
        for row in table.rows:
            for column, cell in row.cells.items():
                if isinstance(cell, Spread) and cell.values and cell.mean is not None:
                    one_digit = 10.0 ** -table.column(column).digits
                    computed = cell.model_copy(update={"mean": None, "sd": None})
                    assert computed.centre() == pytest.approx(cell.mean, abs=one_digit), (row.name, column)
                    assert computed.deviation() == pytest.approx(cell.sd, abs=one_digit), (row.name, column)


def test_pages_show_what_the_files_hold():
    stale = [
        path.name
        for path, text in write_results.wanted().items()
        if not path.is_file() or path.read_text("utf-8") != text
    ]
    assert not stale, f"Write them by `make results`: {stale}"


def test_the_table_of_the_front_page_comes_from_the_files():
    assert "<!-- results: headline -->" in (ROOT / "README.md").read_text("utf-8")


def test_a_file_is_read_as_it_was_written(tmp_path: Path):
    write_result("a", result(), tmp_path)
    assert read_result("a", tmp_path) == result()


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"data": "/home/somebody/images"}, "private machine"),
        ({"commands": ("python a.py --data /somewhere/images",)}, "private machine"),
        ({"commands": ()}, "commands"),
        ({"date": date(2020, 1, 1)}, "date"),
        ({"tables": {}}, "tables"),
        ({"tables": {"t": one_figure(Spread(published=1))}}, "source"),
        ({"tables": {"t": one_figure(Spread(values=(1.0, 1.0), mean=1.0))}}, "computed from values"),
    ],
)
def test_a_measurement_that_lacks_something_is_refused(changed: dict[str, Any], complaint: str):
    with pytest.raises(ValidationError, match=complaint):
        result(**changed)


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ((Row(name=("a",), cells={"F2": 1.0}),), "no column"),
        ((Row(name=("a",), cells={}), Row(name=("a",), cells={})), "same name"),
        ((Row(name=("a", "b"), cells={}),), "headings"),
    ],
)
def test_a_table_that_does_not_fit_together_is_refused(rows: tuple[Row, ...], complaint: str):
    with pytest.raises(ValidationError, match=complaint):
        Table(columns=(Column(name="F1"),), rows=rows)


@pytest.mark.parametrize(
    ("cell", "column", "text"),
    [
        (None, Column(name="a"), "–"),
        ("20 + 26", Column(name="a"), "20 + 26"),
        (0.5, Column(name="a"), ".500"),
        (0.5, Column(name="a", leading_zero=True), "0.500"),
        (-0.0001, Column(name="a"), ".000"),
        (-0.25, Column(name="a", digits=2), "−.25"),
        (10.0, Column(name="a", digits=1), "10.0"),
        (1234.4, Column(name="a", digits=0), "1,234"),
        (0.0, Column(name="a", digits=0, unit=" %"), "0 %"),
        (Spread(values=(0.5, 0.7)), Column(name="a"), ".600 ± .141"),
        (Spread(values=(0.5,)), Column(name="a"), ".500"),
        (Spread(values=(0.5, None)), Column(name="a"), "–"),
        (Spread(mean=0.5, sd=0.1, digits=1, bold=True), Column(name="a"), "**.5 ± .1**"),
        (Spread(values=(69.0, 72.0), digits=0), Column(name="a", unit=" %"), "70 ± 2 %"),
    ],
)
def test_figures_are_written_with_their_deviation_and_unit(cell: Any, column: Column, text: str):
    assert cell_text(cell, column) == text


def test_a_table_shows_published_figures_in_brackets_and_what_each_row_cost():
    table = Table(
        stub=("",),
        columns=(Column(name="F1"), Column(name="AP")),
        rows=(
            Row(
                name=("a",), cells={"F1": Spread(values=(0.5,), published=0.9)}, seeds=(0,), cpu_min=1.25, opened="≥ 3"
            ),
            Row(name=("b",), cells={"F1": 0.25, "AP": None}),
        ),
        notes=("Both are short.",),
    )
    assert markdown(table) == (
        "|  | F1 | AP | seeds | CPU min | test opened |\n| --- | --- | --- | --- | --- | --- |\n"
        "| a | .500 (.9) |  | 1 | 1.2 | ≥ 3 |\n| b | .250 | – |  |  |  |\n\nBoth are short."
    )
    assert markdown(table, columns=["AP"], rows=[table.row("b")]).startswith("|  | AP |\n| --- | --- |\n| b | – |")


def test_a_table_by_seed_has_a_line_for_each_and_one_for_the_mean():
    table = Table(
        stub=("seed",),
        columns=(Column(name="F1"),),
        rows=(Row(name=("all",), cells={"F1": Spread(values=(0.5, 0.7))}, seeds=(0, 2)),),
        by_seed="rows",
    )
    assert [line.split("|")[1:3] for line in markdown(table).splitlines()[2:]] == [
        [" 0 ", " .500 "],
        [" 2 ", " .700 "],
        [" mean ± sd ", " .600 ± .141 "],
    ]
    assert "| .500; .700 |" in markdown(table.model_copy(update={"by_seed": "cells"}))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("<!-- results: headline -->\n| old |\n", "no .*end"),
        ("<!-- results: no-such -->\n<!-- end -->\n", "no view"),
        ("<!-- results: no-such/table -->\n<!-- end -->\n", "No such file"),
        (f"<!-- results: {NAMES[0]}/no-such -->\n<!-- end -->\n", "no-such"),
    ],
)
def test_a_block_that_names_nothing_or_has_no_end_is_refused(text: str, complaint: str):
    with pytest.raises(SystemExit, match=complaint):
        write_results.filled(text, Path("page.md"))


def test_what_stands_in_a_block_is_replaced_and_nothing_else():
    page = "before\n\n<!-- results: startup/starts -->\nold\n<!-- end -->\n\nafter\n"
    once = write_results.filled(page, Path("page.md"))
    assert once.startswith("before\n\n<!-- results: startup/starts -->\n\n| start |")
    assert once.endswith("|\n\n<!-- end -->\n\nafter\n")
    assert write_results.filled(once, Path("page.md")) == once


def run_record(folder: Path, **changed: Any) -> None:
    """A finished run of ``crack-classifier`` with accuracies that its seed tells apart."""
    seed = changed.pop("seed", 0)
    identity = {
        "system": "crack-classifier",
        "variant": "MobileNetV2",
        "profile": "quick",
        "seed": seed,
        "settings": {},
        "data": {"patches": "ab"},
        **changed,
    }
    measured = {"accuracy": 0.5 + seed / 10, "accuracy_own_threshold": 0.5, "auroc": 0.75, "log_loss": 0.25}
    record = RunRecord(
        identity=Identity(**identity),
        measured={**measured, "n_train": 4, "n_test": 2},
        cpu_min=1.0,
        test_opened=1,
        machine={"processor": "M"},
    )
    write_record(folder / "runs" / identity["variant"] / f"seed{seed}" / "result.json", record)


def test_what_reproduce_wrote_becomes_a_file_with_the_values_of_each_seed(tmp_path: Path):
    run_record(tmp_path, seed=0)
    run_record(tmp_path / "more", seed=2)
    found = collect([tmp_path, tmp_path / "more"], "patches", ["metu"], {"MobileNetV2": 3})
    row = found.tables["as-published"].row("MobileNetV2")
    assert row.cells["accuracy"] == Spread(values=(0.5, 0.7), published=0.99)
    assert (row.seeds, row.cpu_min, row.opened) == ((0, 2), 1.0, 5)
    assert [row.name[0] for row in found.tables["as-published"].rows] == ["MobileNetV2"]
    assert found.commands == (
        "blemish reproduce crack-classifier --data $BLEMISH_DATA/metu --seed 0 --seed 2 --variant MobileNetV2 "
        "--out benchmarks/out/DIR",
    )
    assert str(tmp_path) not in as_text(found)


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"seed": 1, "data": {"patches": "cd"}}, "different data"),
        ({"seed": 1, "profile": "paper"}, "several systems or profiles"),
        ({"seed": 0}, "Two folders hold"),
    ],
)
def test_runs_that_do_not_belong_together_are_not_collected(tmp_path: Path, changed: dict[str, Any], complaint: str):
    run_record(tmp_path / "a")
    run_record(tmp_path / "b", **changed)
    with pytest.raises(SystemExit, match=complaint):
        collect([tmp_path / "a", tmp_path / "b"], "patches", ["metu"], {})


def test_a_folder_without_a_finished_run_is_refused(tmp_path: Path):
    with pytest.raises(SystemExit, match="No finished run"):
        collect([tmp_path], "patches", ["metu"], {})


def test_what_benchmark_wrote_becomes_a_file(tmp_path: Path):
    for seed, score in ((0, 0.5), (1, 0.75)):
        run = BenchmarkRun(
            contender="padim",
            data="walls",
            identity=BenchmarkIdentity(method="padim", settings={}, data="ab", seed=seed),
            n_train=2,
            metrics={"image": {"auroc": score}, "pixel": {}},
            cost=Cost(fit_s=1, fit_peak_mib=2, images_per_s=3, inspect_peak_mib=4, detector_mb=5),
            machine={"processor": "M"},
        )
        file = tmp_path / "runs/walls/padim" / f"seed{seed}" / "run.json"
        file.parent.mkdir(parents=True)
        file.write_text(run.model_dump_json())
    found = collect([tmp_path], "walls", ["walls"], {})
    row = found.tables["walls"].row("padim")
    assert row.cells["image AUROC"] == Spread(values=(0.5, 0.75))
    assert row.cells["fit, s"] == Spread(values=(1.0, 1.0))
    assert (row.seeds, row.opened) == ((0, 1), 2)
    assert found.commands == (
        "blemish benchmark padim --data $BLEMISH_DATA/walls --seed 0 --seed 1 --out benchmarks/out/DIR",
    )


def test_every_published_figure_of_the_page_is_there_and_drawn():
    shown = result_page.comparisons()
    assert {one.entry["page"] for one in shown} >= {
        f"reproduction/{path.name}" for path in (ROOT / "docs/reproduction").glob("*.md")
    }
    drawn = result_page.picture()
    assert drawn.count("<title>") == sum(one.ours.published is not None for one in shown) >= 10


def test_the_best_method_of_a_data_set_has_the_highest_mean():
    for line in result_page.best_table().splitlines()[2:]:
        best, following = (figure.split(" ±")[0].strip(" *") for figure in (line.split(" | ")[4], line.split(" | ")[6]))
        assert not following or float(best) >= float(following)
