"""Findings on disk: what is written reads back, whatever the file names."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blemish.detectors import Inspection
from blemish.errors import BlemishError, DataError
from blemish.inspection.findings import read_findings, to_line, writing_findings
from blemish.measurement.regions import Region

REGION = Region((1, 2, 3, 4), 12, (2.0, 3.5), 0.75, 0.5, "crack")
INSPECTIONS = [
    Inspection(Path("a b/벽 1.jpg"), 0.75, 0.01, "reject", (REGION, REGION), notes=("the first of 3 pages",)),
    Inspection(Path('quo"te,comma\nline.png'), 0.1, None, "pass"),
    Inspection(Path("broken.jpg"), None, error="It is empty."),
    Inspection(None, 1e-9),
]


def test_findings_read_back_as_they_were(tmp_path: Path):
    with writing_findings(tmp_path) as tables:
        for inspection in INSPECTIONS:
            tables.add(inspection)
    assert list(read_findings(tmp_path / "findings.jsonl")) == INSPECTIONS


def test_a_line_has_the_promised_fields_and_readable_names():
    line = to_line(INSPECTIONS[0])
    record = json.loads(line)
    assert list(record)[:5] == ["path", "score", "p_value", "verdict", "regions"]
    assert record["error"] is None
    assert "벽" in line
    assert "\n" not in line


def test_the_csv_has_one_row_per_file(tmp_path: Path):
    with writing_findings(tmp_path) as tables:
        for inspection in INSPECTIONS:
            tables.add(inspection)
    with (tmp_path / "findings.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["path"] for row in rows] == [str(one.path or "") for one in INSPECTIONS]
    assert (rows[0]["regions"], rows[0]["defect_area_px"], rows[0]["worst_bbox_px"]) == ("2", "24", "1 2 3 4")
    assert rows[2]["error"] == "It is empty."


def test_a_stopped_run_leaves_the_older_findings_whole(tmp_path: Path):
    with writing_findings(tmp_path) as tables:
        tables.add(INSPECTIONS[0])

    def stop() -> None:
        with writing_findings(tmp_path) as tables:
            tables.add(INSPECTIONS[1])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert list(read_findings(tmp_path / "findings.jsonl")) == INSPECTIONS[:1]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["findings.csv", "findings.jsonl"]


@given(st.binary(min_size=1, max_size=40).filter(lambda name: b"\0" not in name))
def test_names_that_are_not_unicode_survive(name: bytes):
    path = Path(os.fsdecode(name))
    line = to_line(Inspection(path, 0.5))
    assert json.loads(line.encode("utf-8").decode("utf-8"))["path"] == str(path)


@pytest.mark.parametrize("text", ["not json\n", "{}\n", "[]\n", '{"path": 1}\n'])
def test_what_is_no_finding_is_said_with_its_line(tmp_path: Path, text: str):
    target = tmp_path / "findings.jsonl"
    target.write_text(to_line(INSPECTIONS[0]) + "\n" + text, encoding="utf-8")
    with pytest.raises(DataError, match="Line 2"):
        list(read_findings(target))


def test_a_missing_table_is_said(tmp_path: Path):
    with pytest.raises(DataError, match=r"findings\.jsonl"):
        list(read_findings(tmp_path / "findings.jsonl"))


def test_a_file_in_place_of_the_folder_is_said(tmp_path: Path):
    (tmp_path / "out").write_text("not a folder")
    with pytest.raises(BlemishError, match="out"), writing_findings(tmp_path / "out"):
        pass
