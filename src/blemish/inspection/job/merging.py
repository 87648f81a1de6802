"""Several jobs, each a part of the images on a machine of its own, into one folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from blemish.errors import DataError
from blemish.files import appearing
from blemish.findings import (
    OVERLAYS_NAME,
    PICTURE_FOLDERS,
    VIEWS_NAME,
    Finding,
    GuaranteeRecord,
    RunRecord,
    read_run,
)
from blemish.inspection.job.assembling import assemble, read_job
from blemish.inspection.job.counting import Count
from blemish.inspection.job.record import read_record
from blemish.inspection.job.shards import Entry, ShardWriter
from blemish.inspection.progress import Say, silent
from blemish.inspection.summary import InspectionSummary
from blemish.reports.document import read_document
from blemish.reports.problem_count import ProblemCount

_WORST_FIRST = ("suspended", "not applicable", "in force")


def merge_jobs(
    folders: Sequence[Path | str], out: Path | str, *, report: bool = True, say: Say = silent
) -> InspectionSummary:
    """Put the findings and pictures of several job folders into a new one, which can be gone on with like any other.

    Args:
        folders: of jobs that inspected in the same way.
        out: the new folder. It appears when it is whole.
        report: whether to write the report.
        say: told which of them have not come to their end.

    Raises:
        DataError: a folder holds no job, they inspected in different ways, or two images have files of one name.
        BlemishError: ``out`` holds something already, or cannot be written to.
    """
    places, out = [Path(folder) for folder in folders], Path(out)
    runs = [_checked(place, places[0]) for place in places]
    for place, run in zip(places, runs, strict=True):
        if not run.complete:
            say(f'"{place}" has not come to its end: some of its images are missing.')
    count, problems = Count(None), ProblemCount()

    def add(entry: Entry, finding: Finding) -> None:
        count.add(entry, now=False)
        problems.add(finding)

    record = runs[0].model_copy(update={"complete": False, "guarantee": _together(runs)})
    with appearing(out) as folder:
        shutil.copyfile(places[0] / "job.json", folder / "job.json")
        record.write(folder)
        with ShardWriter(folder) as shards:
            for place in places:
                for entry, finding in read_job(place):
                    shards.add(entry, finding)
                    _link_pictures(place, folder, finding)
        assemble(folder, add)
        record = record.model_copy(update={"complete": all(run.complete for run in runs)})
        record.write(folder)
    page = None
    if report:
        from blemish.reports.page import write_page  # here, for runs without a report

        (page,) = write_page(read_document(out), out)
    return InspectionSummary.of(count.progress(), problems, record, out=out, page=page)


def _checked(folder: Path, first: Path) -> RunRecord:
    """The run of a job that inspected as the first one did."""
    record, expected, run = read_record(folder), read_record(first), read_run(folder)
    if record is None or expected is None or run is None:
        raise DataError(f'"{folder}" holds no job; give folders that "blemish inspect --out" wrote.')
    record.check_same(expected, first)
    return run


def _together(runs: Sequence[RunRecord]) -> GuaranteeRecord | None:
    """The worst state of the parts. Each part was watched by itself, so an alarm is as many times as likely."""
    known = [run.guarantee for run in runs if run.guarantee is not None]
    if not known:
        return None
    worst = min(known, key=lambda one: _WORST_FIRST.index(one.state))
    images, flagged = (sum(getattr(one, name) for one in known) for name in ("images", "flagged"))
    return worst.model_copy(update={"images": images, "flagged": flagged})


def _link_pictures(source: Path, target: Path, finding: Finding) -> None:
    overlays = [f"{OVERLAYS_NAME}/{finding.name}.{suffix}" for suffix in ("jpg", "png")]
    for picture in (*overlays, f"{VIEWS_NAME}/{finding.name}.jpg", finding.mask_file, finding.map_file):
        if picture is None or not (source / picture).exists():
            continue
        for name in PICTURE_FOLDERS:
            (target / name).mkdir(exist_ok=True)
        try:
            _link(source / picture, target / picture)
        except FileExistsError as error:
            raise DataError(
                f'"{source}" and a folder before it hold different images called "{finding.name}"; parts of one folder '
                "of images have names that differ, see --shard."
            ) from error


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:  # another disk
        if target.exists():
            raise FileExistsError(target) from None
        shutil.copyfile(source, target)
