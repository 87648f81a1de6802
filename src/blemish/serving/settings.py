"""What a server is told when it starts: detectors, places, and the limits that it holds requests to."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from blemish.bundled import DEFAULT_DETECTOR
from blemish.errors import SettingsError
from blemish.locations import store_dir

DATABASE_NAME = "blemish.sqlite"
"""What the SQLite database is called in the store, where no other is named."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may ask for.

    Attributes:
        max_upload_bytes: body of a request with images.
        max_detector_bytes: body of a request that uploads a detector.
        max_job_bytes: body of a request with an archive for a job.
        max_review_bytes: body of a request with a decision, which may hold a mask.
        max_json_bytes: body of any other request.
        max_images: images in one request.
        max_megapixels: pixels of one image, told from its header before it is decoded.
        max_waiting: images of all requests together that wait for their turn; beyond it a request is answered 429.
        deadline_s: from the end of the upload to the answer; beyond it a request is answered 503.
        body_s: for a body to arrive; beyond it a request is answered 408.
        job_body_s: the same for an archive.
        header_s: for the head of a connection's first request to arrive.
        max_failed_keys: wrong keys from one address in a minute; beyond it they are answered 429.
    """

    max_upload_bytes: int = 64 << 20
    max_detector_bytes: int = 512 << 20
    max_job_bytes: int = 2 << 30
    max_review_bytes: int = 16 << 20
    max_json_bytes: int = 1 << 20
    max_images: int = 32
    max_megapixels: float = 50.0
    max_waiting: int = 64
    deadline_s: float = 60.0
    body_s: float = 60.0
    job_body_s: float = 3600.0
    header_s: float = 15.0
    max_failed_keys: int = 10


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """How a server starts.

    Attributes:
        detectors: files, or names of bundled detectors; the first is taken where a request names none.
        store: folder of images, masks and uploaded detectors, and of the SQLite database where no other is named.
        database: SQLAlchemy URL of SQLite or PostgreSQL; None: ``blemish.sqlite`` in the store.
        images: folder whose images can be asked for by name; None: none can.
        host: address to listen at.
        port: to listen at; 0 takes a free one.
        keys: whether every request needs a key; None: only where ``host`` is not the loopback address.
        names: further host names by which browsers may reach the server.
        keep_days: findings older than this are deleted with their images; None keeps all.
        honeypots: known images that are mixed into the queue for each new image, on average, 0 to 1.
        threads: cores to use; None takes all.
        limits: what one request may ask for.
    """

    detectors: tuple[str, ...] = (DEFAULT_DETECTOR,)
    store: Path = field(default_factory=store_dir)
    database: str | None = None
    images: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    keys: bool | None = None
    names: tuple[str, ...] = ()
    keep_days: float | None = None
    honeypots: float = 0.02
    threads: int | None = None
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        if not self.detectors:
            raise SettingsError("A server needs a detector: --detector FILE, or the name of a bundled one.")
        if not 0 <= self.honeypots <= 1:
            raise SettingsError(f"--honeypots is a fraction from 0 to 1, not {self.honeypots:g}.")
        if self.images is not None and not self.images.is_dir():
            raise SettingsError(f'--images names "{self.images}", which is no folder.')
        if self.keys is False and not self.on_loopback:
            raise SettingsError(
                f"Without keys anybody in the network could use the server at {self.host}; listen at 127.0.0.1, or "
                "leave out --no-keys."
            )

    @property
    def on_loopback(self) -> bool:
        """Whether only programs of this machine reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def needs_keys(self) -> bool:
        """Whether every request needs a key or a session."""
        return not self.on_loopback if self.keys is None else self.keys

    @property
    def database_url(self) -> str:
        """The database's URL, whether named or not."""
        return self.database or f"sqlite:///{(self.store / DATABASE_NAME).absolute()}"
