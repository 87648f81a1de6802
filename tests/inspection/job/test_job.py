"""A job goes on where it was, whatever ended it: every image once, none left out."""

from __future__ import annotations

import errno
import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import blemish
from blemish.detectors import Detector, Thresholds, load
from blemish.errors import BlemishError, DataError, SettingsError
from blemish.findings import read_findings
from blemish.images import write_png
from blemish.inspection import Images, Job, JobOptions, assemble, read_progress

IMAGES = 7


@pytest.fixture
def folder(tmp_path: Path, wall: NDArray[np.uint8]) -> Path:
    """Seven images in two folders, every second one with a bar; the fourth is no image."""
    for number in range(IMAGES):
        path = tmp_path / "images" / ("left" if number % 2 else "right") / f"{number}.png"
        write_png(path, wall if number % 2 else np.full_like(wall, 200 + number))
    (tmp_path / "images" / "left" / "3.png").write_bytes(b"no image")
    return tmp_path / "images"


@pytest.fixture
def detector(darkness_file: Path) -> Detector:
    return load(darkness_file)


def tables(out: Path) -> list[bytes]:
    return [(out / name).read_bytes() for name in ("findings.jsonl", "findings.csv")]


def stop_after(number: int) -> Callable[[object], None]:
    """A listener that stops the run when so many images are done."""
    seen: list[object] = []

    def listen(finding: object) -> None:
        seen.append(finding)
        if len(seen) == number:
            raise KeyboardInterrupt

    return listen


def test_a_job_that_is_stopped_again_and_again_ends_like_one_that_never_was(
    detector: Detector, folder: Path, tmp_path: Path
):
    blemish.inspect(folder, detector=detector, out=tmp_path / "whole")
    inspected: Counter[str] = Counter()
    for stopped in range(3):
        with pytest.raises(KeyboardInterrupt, match=f"Stopped: {2 * stopped + 2} of 7 images are done"):
            blemish.inspect(folder, detector=detector, out=tmp_path / "out", on_finding=stop_after(2), again=False)
        assert not (tmp_path / "out" / "findings.jsonl").exists()
        assert read_progress(tmp_path / "out").done == 2 * stopped + 2
    summary = blemish.inspect(
        folder,
        detector=detector,
        out=tmp_path / "out",
        again=False,
        on_finding=lambda finding: inspected.update([finding.image]),
    )
    assert inspected.total() == 1
    assert (summary.inspected, summary.failed, summary.earlier) == (6, 1, 6)
    assert str(summary).startswith("6 inspected (4 pass, 0 review, 2 reject), 1 could not be inspected; 6 of them by")
    assert tables(tmp_path / "out") == tables(tmp_path / "whole")
    assert summary.run.complete


def test_images_that_failed_are_tried_again_and_a_success_stays(detector: Detector, folder: Path, tmp_path: Path):
    good = (folder / "left" / "1.png").read_bytes()
    status = (folder / "left" / "1.png").stat()

    def write(content: bytes) -> None:
        """Another content, with the same size and time of change."""
        (folder / "left" / "1.png").write_bytes(content.ljust(len(good), b"\0"))
        os.utime(folder / "left" / "1.png", ns=(status.st_atime_ns, status.st_mtime_ns))

    write(b"not yet here")
    assert blemish.inspect(folder, detector=detector, out=tmp_path / "out").failed == 2
    write(good)
    summary = blemish.inspect(folder, detector=detector, out=tmp_path / "out")
    assert (summary.failed, summary.earlier) == (1, 5)
    write(b"gone again")
    assert blemish.inspect(folder, detector=detector, out=tmp_path / "out").failed == 1
    assert len(list(read_findings(tmp_path / "out" / "findings.jsonl"))) == IMAGES


def test_a_source_that_has_grown_only_adds(detector: Detector, folder: Path, tmp_path: Path, wall: NDArray[np.uint8]):
    before = blemish.inspect(folder, detector=detector, out=tmp_path / "out", again=False).findings
    write_png(folder / "middle" / "1.png", wall)
    inspected: list[str] = []
    summary = blemish.inspect(
        folder,
        detector=detector,
        out=tmp_path / "out",
        again=False,
        on_finding=lambda finding: inspected.append(finding.image),
    )
    assert inspected == ["middle/1.png"]
    # A name that was given stays, although two images are called so by now.
    assert [one for one in summary.findings if one.image != "middle/1.png"] == list(before)
    assert {one.name for one in summary.findings} == {*map(str, range(IMAGES)), "middle__1.png"}


