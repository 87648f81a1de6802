"""Damage to an inspection's files is one sentence with the line and the field, or a gap that is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from blemish.errors import DataError
from blemish.reports.document import read_document

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


def rewrite(folder: Path, change: Change, *, line: int = 1) -> None:
    path = folder / "findings.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    record = json.loads(lines[line - 1])
    change(record)
    lines[line - 1] = json.dumps(record)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


WRONG = [
    (put("score", value="high"), '"score": input should be a valid number'),
    (put("score", value=True), '"score"'),
    (put("score", value=float("nan")), "finite"),
    (put("verdict", value="fine"), "'reject', 'review', 'unusable' or 'pass'"),
    (put("notes", value="one"), '"notes"'),
    (put("notes", value=[1]), '"notes.0": it should be a text'),
    (put("path", value=7), '"path": it should be a text'),
    (put("error", value=0), '"error"'),
    (drop("regions"), '"regions": field required'),
    (put("regions", 0, "bbox_px", value=[1, 2, 3]), '"regions.0.bbox_px"'),
    (put("regions", 0, "score", value=None), '"regions.0.score"'),
    (put("size_px", value=[0, 240]), '"size_px.0"'),
    (put("size_px", value="320x240"), '"size_px"'),
    (put("scale", "mm_per_px", value="0.1"), '"scale.mm_per_px"'),
    (put("scale", "mm_per_px", value=0), "0 mm per pixel"),
    (put("scale", "px_to_mm_homography", value=[[1, 0, 0]]), '"scale.px_to_mm_homography"'),
    (put("cracks", 0, "length_px", value="long"), '"cracks.0.length_px"'),
    (put("cracks", 0, "direction", value="up"), '"cracks.0.direction"'),
    (put("cracks", 0, "polyline_px", value=[[1, 2]]), "differ in length"),
    (put("cracks", 0, "polyline_px", 0, value=["a", "b"]), "no number"),
    (put("cracks", 0, "polyline_px", 0, value=[None, 1]), "without a place"),
    (put("cracks", 0, "widths_px", 0, value="wide"), "no number"),
    (put("name", value="../../somebody/else"), "without a folder"),
    (put("name", value=""), '"name"'),
    (put("mask", value="../../elsewhere.png"), "folder of the findings"),
    (put("mask", value="/etc/elsewhere.png"), "folder of the findings"),
]


@pytest.mark.parametrize(("change", "said"), WRONG, ids=[said for _, said in WRONG])
def test_a_value_of_a_wrong_kind_is_told_with_its_line_and_field(found: Path, change: Change, said: str):
    rewrite(found, change)
    with pytest.raises(DataError) as raised:
        read_document(found)
    message = str(raised.value)
    assert message.startswith(f'Line 1 of "{found / "findings.jsonl"}" is not a finding (')
    assert said in message
    assert message.endswith("was the file edited by hand?")
    assert "\n" not in message


@pytest.mark.parametrize("text", [b"not json\n", b"[]\n", b"3\n", b"\xff\xfe\xff\n", b"[" * 100_000 + b"\n"])
def test_a_line_that_is_no_record_is_told(found: Path, text: bytes):
    target = found / "findings.jsonl"
    target.write_bytes(text + target.read_bytes())
    with pytest.raises(DataError, match="Line 1"):
        read_document(found)


@pytest.mark.parametrize("kept", [1, 40, 400])
def test_a_last_line_that_is_cut_off_leaves_a_gap_that_is_told(found: Path, kept: int):
    target = found / "findings.jsonl"
    *whole, last = target.read_bytes().splitlines(keepends=True)
    target.write_bytes(b"".join(whole) + last[: min(kept, len(last) - 2)])
    document = read_document(found)
    assert len(document.images) == len(whole)
    assert "Line 7" in document.gaps[0]
    assert "cut off" in document.gaps[0]


def test_a_cut_in_the_middle_of_a_letter_is_told_alike(found: Path):
    target = found / "findings.jsonl"
    target.write_bytes(target.read_bytes() + '{"path": "금'.encode()[:-1])
    assert "Line 8" in read_document(found).gaps[0]


def test_with_nothing_but_a_cut_line_there_is_no_inspection(tmp_path: Path):
    (tmp_path / "findings.jsonl").write_text('{"path": "wall')
    with pytest.raises(DataError, match="cut off"):
        read_document(tmp_path)


def test_what_editors_leave_does_no_harm(found: Path):
    before = read_document(found)
    target = found / "findings.jsonl"
    target.write_bytes(b"\xef\xbb\xbf" + target.read_bytes().replace(b"\n", b"\r\n") + b"\r\n\r\n")
    after = read_document(found)
    assert [image.path for image in after.images] == [image.path for image in before.images]
    assert after.gaps == ()


def test_fields_that_a_later_version_may_add_are_passed_over(found: Path):
    rewrite(found, put("depth_mm", value=3))
    rewrite(found, put("regions", 0, "depth_mm", value=3))
    rewrite(found, put("cracks", 0, "depth_mm", value=3))
    assert len(read_document(found).images) == 7


def test_findings_of_a_newer_version_ask_for_an_upgrade(found: Path):
    run = json.loads((found / "inspection.json").read_text())
    (found / "inspection.json").write_text(json.dumps(run | {"schema_version": 2, "drone": "new"}))
    with pytest.raises(DataError, match=r"newer blemish .*pip install -U blemish"):
        read_document(found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", "no JSON object"),
        ("{}", '"blemish"'),
        ('{"blemish": "0.1", "date": 3, "folder": "", "detector": {}, "settings": {}}', '"date"'),
    ],
)
def test_a_damaged_record_of_the_run_is_one_sentence(found: Path, text: str, said: str):
    (found / "inspection.json").write_text(text)
    with pytest.raises(DataError, match="inspect again, or delete it") as raised:
        read_document(found)
    assert said in str(raised.value)


def test_a_scale_that_lost_its_millimetres_leaves_pixels(found: Path):
    rewrite(found, put("cracks", 0, "length_mm", value=None))
    (crack, *_) = read_document(found).images[0].cracks
    assert crack.mm is None
    assert crack.length_px > 0
