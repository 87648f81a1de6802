"""Work on the machines of a Ray cluster: Ray places and restarts workers, and the shards say what is done.

What is sent to a worker is where images lie, never their pixels. Each worker loads the detector once and writes a shard
of its own, so the images and the job's folder must lie where every machine reaches them by the same path. When a worker
dies, Ray gives its batch to another one; what the first had written stands twice then, and counts once.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from blemish.detectors import Detector, ImageSource, Thresholds, load
from blemish.detectors.runtime import RuntimeName
from blemish.errors import BlemishError, MissingExtraError, SettingsError, install_hint
from blemish.findings import Finding
from blemish.inspection.engines.local import answers_of, entry_of
from blemish.inspection.job.images import Images
from blemish.inspection.job.index import Wanted
from blemish.inspection.job.record import JobOptions
from blemish.inspection.job.shards import Entry, ShardWriter
from blemish.inspection.sources import Opener
from blemish.inspection.sources.given import GIVEN
from blemish.inspection.sources.live import LIVE
from blemish.inspection.submission import Submission

_BATCH = 16
# Batches that wait at each worker, so that none is idle while its answer travels.
_AHEAD = 2
# How long none of the workers may have been placed: on a cluster that is busy with other work they wait for a core.
_PATIENCE_S = 300.0
# An image that kills whoever reads it must not do so for ever.
_RETRIES = 3


class RayEngine:
    """Workers on a Ray cluster.

    Args:
        address: of the cluster, as `ray.init` takes it (``auto``, ``host:6379``); None starts one on this machine.
        workers: how many; None takes one for each core of the cluster. No more are started than there are cores, and
            one that waits for a core is handed no images.

    Raises:
        MissingExtraError: Ray is not installed.
    """

    def __init__(self, address: str | None = None, workers: int | None = None) -> None:
        self._ray = _ray()
        self._address = address
        self._workers = workers

    def work(
        self, detector: Detector, images: Images, to_do: Iterator[Wanted], options: JobOptions, folder: Path
    ) -> Generator[tuple[Entry, Finding], None, None]:
        """See `Engine.work`."""
        if detector.path is None:
            raise SettingsError("Workers of a cluster load the detector from its file; save it and name the file.")
        ray = self._ray
        try:
            ray.init(address=self._address, ignore_reinit_error=True, log_to_driver=False, configure_logging=False)
        except ConnectionError as error:
            raise BlemishError(f'There is no Ray cluster at "{self._address}": {error}') from error
        except Exception as error:  # Ray has no class of its own for a node that does not start
            raise BlemishError(
                f"Ray could not be started on this machine ({error}); free memory and cores, or name a cluster."
            ) from error
        cores = int(ray.cluster_resources().get("CPU", 0))
        if not cores:
            raise BlemishError("The Ray cluster has no core for a worker; add a node, or start one with --num-cpus.")
        # More would take the core of a worker that has died: its batch would wait for ever.
        number = min(self._workers or cores, cores)
        worker = ray.remote(num_cpus=1, max_restarts=-1, max_task_retries=_RETRIES)(Worker)
        file, limits = str(detector.path.absolute()), detector.spec.thresholds
        given = (file, limits, detector.runtime, options, str(folder.absolute()), str(Path.cwd()))
        pool = [worker.remote(*given) for _ in range(number)]
        try:
            yield from self._share_out(pool, _movable(to_do))
        finally:
            for each in pool:
                ray.kill(each)

    def _share_out(self, pool: list[Any], to_do: Iterator[Wanted]) -> Generator[tuple[Entry, Finding], None, None]:
        ray, lost, in_hand, placed = self._ray, 0, 0, False
        # A worker that Ray has not placed answers nothing: each is handed images when it has answered to none.
        waiting: dict[Any, tuple[Any, int]] = {worker.inspect.remote([]): (worker, 0) for worker in pool * _AHEAD}
        batch = list(islice(to_do, _BATCH))
        while batch or in_hand:
            answered, _ = ray.wait(list(waiting), num_returns=1, timeout=None if placed else _PATIENCE_S)
            if not answered:
                raise BlemishError(
                    f"No core of the Ray cluster has become free within {_PATIENCE_S:.0f} s; "
                    "the same command starts when there is one."
                )
            placed = True
            worker, size = waiting.pop(answered[0])
            in_hand -= size
            try:
                lines = ray.get(answered[0])
            except ray.exceptions.RayTaskError as error:
                raise error.cause if isinstance(error.cause, BlemishError | OSError) else error from None
            except ray.exceptions.RayError:
                lost, lines = lost + size, []
            if batch:
                waiting[worker.inspect.remote(batch)] = worker, len(batch)
                in_hand += len(batch)
                batch = list(islice(to_do, _BATCH))
            yield from lines
        if lost:
            raise BlemishError(
                f"{lost} images were lost with the workers that inspected them; the same command goes on with these."
            )


class Worker:
    """Inspects batches, somewhere.

    Args:
        detector: its file.
        limits: the thresholds that hold, which need not be those of the file.
        runtime: what runs its graph.
        options: how to inspect.
        folder: of the job.
        start: the folder that relative paths start from.
    """

    def __init__(
        self,
        detector: str,
        limits: Thresholds,
        runtime: RuntimeName,
        options: JobOptions,
        folder: str,
        start: str,
    ) -> None:
        import os

        os.chdir(start)
        self._detector = load(detector, threads=1, runtime=runtime).with_thresholds(limits)
        self._options = options
        self._folder = Path(folder)
        self._opener = Opener()
        self._shards = ShardWriter(self._folder)
        self._submission = Submission(self._detector) if options.submission else None

    def inspect(self, batch: list[Wanted]) -> list[tuple[Entry, Finding]]:
        """Inspect images by where they lie; what was written."""
        done = []
        for wanted, answer in answers_of(self._detector, self._open, iter(batch), self._options, out=self._folder):
            entry = entry_of(wanted, answer, self._submission)
            self._shards.add(entry, answer.finding)
            done.append((entry, answer.finding))
        return done

    def _open(self, wanted: Wanted) -> ImageSource:
        return self._opener.open(wanted.locator, wanted.image, wanted.name, left_out=wanted.left_out)


def _movable(to_do: Iterator[Wanted]) -> Iterator[Wanted]:
    for wanted in to_do:
        if wanted.locator.kind in {GIVEN, LIVE}:
            raise SettingsError(
                "Images in memory and live ones are inspected where they are; a cluster reads files and addresses."
            )
        yield wanted


def _ray() -> Any:
    try:
        import ray
    except ImportError:
        raise MissingExtraError(f"A cluster needs the extra ray: {install_hint('ray')}.") from None
    return ray
