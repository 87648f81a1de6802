"""The seam between a job and what does its work."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from blemish.detectors import Detector
    from blemish.findings import Finding
    from blemish.inspection.job.images import Images
    from blemish.inspection.job.index import Wanted
    from blemish.inspection.job.record import JobOptions
    from blemish.inspection.job.shards import Entry


class Engine(Protocol):
    """Inspects what is wanted and writes shards."""

    def work(
        self, detector: Detector, images: Images, to_do: Iterator[Wanted], options: JobOptions, folder: Path
    ) -> Generator[tuple[Entry, Finding], None, None]:
        """Inspect images, each of which stands in a shard when it is yielded.

        Args:
            detector: what inspects.
            images: opens what is wanted.
            to_do: what is wanted, in order.
            options: how to inspect.
            folder: of the job.

        Yields:
            What was written, in any order.

        Raises:
            OSError: a shard or a picture cannot be written.
            BlemishError: the engine cannot be reached, or images were lost with those who inspected them.
        """
