"""Frames of a video as images: every n-th, or one in so many seconds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.errors import ImageError, SettingsError
from blemish.inspection.sources.files import stamp_of
from blemish.inspection.sources.found import Found, Locator
from blemish.text import duration_s

VIDEO = "video"
VIDEO_SUFFIXES = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".ts", ".mts")


@dataclass(frozen=True, slots=True)
class Step:
    """How far frames that are looked at lie apart: so many frames, or so many seconds.

    Attributes:
        frames: at least 1; None counts seconds.
        seconds: above 0.
    """

    frames: int | None = None
    seconds: float = 1.0

    @classmethod
    def of(cls, text: str) -> Step:
        """``25`` for every 25th frame, ``0.5s`` for one in half a second. Raises SettingsError for anything else."""
        try:
            step = cls(seconds=duration_s(text)) if text.endswith("s") else cls(int(text))
        except ValueError:
            step = cls(0)
        if step.frames is not None and step.frames < 1:
            raise SettingsError(f'Frames are taken every 25 (frames) or every 0.5s (seconds), not every "{text}".')
        return step

    def in_frames(self, frames_per_s: float) -> int:
        """As frames, at least 1."""
        return self.frames if self.frames is not None else max(1, round(self.seconds * frames_per_s))


@dataclass(frozen=True, slots=True)
class VideoSource:
    """A video file.

    Attributes:
        path: the file.
        image: what to call it; its frames are called by this and their number.
        key: what tells it from other sources.
        number: where it stands among the sources.
        step: which frames are looked at.
    """

    path: Path
    image: str
    key: str
    number: int
    step: Step

    def find(self) -> Iterator[Found]:
        """The frames. Raises ImageError where the file is no video that can be read."""
        video = cv2.VideoCapture(str(self.path))
        try:
            frames, frames_per_s = int(video.get(cv2.CAP_PROP_FRAME_COUNT)), video.get(cv2.CAP_PROP_FPS)
            if not video.isOpened() or not video.grab():
                raise ImageError(f'"{self.path}" is no video that can be read; convert it to MP4.')
            if frames <= 0:  # some containers do not say
                frames = 1
                while video.grab():
                    frames += 1
        finally:
            video.release()
        step = self.step.in_frames(frames_per_s if 0 < frames_per_s < math.inf else 25.0)
        digits = len(str(frames - 1))
        for frame in range(0, frames, step):
            yield Found(
                key=f"{self.key}#{frame}",
                stamp=stamp_of(self.path),
                place=(self.number, f"{frame:012d}"),
                image=f"{self.image} frame {frame:0{digits}d}",
                short=f"{self.path.stem} {frame:0{digits}d}",
                locator=Locator(VIDEO, str(self.path), str(frame)),
            )


class Videos:
    """Reads frames in order; the video of the last one stays open, since going forward is cheap and back is not."""

    def __init__(self) -> None:
        self._path: str | None = None
        self._video: cv2.VideoCapture | None = None
        self._next = 0

    def read(self, locator: Locator) -> NDArray[np.uint8]:
        """A frame, uint8 RGB (H, W, 3). Raises ImageError where it cannot be decoded."""
        wanted = int(locator.part)
        if self._video is None or locator.where != self._path or wanted < self._next:
            if self._video is not None:
                self._video.release()
            self._video, self._path, self._next = cv2.VideoCapture(locator.where), locator.where, 0
        while self._next < wanted and self._video.grab():
            self._next += 1
        there, frame = self._video.read() if self._next == wanted else (False, None)
        if not there or frame is None:
            raise ImageError(f'Frame {wanted} of "{locator.where}" cannot be decoded: it is damaged or cut short.')
        self._next += 1
        return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), np.uint8)
