"""The detectors that answer: loaded from the store, added, activated and rolled back while the server runs."""

from __future__ import annotations

import hashlib
import re
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from blemish.bundled import locate
from blemish.cpu import images_at_once
from blemish.detectors import Detector, load
from blemish.errors import BlemishError
from blemish.findings import Finding
from blemish.inspection.drifting import DriftWatch
from blemish.serving.refusals import RefusalError, not_found
from blemish.serving.settings import ServeSettings
from blemish.serving.store import Blobs, Database, detectors
from blemish.serving.store.audit import Actor, note

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# As many images at once as a request may hold: what the queue then runs side by side.
_MANY = 1 << 10


class Answering:
    """A version of a detector that answers under its name.

    Args:
        name: what requests call it.
        sha: SHA-256 of its file.
        detector: loaded.
    """

    def __init__(self, name: str, sha: str, detector: Detector) -> None:
        self.name = name
        self.sha = sha
        self.detector = detector
        self._watch = DriftWatch.of(detector)
        self._lock = threading.Lock()

    def watch(self, finding: Finding) -> None:
        """Watch a finding for drift."""
        if self._watch is not None:
            with self._lock:
                self._watch.add(finding)

    @property
    def doubt(self) -> str | None:
        """Why the guarantee no longer holds; None while it does, or where there is none."""
        if self._watch is None:
            return None
        with self._lock:
            return self._watch.record().sentence


@dataclass(frozen=True, slots=True)
class _Place:
    blobs: Blobs
    database: Database


class Registry:
    """Detectors by name.

    Args:
        settings: names the detectors to begin with, and the cores.
        database: knows versions and activations.
        blobs: holds the files.

    Raises:
        DetectorError: one that the settings name is missing or cannot be run.
    """

    def __init__(self, settings: ServeSettings, database: Database, blobs: Blobs) -> None:
        self._place = _Place(blobs, database)
        self._threads = settings.threads
        self.workers = images_at_once(_MANY, settings.threads)
        self._active: dict[str, Answering] = {}
        self._loading = threading.Lock()
        self.broken: dict[str, str] = {}
        for given in settings.detectors:
            self._begin(given)
        self.default = _name_of(settings.detectors[0])
        self._load_others()

    def get(self, name: str | None) -> Answering:
        """The detector of that name, or the default one. Raises RefusalError where there is none."""
        wanted = name or self.default
        found = self._active.get(wanted)
        if found is None:
            if wanted in self.broken:
                raise RefusalError(503, f'The detector "{wanted}" cannot be loaded: {self.broken[wanted]}')
            raise not_found(f'detector "{wanted}"; there are: {", ".join(sorted(self._active))}')
        return found

    def all(self) -> list[Answering]:
        """Those that answer."""
        return [self._active[name] for name in sorted(self._active)]

    def add(self, data: bytes, name: str, actor: Actor) -> str:
        """Add a version and try it out; it answers when it is activated, or at once where its name is new.

        Args:
            data: a ``.blemish`` file.
            name: what to call it.
            actor: who brings it.

        Returns:
            SHA-256 of the file.

        Raises:
            RefusalError: no such name can be given.
            DetectorError: the file is refused, see `blemish.detectors.load`.
        """
        check_name(name)
        with self._loading, tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"{name}.blemish"
            file.write_bytes(data)
            detector = self._load(file)
            sha = self._place.blobs.put(data)
            with self._place.database.transaction() as session:
                detectors.add_version(session, name, sha, detector.spec.method, actor.name)
                is_new = detectors.active_sha(session, name) is None
                if is_new:
                    detectors.activate(session, name, sha, actor.name)
                note(session, actor, "detector.add", f"{name} {sha}")
            if is_new:
                self._use(Answering(name, sha, detector))
        return sha

    def activate(self, name: str, sha: str, actor: Actor) -> None:
        """Have a version answer from now on. Raises RefusalError or DetectorError where it cannot."""
        with self._loading:
            answering = self._read(name, sha)
            with self._place.database.transaction() as session:
                detectors.activate(session, name, sha, actor.name)
                note(session, actor, "detector.activate", f"{name} {sha}")
            self._use(answering)

    def roll_back(self, name: str, actor: Actor) -> str:
        """Have the version answer that did before; its digest. Raises RefusalError where there is none."""
        with self._loading:
            with self._place.database.transaction() as session:
                sha = detectors.earlier_sha(session, name)
            answering = self._read(name, sha)
            with self._place.database.transaction() as session:
                detectors.roll_back(session, name, actor.name)
                note(session, actor, "detector.roll-back", f"{name} {sha}")
            self._use(answering)
        return sha

    def version(self, name: str, sha: str) -> Detector:
        """A version of a detector, whether it answers or not. Raises RefusalError or DetectorError where it cannot."""
        answering = self._active.get(name)
        if answering is not None and answering.sha == sha:
            return answering.detector
        return self._read(name, sha).detector

    def active_sha(self, name: str) -> str | None:
        """The version that answers under a name; None where none does."""
        answering = self._active.get(name)
        return None if answering is None else answering.sha

    def _begin(self, given: str) -> None:
        """A detector of the command line: it answers unless this very file was replaced by another one before."""
        file, name = locate(given), _name_of(given)
        detector = self._load(file)
        data = file.read_bytes()
        sha = self._place.blobs.put(data)
        with self._place.database.transaction() as session:
            if detectors.add_version(session, name, sha, detector.spec.method, "command line"):
                detectors.activate(session, name, sha, "command line")
            active = detectors.active_sha(session, name)
        if active == sha:
            self._use(Answering(name, sha, detector))

    def _load_others(self) -> None:
        with self._place.database.transaction() as session:
            wanted = {version.name: version.sha for version in detectors.list_versions(session) if version.active}
        for name, sha in wanted.items():
            if name in self._active:
                continue
            try:
                self._use(self._read(name, sha))
            except BlemishError as error:
                self.broken[name] = str(error)

    def _read(self, name: str, sha: str) -> Answering:
        if not re.fullmatch("[0-9a-f]{64}", sha):
            raise RefusalError(422, "A version is named by the SHA-256 of its file, 64 hexadecimal digits.")
        data = self._place.blobs.read(sha)
        if hashlib.sha256(data).hexdigest() != sha:
            raise RefusalError(503, f'The file of "{name}" {sha[:12]} was damaged in the store; upload it again.')
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"{name}.blemish"
            file.write_bytes(data)
            return Answering(name, sha, self._load(file))

    def _load(self, file: Path) -> Detector:
        return load(file, threads=self._threads, images_at_once=self.workers)

    def _use(self, answering: Answering) -> None:
        self._active[answering.name] = answering
        self.broken.pop(answering.name, None)


def check_name(name: str) -> None:
    """Raise RefusalError where a detector cannot be called that."""
    if not _NAME.fullmatch(name):
        raise RefusalError(
            422, "A detector's name has 1 to 64 letters, digits, dots, hyphens or underscores, the first no sign."
        )


def _name_of(given: str) -> str:
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", locate(given).stem).lstrip("._-")[:64]
    check_name(name)
    return name
