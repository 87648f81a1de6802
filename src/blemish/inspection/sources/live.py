"""Frames of a camera or a network stream as images, as they come: ``camera:0``, ``rtsp://…``."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.errors import BlemishError, ImageError, SettingsError
from blemish.inspection.sources.found import Found, Locator
from blemish.inspection.sources.videos import Step

LIVE = "live"
_SCHEMES = ("rtsp", "rtsps")
_CAMERA = re.compile(r"camera:(\d+)")
# What does not answer in this time is not there.
_PATIENCE_MS = 10_000


def is_live(text: str) -> bool:
    """Whether it is a camera or a stream and not a path or another address."""
    return _CAMERA.fullmatch(text) is not None or text.partition("://")[0].lower() in _SCHEMES


@dataclass(frozen=True, slots=True)
class LiveSource:
    """A camera or a stream, from which so many images are taken.

    Attributes:
        address: ``camera:N`` or the stream's address.
        number: where it stands among the sources.
        step: how far frames that are looked at lie apart.
        limit: how many are taken; None is refused, since a live source has no end.
    """

    address: str
    number: int
    step: Step
    limit: int | None

    def find(self) -> Iterator[Found]:
        """The images to come. Each run takes new ones, called by the time at which it began.

        Raises:
            SettingsError: no limit was given.
            ImageError: nothing answers there.
        """
        said = without_password(self.address)
        if self.limit is None or self.limit < 1:
            raise SettingsError(f'"{said}" has no end: say how many images to take of it, such as --limit 100.')
        _open(self.address).release()
        began = datetime.now(UTC).strftime("%Y-%m-%d %H.%M.%S")
        digits = len(str(self.limit - 1))
        step = f"{self.step.frames}" if self.step.frames is not None else f"{self.step.seconds}s"
        for frame in range(self.limit):
            name = f"{began} {frame:0{digits}d}"
            yield Found(
                key=f"{said}#{name}",
                stamp="",
                place=(self.number, f"{began} {frame:012d}"),
                image=f"{said} {name}",
                short=f"{_short(said)} {name}",
                locator=Locator(LIVE, self.address, step),
            )


class LiveFrames:
    """Reads frames as they come. A stream that breaks off is opened once more."""

    def __init__(self) -> None:
        self._address: str | None = None
        self._video: cv2.VideoCapture | None = None
        self._due_s = 0.0

    def read(self, locator: Locator) -> NDArray[np.uint8]:
        """The next frame that is due, uint8 RGB (H, W, 3).

        Raises:
            BlemishError: the source no longer answers, which ends the run: no later frame would come either.
        """
        if self._video is None or self._address != locator.where:
            self.close()
            self._video, self._address, self._due_s = _open(locator.where), locator.where, 0.0
        frame = self._next(Step.of(locator.part))
        if frame is None:
            self._video.release()
            self._video = self._reopened(locator.where)
            frame = self._next(Step.of(locator.part))
        if frame is None:
            raise _gone(locator.where)
        return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), np.uint8)

    def close(self) -> None:
        """Let the source go."""
        if self._video is not None:
            self._video.release()
        self._video = None

    def _next(self, step: Step) -> NDArray[np.uint8] | None:
        """Frames in between are taken and dropped, so that the one that is given is a new one."""
        assert self._video is not None
        taken = 0
        while self._video.grab():
            taken += 1
            is_due = taken >= step.frames if step.frames is not None else time.monotonic() >= self._due_s
            if is_due or self._due_s == 0.0:
                self._due_s = time.monotonic() + step.seconds
                there, frame = self._video.retrieve()
                return np.asarray(frame, np.uint8) if there else None
        return None

    @staticmethod
    def _reopened(address: str) -> cv2.VideoCapture:
        try:
            return _open(address)
        except ImageError as error:
            raise _gone(address) from error


def without_password(address: str) -> str:
    """An address as it may be written down and shown: without the name and password in it."""
    if "://" not in address:
        return address
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


def _open(address: str) -> cv2.VideoCapture:
    camera = _CAMERA.fullmatch(address)
    if camera is not None:
        video = cv2.VideoCapture(int(camera[1]))
    else:
        waiting = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _PATIENCE_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _PATIENCE_MS]
        video = cv2.VideoCapture(address, cv2.CAP_FFMPEG, waiting)
    if not video.isOpened():
        video.release()
        hint = "is it plugged in, and may you use it?" if camera else "check the address, the network and the password."
        raise ImageError(f'Nothing answers at "{without_password(address)}": {hint}')
    return video


def _short(said: str) -> str:
    """What files are called by: ``camera 0``, the stream's host."""
    return said.replace(":", " ") if "://" not in said else urlsplit(said).hostname or LIVE


def _gone(address: str) -> BlemishError:
    return BlemishError(f'"{without_password(address)}" no longer answers; the same command takes further images.')
