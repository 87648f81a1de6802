"""Damage to findings on disk is one sentence with the line and the field, or a gap that is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from blemish.errors import DataError
from blemish.findings import CutOffLineError, read_findings

Change = Callable[[dict[str, Any]], Any]


def put(*places: str | int, value: Any) -> Change:
    """A change of one value, however deep."""

    def change(record: dict[str, Any]) -> None:
        target: Any = record
        for place in places[:-1]:
            target = target[place]
        target[places[-1]] = value

    return change


def drop(name: str) -> Change:
    return lambda record: record.pop(name)


def rewrite(path: Path, change: Change, *, line: int = 1) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    record = json.loads(lines[line - 1])
    change(record)
    lines[line - 1] = json.dumps(record)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


WRONG = [
    (put("score", value="high"), '"score": input should be a valid number'),
    (put("score", value=True), '"score"'),
    (put("score", value=float("nan")), "finite"),
    (put("verdict", value="fine"), "'reject', 'review', 'unknown surface', 'unusable' or 'pass'"),
    (put("notes", value="one"), '"notes"'),
    (put("notes", value=[1]), '"notes.0": input should be a valid string'),
    (put("path", value=7), '"path": input should be a valid string'),
    (put("error", value=0), '"error"'),
    (drop("name"), '"name": field required'),
    (put("regions", 0, "bbox_px", value=[1, 2, 3]), '"regions.0.bbox_px'),
    (put("regions", 0, "score", value=None), '"regions.0.score"'),
    (put("size_px", value=[0, 240]), '"size_px.0"'),
    (put("size_px", value="320x240"), '"size_px"'),
    (put("scale", "mm_per_px", value="0.1"), '"scale.mm_per_px"'),
    (put("scale", "mm_per_px", value=0), "0 mm per pixel"),
    (put("scale", "to_plane", value=[[1, 0, 0]]), '"scale.to_plane'),
    (put("cracks", 0, "length_px", value="long"), '"cracks.0.length_px"'),
    (put("cracks", 0, "mm", "length", value=None), '"cracks.0.mm.length"'),
    (put("cracks", 0, "direction", value="up"), '"cracks.0.direction"'),
    (put("cracks", 0, "polyline_px", value=[[1, 2]]), "differ in length"),
    (put("cracks", 0, "polyline_px", 0, value=["a", "b"]), "no number"),
    (put("cracks", 0, "polyline_px", 0, value=[None, 1]), "without a place"),
    (put("cracks", 0, "widths_px", 0, value="wide"), "no number"),
    (put("name", value="../../somebody/else"), "without a folder"),
    (put("name", value=""), '"name"'),
    (put("mask_file", value="../../elsewhere.png"), "folder of the findings"),
    (put("mask_file", value="/etc/elsewhere.png"), "folder of the findings"),
]


@pytest.mark.parametrize(("change", "said"), WRONG, ids=[said for _, said in WRONG])
def test_a_value_of_a_wrong_kind_is_told_with_its_line_and_field(written: Path, change: Change, said: str):
    rewrite(written, change)
    with pytest.raises(DataError) as raised:
        list(read_findings(written))
    message = str(raised.value)
    assert message.startswith(f'Line 1 of "{written}" is not a finding (')
    assert said in message
    assert message.endswith("was the file edited by hand?")
    assert "\n" not in message


@pytest.mark.parametrize("text", [b"not json\n", b"{}\n", b"[]\n", b"3\n", b"\xff\xfe\xff\n", b"[" * 100_000 + b"\n"])
def test_a_line_that_is_no_record_is_told(written: Path, text: bytes):
    written.write_bytes(text + written.read_bytes())
    with pytest.raises(DataError, match="Line 1"):
        list(read_findings(written))


@pytest.mark.parametrize("kept", [1, 20, 60])
def test_a_last_line_that_is_cut_off_gives_all_others_first(written: Path, kept: int):
    *whole, last = written.read_bytes().splitlines(keepends=True)
    written.write_bytes(b"".join(whole) + last[:kept])
    findings = read_findings(written)
    assert [next(findings).image, next(findings).image] == ["왼쪽/wall 1.jpg", "b.jpg"]
    with pytest.raises(CutOffLineError, match="Line 3"):
        next(findings)


def test_a_cut_in_the_middle_of_a_letter_is_told_alike(written: Path):
    written.write_bytes(written.read_bytes() + '{"image": "금'.encode()[:-1])
    with pytest.raises(CutOffLineError, match="Line 4"):
        list(read_findings(written))


def test_a_last_line_without_its_line_break_is_whole(written: Path):
    written.write_bytes(written.read_bytes().rstrip(b"\n"))
    assert len(list(read_findings(written))) == 3


def test_what_editors_leave_does_no_harm(written: Path):
    before = [one.image for one in read_findings(written)]
    written.write_bytes(b"\xef\xbb\xbf" + written.read_bytes().replace(b"\n", b"\r\n") + b"\r\n\r\n")
    assert [one.image for one in read_findings(written)] == before


def test_fields_that_a_later_version_may_add_are_passed_over(written: Path):
    for places in ((), ("regions", 0), ("cracks", 0), ("scale",)):
        rewrite(written, put(*places, "depth_mm", value=3))
    assert len(list(read_findings(written))) == 3


def test_findings_of_an_earlier_version_ask_for_another_inspection(tmp_path: Path):
    old = {"path": "a.jpg", "score": 1.0, "p_value": None, "verdict": None, "regions": [], "notes": [], "error": None}
    (tmp_path / "findings.jsonl").write_text(json.dumps(old) + "\n")
    with pytest.raises(DataError, match=r"written by an earlier blemish, .* inspect again\."):
        list(read_findings(tmp_path / "findings.jsonl"))


def test_a_missing_table_is_one_sentence(tmp_path: Path):
    with pytest.raises(DataError, match=r"findings\.jsonl.*blemish inspect --out"):
        list(read_findings(tmp_path / "findings.jsonl"))
