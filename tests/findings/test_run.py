"""The record of a run reads back as it was written, and damage to it is one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from blemish.errors import DataError
from blemish.findings import DetectorRecord, GuaranteeRecord, Options, RunRecord, read_run
from blemish.measurement import load_grades

RUN = RunRecord(
    blemish="0.2.0",
    date="2026-11-21T10:00:00+00:00",
    folder="/drone/금",
    detector=DetectorRecord(file="wall.blemish", method="unet", thresholds={"pixel": 0.5, "source": "by hand"}),
    options=Options(measure=False, bit_range=(0, 4095.5), scale="0.2 mm per pixel (given)"),
    grades=load_grades("eurocode-2"),
    guarantee=GuaranteeRecord(state="suspended", images=40, flagged=3, suspended_from="a.jpg", number=7, reason="r"),
)


def test_a_record_reads_back_as_it_was_written(tmp_path: Path):
    RUN.write(tmp_path)
    assert read_run(tmp_path) == RUN


def test_without_a_record_there_is_none(tmp_path: Path):
    assert read_run(tmp_path) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", "object"),
        ("{}", '"blemish"'),
        (json.dumps({**RUN.model_dump(mode="json"), "date": 3}), '"date"'),
        (json.dumps({**RUN.model_dump(mode="json"), "options": {"bit_range": "0,4095"}}), '"options.bit_range"'),
        (json.dumps({**RUN.model_dump(mode="json"), "grades": {"name": "own"}}), '"grades.edges_mm"'),
    ],
)
def test_a_damaged_record_is_one_sentence(tmp_path: Path, text: str, said: str):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(DataError, match="inspect again, or delete it") as raised:
        read_run(tmp_path)
    assert said in str(raised.value)


def test_the_record_of_a_newer_version_asks_for_an_upgrade(tmp_path: Path):
    (tmp_path / "run.json").write_text('{"schema_version": 3, "drone": "new"}')
    with pytest.raises(DataError, match=r"newer blemish .*in a newer checkout of blemish, pip install \."):
        read_run(tmp_path)


def test_the_record_of_an_earlier_version_asks_for_another_inspection(tmp_path: Path):
    (tmp_path / "inspection.json").write_text("{}")
    with pytest.raises(DataError, match=r"earlier blemish.*inspect again"):
        read_run(tmp_path)


@pytest.mark.parametrize(
    ("state", "said", "unsaid"),
    [
        ("in force", None, None),
        ("suspended", 'Guarantee suspended from "a.jpg" on (number 7): r.', None),
        ("not applicable", "33 of 40 images did not pass", "suspended"),
    ],
)
def test_the_state_of_a_guarantee_is_one_message(state: str, said: str | None, unsaid: str | None):
    record = GuaranteeRecord(state=state, images=40, flagged=33, suspended_from="a.jpg", number=7, reason="r")
    if said is None:
        assert record.sentence is None
    else:
        assert record.sentence.startswith(said)
    assert unsaid is None or unsaid not in record.sentence
