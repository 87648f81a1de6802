"""``blemish detector``: looking and moving thresholds."""

from __future__ import annotations

import json
import re
import zipfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from blemish.detectors import (
    Calibration,
    ClassThreshold,
    Container,
    Detector,
    DetectorSpec,
    Sensitivity,
    SensitivityLevel,
    Thresholds,
    read_container,
    write_container,
)
from blemish.images import UsabilityLimits, write_png


def test_show_says_where_a_detector_comes_from(blemish, darkness_file: Path):
    shown = blemish("detector", "show", darkness_file).stdout
    assert "darkness" in shown
    assert "review 0.4, reject 0.6" in shown
    assert "tiles of 64 px" in shown


def test_show_as_json_is_the_whole_description(blemish, darkness_file: Path):
    shown = json.loads(blemish("detector", "show", darkness_file, "--json").stdout)
    assert shown == read_container(darkness_file).spec.model_dump(mode="json")


def test_thresholds_move_and_nothing_else(blemish, darkness_file: Path):
    before = read_container(darkness_file)
    changes = ("--reject", "0.95", "--min-area", "5", "--window", "3", "--gap", "7")
    result = blemish("detector", "set-threshold", darkness_file, *changes)
    assert "reject 0.95" in result.stdout
    assert "regions from 5 px with gaps up to 7 px and beyond a window of 3 px" in result.stdout
    after = read_container(darkness_file)
    assert after.spec.thresholds.model_dump() == {
        "pixel": 0.6,
        "peak": None,
        "gap_px": 7,
        "min_area_px": 5,
        "window_px": 3,
        "by_class": (),
        "review": 0.4,
        "reject": 0.95,
        "surface": None,
        "source": "set by hand",
    }
    assert after.graph == before.graph
    assert after.spec.model_copy(update={"thresholds": before.spec.thresholds}) == before.spec


def test_a_new_file_leaves_the_old_one_alone(blemish, darkness_file: Path):
    before = darkness_file.read_bytes()
    blemish("detector", "set-threshold", darkness_file, "--pixel", "0.5", "--out", "새 detector.blemish")
    assert darkness_file.read_bytes() == before
    assert read_container(Path("새 detector.blemish")).spec.thresholds.pixel == 0.5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Say what to change"),
        (["--review", "0.9"], "review must not lie above reject"),
        (["--reject", "nan"], "finite"),
        (["--pixel", "inf"], "finite"),
        (["--reject", "high"], "--reject"),
        (["--min-area", "0"], "min_area_px"),
        (["--gap", "65"], "gap_px"),
    ],
)
def test_thresholds_that_cannot_be_are_refused(blemish, darkness_file: Path, arguments: list[str], said: str):
    before = darkness_file.read_bytes()
    result = blemish("detector", "set-threshold", darkness_file, *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert darkness_file.read_bytes() == before


def test_a_place_that_cannot_be_written_is_said(blemish, darkness_file: Path):
    Path("file").write_text("")
    result = blemish("detector", "set-threshold", darkness_file, "--pixel", "0.5", "--out", "file/new.blemish")
    assert result.exit_code == 2
    assert "file/new.blemish" in result.stderr


OVERWRITING = {
    "train": ["train", "unet", "--data", "none", "--out", "there.blemish"],
    "train auto": ["train", "auto", "--data", "none", "--out", "there.blemish"],
    "series train": ["series", "train", "memae", "--data", "none.csv", "--out", "there.blemish"],
    "calibrate": ["calibrate", "--detector", "FILE", "--data", "none", "--out", "there.blemish"],
    "set-threshold": ["detector", "set-threshold", "FILE", "--pixel", "0.5", "--out", "there.blemish"],
    "set-usability": ["detector", "set-usability", "FILE", "--dark", "5", "--out", "there.blemish"],
    "set-sensitivity": ["detector", "set-sensitivity", "FILE", "--data", "none", "--out", "there.blemish"],
    "add": ["detector", "add", "FILE", "none", "--out", "there.blemish"],
    "merge": ["detector", "merge", "FILE", "FILE", "--out", "there.blemish"],
}


@pytest.mark.parametrize("arguments", OVERWRITING.values(), ids=OVERWRITING)
def test_a_detector_is_overwritten_by_force_only_and_said_so_before_any_work(
    blemish, darkness_file: Path, arguments: list[str]
):
    if "train" in arguments or "add" in arguments or "merge" in arguments:
        pytest.importorskip("torch")
    there = Path("there.blemish")
    there.write_bytes(b"of yesterday")
    arguments = [str(darkness_file) if word == "FILE" else word for word in arguments]
    assert "--force to replace it" in blemish(*arguments).stderr
    assert "--force to replace it" not in blemish(*arguments, "--force").output
    if "set-threshold" in arguments or "set-usability" in arguments:
        assert read_container(there).spec.method == "darkness"
    else:
        assert there.read_bytes() == b"of yesterday"


@pytest.mark.parametrize("change", [["set-threshold", "--min-area", "9"], ["set-usability", "--dark", "9"]])
def test_a_bundled_detector_stays_as_it_is(blemish, change: list[str]):
    verb, *options = change
    refused = blemish("detector", verb, "concrete-crack", *options)
    assert refused.stderr == (
        'Error: "concrete-crack" comes with blemish and stays as it is; name another file with --out.\n'
    )
    assert blemish("detector", verb, "concrete-crack", *options, "--out", "mine.blemish").exit_code == 0


def test_texts_of_a_stranger_are_escaped_where_they_are_printed(blemish, darkness: Container, tmp_path: Path):
    evil = "\x1b[2J\x9b31m\r\n\u202eextra\u2028"
    file, plain = tmp_path / "evil.blemish", tmp_path / "plain.blemish"
    for path, text in ((file, evil), (plain, "plain")):
        write_container(path, Container(spec_saying(text, darkness), darkness.graph, text))
    spec = spec_saying(evil, darkness)
    assert read_container(file).spec == spec
    table, record = blemish("detector", "show", file), blemish("detector", "show", file, "--json")
    assert json.loads(record.stdout) == spec.model_dump(mode="json")
    for shown in (table.stdout, record.stdout, repr(Detector(read_container(file)))):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028\ud800-\udfff]", shown)
        assert "\\u001b[2J\\u009b31m" in shown
    assert len(table.stdout.splitlines()) == len(blemish("detector", "show", plain).stdout.splitlines())


