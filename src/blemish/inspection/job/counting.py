"""Counts of images while they are done."""

from __future__ import annotations

import time
from collections import Counter, deque

from blemish.findings import Verdict
from blemish.inspection.job.shards import Entry
from blemish.inspection.progress import Progress

# The rate is that of so many images before now: the first ones wait for the graph to be prepared.
_WINDOW = 200


class Count:
    """Counts what is done.

    Args:
        total: images in the job; None where that is not known.
    """

    def __init__(self, total: int | None) -> None:
        self.total = total
        self._done = self._failed = self._left_out = 0
        self._verdicts: Counter[Verdict] = Counter()
        self._times: deque[float] = deque([time.monotonic()], maxlen=_WINDOW)

    def add(self, entry: Entry, *, now: bool = True) -> None:
        """Count an image; ``now`` tells one of this run from one of an earlier run."""
        self.add_alike(1, failed=entry.failed, left_out=entry.left_out, verdict=entry.verdict)
        if now:
            self._times.append(time.monotonic())

    def add_alike(self, images: int, *, failed: bool, left_out: bool, verdict: Verdict | None) -> None:
        """Count images of which the same is said."""
        self._done += images
        self._left_out += images * left_out
        self._failed += images * (failed and not left_out)
        if verdict is not None:
            self._verdicts[verdict] += images

    def progress(self) -> Progress:
        """As it is now."""
        took_s = self._times[-1] - self._times[0]
        rate = (len(self._times) - 1) / took_s if took_s > 0 else None
        return Progress(self._done, self.total, self._failed, self._left_out, dict(self._verdicts), rate)
