"""Work in this process: decoding, inference, measuring and drawing overlap."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path

from blemish.detectors import Detector, ImageSource, Inspection
from blemish.findings import Finding
from blemish.inspection.folder import inspect_images
from blemish.inspection.job.images import Images
from blemish.inspection.job.index import Wanted
from blemish.inspection.job.record import JobOptions
from blemish.inspection.job.shards import Entry, ShardWriter
from blemish.inspection.submission import Submission


class LocalEngine:
    """One shard writer, fed in order."""

    def work(
        self, detector: Detector, images: Images, to_do: Iterator[Wanted], options: JobOptions, folder: Path
    ) -> Generator[tuple[Entry, Finding], None, None]:
        """See `Engine.work`."""
        submission = Submission(detector) if options.submission else None
        with (
            ShardWriter(folder) as shards,
            closing(answers_of(detector, images.open, to_do, options, out=folder)) as answers,
        ):
            for wanted, answer in answers:
                entry = entry_of(wanted, answer, submission)
                shards.add(entry, answer.finding)
                yield entry, answer.finding


def answers_of(
    detector: Detector,
    open_image: Callable[[Wanted], ImageSource],
    to_do: Iterator[Wanted],
    options: JobOptions,
    *,
    out: Path | None = None,
) -> Generator[tuple[Wanted, Inspection], None, None]:
    """Answers for images of an index, in order, each with what was wanted.

    Args:
        detector: what inspects.
        open_image: opens what is wanted.
        to_do: what is wanted.
        options: how to inspect.
        out: folder for pictures; None writes none.
    """
    ahead: deque[Wanted] = deque()

    def sources() -> Iterator[ImageSource]:
        for wanted in to_do:
            ahead.append(wanted)
            yield open_image(wanted)

    answers = inspect_images(
        detector,
        sources(),
        out=out,
        options=options.reading,
        overlays=options.overlays,
        measuring=options.measuring,
    )
    with closing(answers):
        for answer in answers:
            yield ahead.popleft(), answer


def entry_of(wanted: Wanted, answer: Inspection, submission: Submission | None = None) -> Entry:
    """What a shard says of an image beside its finding; ``submission`` makes the run lengths to keep."""
    return Entry(
        key=wanted.key,
        stamp=wanted.stamp,
        place=wanted.place,
        name=wanted.name,
        failed=answer.error is not None,
        left_out=wanted.left_out,
        verdict=answer.verdict,
        runs=None if submission is None else submission.runs_of(answer),
    )