def spec_saying(text: str, container: Container) -> DetectorSpec:
    """A detector's description with one text wherever a stranger may write one."""
    return container.spec.model_copy(
        update={
            "method": text,
            "settings": {text: f"{text}\udcff"},
            "classes": (text,),
            "thresholds": Thresholds(
                pixel=0.5, by_class=(ClassThreshold(label=text, pixel=0.5),), source=f"chosen by {text}"
            ),
            "calibration": Calibration(scores=(0.5,), source=text),
            "provenance": container.spec.provenance.model_copy(update={"data": text, "libraries": {text: text}}),
        }
    )


def test_texts_of_a_stranger_are_escaped_in_errors(blemish, darkness_file: Path):
    members = {name: data for name, data in unzipped(darkness_file).items() if name != "SHA256SUMS"}
    spec = json.loads(members["detector.json"]) | {"\x1b[2J": 1}
    members["detector.json"] = json.dumps(spec).encode()
    members["SHA256SUMS"] = "".join(f"{sha256(data).hexdigest()}  {name}\n" for name, data in members.items()).encode()
    with zipfile.ZipFile(darkness_file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    said = blemish("detector", "show", darkness_file).stderr
    assert "\\u001b[2J: Extra inputs" in said
    assert "\x1b" not in said


def unzipped(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_limits_of_what_can_be_judged_are_set_shown_and_lifted(blemish, darkness_file: Path):
    said = blemish("detector", "set-usability", darkness_file, "--dark", "15", "--lost", "0.5", "--out", "a.blemish")
    assert "a.blemish: images can be judged from 1 px a side, from grey level 15" in said.stdout
    limits = read_container(Path("a.blemish")).spec.usability
    assert (limits.dark_level, limits.max_repeated_fraction, limits.min_side_px) == (15, 0.5, 1)
    assert "grey level 15" in blemish("detector", "show", "a.blemish").stdout
    blemish("detector", "set-usability", "a.blemish", "--any-image", "--min-side", "20")
    assert read_container(Path("a.blemish")).spec.usability == UsabilityLimits.none().model_copy(
        update={"min_side_px": 20}
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Say what to change"),
        (["--white", "1.5"], "max_white_fraction cannot be 1.5"),
        (["--min-side", "0"], "min_side_px cannot be 0"),
        (["--detail", "nan"], "min_detail cannot be nan"),
    ],
)
def test_limits_that_cannot_be_are_refused(blemish, darkness_file: Path, arguments: list[str], said: str):
    before = darkness_file.read_bytes()
    assert said in blemish("detector", "set-usability", darkness_file, *arguments).stderr
    assert darkness_file.read_bytes() == before


def test_what_a_detector_finds_is_set_and_shown(blemish, darkness_file: Path):
    before = read_container(darkness_file)
    assert "finds cracks" in blemish("detector", "show", darkness_file).stdout.replace(" " * 12, " ")
    assert "finds regions" in blemish("detector", "set-finds", darkness_file, "regions").stdout
    after = read_container(darkness_file)
    assert (after.spec.finds, after.graph) == ("regions", before.graph)
    refused = blemish("detector", "set-finds", darkness_file, "stains")
    assert refused.exit_code == 2
    assert "stains" in refused.stderr


def test_levels_of_sensitivity_are_shown_and_chosen_from(blemish, darkness_file: Path):
    levels = (
        SensitivityLevel(pixel=0.8, peak=0.9, found=0.5, recall=0.25, precision=0.75, false_alarms=0.01),
        SensitivityLevel(pixel=0.3, peak=0.5, found=0.9, recall=0.85, precision=0.65, false_alarms=0.1),
    )
    before = read_container(darkness_file)
    chosen = Sensitivity(levels=levels, source="the images of \x1b[2J")
    write_container(darkness_file, replace(before, spec=before.spec.model_copy(update={"sensitivity": chosen})))
    shown = blemish("detector", "show", darkness_file).stdout
    assert [line.split() for line in shown.splitlines()[-3:-1]] == [
        ["1", "0.8", "0.9", "50.0%", "25.0%", "75.0%", "1.0%"],
        ["2", "0.3", "0.5", "90.0%", "85.0%", "65.0%", "10.0%"],
    ]
    assert "\x1b" not in shown
    write_png(Path("wall.png"), np.full((64, 64, 3), 200, np.uint8))
    assert "levels of sensitivity from 1 to 2; got 3" in blemish(
        "inspect", "wall.png", "--detector", darkness_file, "--sensitivity", "3", "--json"
    ).stderr.replace("\n", " ")
