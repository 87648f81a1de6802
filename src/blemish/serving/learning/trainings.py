"""The trainings of a server, one after another: begun, watched, cancelled, compared, and gone on with after a restart.

What a training is stands in ``training.json`` of its folder; the work is done by `TrainingProcess`.
"""

from __future__ import annotations

import logging
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from blemish.detectors import load
from blemish.errors import BlemishError, DataError, install_hint
from blemish.files import write_text
from blemish.serving.answers import Comparison
from blemish.serving.learning.comparing import compare, held_out_images
from blemish.serving.learning.process import TrainingProcess
from blemish.serving.learning.reviewed import write_reviewed
from blemish.serving.one_by_one import OneByOne, read_records
from blemish.serving.refusals import RefusalError, not_found
from blemish.serving.registry import Registry
from blemish.serving.store import Blobs, Database
from blemish.serving.store.audit import Actor
from blemish.serving.store.tables import new_id, now_ms

_LOG = logging.getLogger("blemish.serving")
TrainingState = Literal["waiting", "running", "comparing", "done", "cancelled", "failed"]
_ENDED: set[TrainingState] = {"done", "cancelled", "failed"}
_RECORD_NAME, _IMAGES_NAME = "training.json", "reviewed"
_MAX_UNFINISHED = 10
_LOOK_EVERY_S = 0.5
_ASK_TO_STOP_S = 20.0


class Training(BaseModel):
    """A training, as it is kept on disk."""

    id: str
    by: str
    detector: str
    old_sha: str
    method: str
    profile: str
    seed: int
    created_ms: int
    state: TrainingState = "waiting"
    error: str | None = None
    images: str | None = None
    new_sha: str | None = None
    comparison: Comparison | None = None


def require_training_side() -> None:
    """Raise RefusalError where this machine cannot train."""
    if find_spec("torch") is None:
        raise RefusalError(501, f"This server cannot train: where it runs, {install_hint('train')}.")


