"""A service with the detector that takes dark pixels for defects, and clients of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("fastapi", reason="the extra serve is not installed")
from fastapi.testclient import TestClient

from blemish.serving.app import create_app
from blemish.serving.service import Service
from blemish.serving.settings import Limits, ServeSettings

from .browsing import filled, idle_browsers, open_page  # noqa: F401  # fixtures
from listening import listening

ADDRESS = "http://127.0.0.1"
StartService = Callable[..., TestClient]


@pytest.fixture
def start(darkness_file: Path, tmp_path: Path) -> Iterator[StartService]:
    """Starts services; keywords are those of `ServeSettings`, and ``limits`` those of `Limits`."""
    with ExitStack() as stack:

        def begin(*, limits: dict[str, Any] | None = None, key: str | None = None, **settings: Any) -> TestClient:
            given = {"detectors": (str(darkness_file),), "store": tmp_path / "store", "threads": 2} | settings
            service = Service(ServeSettings(**given, limits=dataclasses.replace(Limits(), **(limits or {}))))
            wanted = key or service.first_key
            headers = {} if wanted is None else {"Authorization": f"Bearer {wanted}"}
            client = TestClient(create_app(service), base_url=ADDRESS, headers=headers, raise_server_exceptions=False)
            return stack.enter_context(client)

        yield begin


@pytest.fixture
def client(start: StartService) -> TestClient:
    """A service on loopback, without keys."""
    return start()


@pytest.fixture
def address(darkness_file: Path, tmp_path: Path) -> Iterator[str]:
    """A service on loopback, without keys, on a real socket."""
    settings = ServeSettings(detectors=(str(darkness_file),), store=tmp_path / "store", threads=2)
    with listening(Service(settings)) as at:
        yield at


def png(pixels: NDArray[np.uint8]) -> bytes:
    """An image as a PNG file."""
    return cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1].tobytes()


@pytest.fixture
def wall_png(wall: NDArray[np.uint8]) -> bytes:
    """The image with a dark bar."""
    return png(wall)


@pytest.fixture
def clear_png() -> bytes:
    """A light image without defect."""
    return png(np.full((80, 90, 3), 220, np.uint8))
