"""A job: images through a detector into a folder that is the whole truth about how far the work is.

    with Images(["drone/"]) as images, Job(folder, detector) as job:
        for event in job.run(images):
            print(event.progress.done, "of", event.progress.total)
        summary = job.finish()

A run that ends in any way (Ctrl-C, a killed process, a full disk) is gone on with by the same lines.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from blemish.detectors import Detector
from blemish.errors import BlemishError
from blemish.findings import ReportDetails
from blemish.inspection.job.assembling import assemble
from blemish.inspection.job.clearing import check_folder, discard, remove_leftovers
from blemish.inspection.job.counting import Count
from blemish.inspection.job.gathering import Gathering
from blemish.inspection.job.images import Images
from blemish.inspection.job.lock import locked
from blemish.inspection.job.record import JobOptions, JobRecord, read_record
from blemish.inspection.job.shards import read_shards, seal_parts
from blemish.inspection.progress import JobEvent, Progress, Say, silent
from blemish.inspection.summary import InspectionSummary
from blemish.reports.document import read_document

if TYPE_CHECKING:
    from blemish.inspection.engines import Engine

_FULL = {errno.ENOSPC, errno.EDQUOT}


class Job:
    """One folder, one detector, one way to inspect. Inside a ``with`` block, which holds the folder's lock.

    Args:
        folder: for findings, pictures and report; new, empty, or that of an earlier run of the same job.
        detector: what inspects.
        options: how.
        report: what the report says about itself.
        anew: whether what the folder holds is discarded; otherwise the job goes on with it.
        again: whether images that could not be inspected by an earlier run are tried again.
        engine: what does the work; None does it in this process.

    Raises:
        DataError: on entering: another run is at work there, or the folder holds what was inspected in another way.
        BlemishError: on entering: the folder cannot be written to.
    """

    def __init__(
        self,
        folder: Path | str,
        detector: Detector,
        options: JobOptions | None = None,
        *,
        report: ReportDetails | None = None,
        anew: bool = False,
        again: bool = True,
        engine: Engine | None = None,
    ) -> None:
        self.folder = Path(folder)
        self.detector = detector
        self.options = JobOptions() if options is None else options
        self._report = report
        self._anew = anew
        self._again = again
        if engine is None:
            from blemish.inspection.engines import LocalEngine  # here, since engines know jobs

            engine = LocalEngine()
        self._engine = engine
        self._stopping = threading.Event()
        self._earlier = 0
        self._count: Count | None = None
        self._held = ExitStack()

    def __enter__(self) -> Self:
        if not self._anew:
            check_folder(self.folder)
        with ExitStack() as stack:
            stack.enter_context(locked(self.folder))
            record = JobRecord.of(self.detector, self.options)
            if self._anew:
                discard(self.folder)
                check_folder(self.folder)
            elif (found := read_record(self.folder)) is not None:
                found.check_same(record, self.folder)
            record.write(self.folder)
            # The folder is known as one of results from now on, so that its pictures are never inspected.
            Gathering(self.detector, self.options).record(self._report, complete=False).write(self.folder)
            remove_leftovers(self.folder)
            seal_parts(self.folder)
            self._held = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._held.close()
        if kind is KeyboardInterrupt and self._count is not None:
            raise KeyboardInterrupt(f"Stopped: {self._kept()}") from None

    def cancel(self) -> None:
        """Have `run` end after the images in hand. May be called from any thread."""
        self._stopping.set()

    def run(self, images: Images) -> Iterator[JobEvent]:
        """Inspect what has no finding in the folder yet, in order. Each event's finding is kept by then.

        Args:
            images: what should be inspected; what earlier runs did is passed over.

        Raises:
            BlemishError: the folder cannot be written to, or its disk is full. What was done is kept.
        """
        events = self._run(images)
        self._held.callback(events.close)
        return events

    def _run(self, images: Images) -> Generator[JobEvent, None, None]:
        index = images.index
        index.store(read_shards(self.folder))
        index.name_all()
        count = self._count = index.count(again=self._again)
        self._earlier = count.progress().done
        with ExitStack() as stack:
            stack.enter_context(self._saying_what_is_kept())
            to_do = stack.enter_context(closing(index.to_do(again=self._again)))
            work = self._engine.work(self.detector, images, to_do, self.options, self.folder)
            for entry, finding in stack.enter_context(closing(work)):
                count.add(entry)
                yield JobEvent(finding, entry.left_out, entry.key, entry.stamp, count.progress())
                if self._stopping.is_set():
                    return

    def finish(self, *, report: bool = True, submission: Path | None = None, say: Say = silent) -> InspectionSummary:
        """Write tables, the run's record and the report of all that is done so far.

        Args:
            report: whether to write the report.
            submission: a csv of run lengths to write; the job must have kept them.
            say: told what should be known about all images together.

        Raises:
            DataError: a shard was damaged.
            BlemishError: the folder cannot be written to.
        """
        seal_parts(self.folder)
        gathering = Gathering(self.detector, self.options, submission)
        assemble(self.folder, gathering.add)
        gathering.end(say)
        record = gathering.record(self._report, complete=not self._stopping.is_set())
        record.write(self.folder)
        page = None
        if report:
            from blemish.reports.page import write_page  # here, for runs without a report

            (page,) = write_page(read_document(self.folder), self.folder)
        return InspectionSummary.of(
            gathering.progress,
            gathering.problems,
            record,
            earlier=self._earlier,
            out=self.folder,
            page=page,
            submission=submission,
        )

    @contextmanager
    def _saying_what_is_kept(self) -> Iterator[None]:
        try:
            yield
        except (OSError, BlemishError) as error:
            cause = error if isinstance(error, OSError) else error.__cause__
            if not isinstance(cause, OSError):
                raise
            reason = "The disk is full" if cause.errno in _FULL else cause.strerror or str(cause)
            raise BlemishError(f"{reason}: {self._kept()}") from error

    def _kept(self) -> str:
        progress = Progress(0, 0) if self._count is None else self._count.progress()
        return (
            f'{progress.done} of {progress.total} images are done and kept in "{self.folder}"; the same command goes '
            "on with the others."
        )