class Trainings(OneByOne):
    """Works on trainings in one thread; begin it with `start`.

    Args:
        root: folder of all trainings.
        detectors: what answers.
        database: of findings and reviews.
        pictures: of the findings.
    """

    def __init__(self, root: Path, detectors: Registry, database: Database, pictures: Blobs) -> None:
        super().__init__("training")
        self._root = root.absolute()
        self._detectors = detectors
        self._database = database
        self._pictures = pictures
        self._trainings: dict[str, Training] = {}
        self._cancelled: set[str] = set()

    def start(self) -> None:
        """Take up what an earlier server left, and begin."""
        for training in read_records(self._root, _RECORD_NAME, Training, "training"):
            self._trainings[training.id] = training
            if training.state not in _ENDED:
                self._waiting.append(training.id)
        self._worker.start()

    def add(self, detector: str | None, method: str | None, profile: str, seed: int, by: str) -> Training:
        """Train from the reviewed images of a detector when its turn comes; no restart loses it from here on.

        Raises:
            RefusalError: this machine cannot train, there is no such detector, or too many wait.
        """
        require_training_side()
        answering = self._detectors.get(detector)
        training = Training(
            id=new_id(),
            by=by,
            detector=answering.name,
            old_sha=answering.sha,
            method=method or answering.detector.spec.method,
            profile=profile,
            seed=seed,
            created_ms=now_ms(),
        )
        with self._changed:
            if sum(each.state not in _ENDED for each in self._trainings.values()) >= _MAX_UNFINISHED:
                raise RefusalError(429, "As many trainings wait as the server takes on; try again.", retry_after_s=600)
            (self._root / training.id).mkdir(parents=True)
            self._save(training)
            self._trainings[training.id] = training
            self._waiting.append(training.id)
            self._changed.notify_all()
        return training

    def get(self, training_id: str) -> Training:
        """A training. Raises RefusalError where there is none."""
        with self._changed:
            if training_id not in self._trainings:
                raise not_found("such training")
            return self._trainings[training_id]

    def said(self, training: Training) -> str | None:
        """The last sentence that it said; None where it has said nothing yet."""
        return TrainingProcess(self._root / training.id).said

    def all(self) -> list[Training]:
        """All trainings, the newest first."""
        with self._changed:
            return [self._trainings[each] for each in sorted(self._trainings, reverse=True)]

    def cancel(self, training_id: str) -> Training:
        """End a training. Raises RefusalError where there is none."""
        training = self.get(training_id)
        with self._changed:
            if training.state in _ENDED:
                return training
            self._cancelled.add(training_id)
            if training_id in self._waiting:
                self._waiting.remove(training_id)
                return self._end(training_id, "cancelled")
            self._changed.notify_all()
        return self.get(training_id)

    def activate(self, training_id: str, actor: Actor) -> Training:
        """Have the new detector answer, where it is no worse than the old one.

        Raises:
            RefusalError: it has not ended, is worse, or another version has been activated since.
        """
        training = self.get(training_id)
        if training.comparison is None or training.new_sha is None:
            raise RefusalError(409, "This training has no detector to activate: it has not ended, or not well.")
        if not training.comparison.is_no_worse:
            raise RefusalError(409, f"{training.comparison.sentence} Only what is no worse is activated here.")
        if self._detectors.get(training.detector).sha not in {training.old_sha, training.new_sha}:
            raise RefusalError(409, "Another version has been activated since, which this one was not compared with.")
        self._detectors.activate(training.detector, training.new_sha, actor)
        return training

    def _run(self, piece: str) -> None:
        training = self._trainings[piece]
        folder = self._root / training.id
        images, process = folder / _IMAGES_NAME, TrainingProcess(folder)
        if not images.is_dir():
            found = write_reviewed(self._database, self._pictures, images, detector=training.detector)
            held_out_images(images)
            self._set(training.id, state="running", images=found.sentence)
        if not process.detector.is_file():
            process.begin(training.method, images, profile=training.profile, seed=training.seed)
            self._wait_for(training.id, process)
        if training.id in self._cancelled:
            self._end(training.id, "cancelled")
        elif process.detector.is_file():
            self._compare(training, process.detector)
        elif not self._closing:
            raise DataError((process.said or "blemish train ended without a word.").removeprefix("Error: "))

    def _wait_for(self, training_id: str, process: TrainingProcess) -> None:
        """Until it has ended, or was stopped since it is cancelled or the server ends."""
        while process.is_running():
            with self._changed:
                stop = self._changed.wait_for(
                    lambda: self._closing or training_id in self._cancelled, timeout=_LOOK_EVERY_S
                )
            if stop:
                process.stop(_ASK_TO_STOP_S)

    def _compare(self, training: Training, file: Path) -> None:
        self._set(training.id, state="comparing")
        old = self._detectors.version(training.detector, training.old_sha)
        comparison = compare(self._root / training.id / _IMAGES_NAME, old, load(file))
        sha = self._detectors.add(file.read_bytes(), training.detector, Actor(training.by))
        self._set(training.id, comparison=comparison, new_sha=sha)
        self._end(training.id, "done")

    def _fail(self, piece: str, error: str) -> None:
        self._end(piece, "failed", error)

    def _end(self, training_id: str, state: TrainingState, error: str | None = None) -> Training:
        ended = self._set(training_id, state=state, error=error)
        # Retention reaches neither copies of images nor checkpoints; the detector is among the versions by now.
        folder = self._root / training_id
        for name in (_IMAGES_NAME, "new.training"):
            shutil.rmtree(folder / name, ignore_errors=True)
        (folder / "new.blemish").unlink(missing_ok=True)
        return ended

    def _set(self, training_id: str, **changes: object) -> Training:
        with self._changed:
            changed = self._trainings[training_id] = self._trainings[training_id].model_copy(update=changes)
            try:
                self._save(changed)
            except (BlemishError, OSError) as error:
                # The next server takes it for unfinished, and goes on or ends it again.
                _LOG.warning("training %s cannot be written: %s", training_id, error)
        return changed

    def _save(self, training: Training) -> None:
        write_text(self._root / training.id / _RECORD_NAME, training.model_dump_json() + "\n")