def test_an_image_that_has_changed_is_inspected_anew_and_stands_once(
    detector: Detector, folder: Path, tmp_path: Path, wall: NDArray[np.uint8]
):
    blemish.inspect(folder, detector=detector, out=tmp_path / "out")
    write_png(folder / "right" / "0.png", wall)
    os.utime(folder / "right" / "0.png", (1, 1))  # the clock was set back
    findings = blemish.inspect(folder, detector=detector, out=tmp_path / "out").findings
    assert {one.image: one.verdict for one in findings}["right/0.png"] == "reject"
    assert len(findings) == IMAGES


def test_by_content_a_copied_file_is_known_again(detector: Detector, folder: Path, tmp_path: Path):
    blemish.inspect(folder, detector=detector, out=tmp_path / "out", by_content=True)
    for path in folder.rglob("*.png"):
        os.utime(path, (5, 5))
    assert blemish.inspect(folder, detector=detector, out=tmp_path / "out", by_content=True).earlier == IMAGES - 1


def test_a_folder_that_is_mounted_elsewhere_goes_on(detector: Detector, folder: Path, tmp_path: Path):
    blemish.inspect(folder, detector=detector, out=tmp_path / "out")
    (tmp_path / "mnt").mkdir()
    folder.rename(tmp_path / "mnt" / "images")
    assert blemish.inspect(tmp_path / "mnt" / "images", detector=detector, out=tmp_path / "out").earlier == IMAGES - 1


def test_images_that_vanish_keep_their_findings(detector: Detector, folder: Path, tmp_path: Path):
    before = blemish.inspect(folder, detector=detector, out=tmp_path / "out").findings
    (folder / "left" / "1.png").unlink()
    (folder / "left" / "3.png").unlink()
    assert blemish.inspect(folder, detector=detector, out=tmp_path / "out").findings == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"max_megapixels": 3.0}, "another max megapixels"),
        ({"measure": False}, "another measuring"),
        ({"scale": 0.5}, "another scale, another grades"),
        ({"by_content": True}, "another way to know images"),
        ({"thresholds": Thresholds(reject=0.5, source="mine")}, "another detector or its thresholds"),
    ],
)
def test_answers_made_in_another_way_are_never_mixed(
    detector: Detector, folder: Path, tmp_path: Path, change: dict, said: str
):
    blemish.inspect(folder, detector=detector, out=tmp_path / "out")
    before = tables(tmp_path / "out")
    if "thresholds" in change:
        change = {"detector": detector.with_thresholds(change["thresholds"])}
    options = {"detector": detector, "out": tmp_path / "out", **change}
    with pytest.raises(DataError, match=said):
        blemish.inspect(folder, **options)
    assert tables(tmp_path / "out") == before
    assert blemish.inspect(folder, anew=True, **options).earlier == 0


def test_threads_overlays_and_words_of_the_report_change_no_answer(darkness_file: Path, folder: Path, tmp_path: Path):
    blemish.inspect(folder, detector=darkness_file, out=tmp_path / "out", threads=1)
    again = blemish.inspect(folder, detector=darkness_file, out=tmp_path / "out", threads=2, overlays=False)
    assert again.earlier == IMAGES - 1


@pytest.mark.parametrize(
    ("record", "said"),
    [('{"schema_version": 9}', "another version of blemish"), ("no JSON", "not the record"), (None, "no job wrote")],
)
def test_a_folder_of_another_version_is_refused(
    detector: Detector, folder: Path, tmp_path: Path, record: str | None, said: str
):
    out = tmp_path / "out"
    blemish.inspect(folder, detector=detector, out=out)
    (out / "job.json").unlink()
    if record is not None:
        (out / "job.json").write_text(record)
    with pytest.raises(DataError, match=said):
        blemish.inspect(folder, detector=detector, out=out)
    assert blemish.inspect(folder, detector=detector, out=out, anew=True).inspected == 6


def test_a_job_of_another_version_with_the_same_records_is_refused(detector: Detector, folder: Path, tmp_path: Path):
    out = tmp_path / "out"
    blemish.inspect(folder, detector=detector, out=out)
    record = json.loads((out / "job.json").read_text())
    (out / "job.json").write_text(json.dumps(record | {"blemish": "0.0.1"}))
    with pytest.raises(DataError, match="holds an inspection with another version of blemish, whose findings"):
        blemish.inspect(folder, detector=detector, out=out)


def test_a_second_run_at_once_is_refused(detector: Detector, folder: Path, tmp_path: Path):
    with Job(tmp_path / "out", detector), pytest.raises(DataError, match="Another run is writing"):
        blemish.inspect(folder, detector=detector, out=tmp_path / "out")
    assert blemish.inspect(folder, detector=detector, out=tmp_path / "out").inspected == 6


def test_a_full_disk_stops_with_a_sentence_and_the_job_goes_on(
    detector: Detector, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    blemish.inspect(folder, detector=detector, out=tmp_path / "whole")
    room = [2500]

    def write(descriptor: int, data: bytes) -> int:
        """Takes what there is room for, as a disk does that runs full in the middle of a line."""
        if not room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = os_write(descriptor, bytes(data)[: room[0]])
        room[0] -= taken
        return taken

    os_write = os.write
    with monkeypatch.context() as patch:
        patch.setattr("blemish.inspection.job.shards.os.write", write)
        with pytest.raises(BlemishError, match=r"The disk is full: [1-6] of 7 images are done and kept"):
            blemish.inspect(folder, detector=detector, out=tmp_path / "out")
    (shard,) = (tmp_path / "out" / "shards").glob("*.jsonl")
    assert shard.read_bytes().endswith(b"}\n")
    assert blemish.inspect(folder, detector=detector, out=tmp_path / "out", again=False).earlier > 0
    assert tables(tmp_path / "out") == tables(tmp_path / "whole")


def test_a_full_disk_while_pictures_are_written_is_no_fault_of_the_image(
    detector: Detector, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("blemish.inspection.measuring.save_picture", full)
    with pytest.raises(BlemishError, match="The disk is full: 0 of 7"):
        blemish.inspect(folder, detector=detector, out=tmp_path / "out")


def test_what_a_killed_run_had_begun_to_write_goes(detector: Detector, folder: Path, tmp_path: Path):
    blemish.inspect(folder, detector=detector, out=tmp_path / "out")
    for begun in (
        "overlays/.wall.x1.jpg",
        "masks/.wall.x2.png",
        "views/.wall.x5.jpg",
        ".findings.x3.jsonl",
        ".run.x4.json",
    ):
        (tmp_path / "out" / begun).touch()
    (tmp_path / "out" / ".mine").touch()
    blemish.inspect(folder, detector=detector, out=tmp_path / "out")
    hidden = {path.name for path in (tmp_path / "out").rglob(".*")}
    assert hidden == {".mine", ".lock"}


def test_the_report_of_a_job_under_way_shows_what_is_done(detector: Detector, folder: Path, tmp_path: Path):
    with pytest.raises(KeyboardInterrupt):
        blemish.inspect(folder, detector=detector, out=tmp_path / "out", on_finding=stop_after(3))
    assemble(tmp_path / "out")
    assert len(list(read_findings(tmp_path / "out" / "findings.jsonl"))) == 3


def test_events_count_and_a_job_can_be_cancelled_from_outside(detector: Detector, folder: Path, tmp_path: Path):
    with Images(folder) as images, Job(tmp_path / "out", detector, JobOptions(overlays=False)) as job:
        for event in job.run(images):
            if event.progress.done == 4:
                job.cancel()
        summary = job.finish(report=False)
    assert event.progress.done == 4
    assert event.progress.total == IMAGES
    assert event.progress.left_s is not None
    assert not summary.run.complete
    # In order: left/1, left/3 (no image), left/5, right/0.
    assert (event.progress.failed, dict(event.progress.verdicts)) == (1, {"reject": 2, "pass": 1})
    assert len(summary.findings) == 4


def test_parts_are_disjoint_and_together_the_whole(detector: Detector, folder: Path, tmp_path: Path):
    (folder / "right" / "1.png").write_bytes((folder / "right" / "0.png").read_bytes())
    whole = blemish.inspect(folder, detector=detector).findings
    parts = [
        blemish.inspect(folder, detector=detector, out=tmp_path / str(part), part=(part, 3)).findings
        for part in (1, 2, 3)
    ]
    together = sorted((one.image, one.name) for part in parts for one in part)
    assert together == sorted((one.image, one.name) for one in whole)
    assert max(map(len, parts)) < len(whole)


@pytest.mark.parametrize("part", [(4, 3), (0, 3), (1, 0), (-1, 3)])
def test_a_part_that_does_not_exist_is_refused(detector: Detector, folder: Path, part: tuple[int, int]):
    with pytest.raises(SettingsError, match="does not exist"):
        blemish.inspect(folder, detector=detector, part=part)
