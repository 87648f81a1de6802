"""Cameras and streams: so many frames, a step apart, never the password, and a sentence where nothing answers."""

from __future__ import annotations

from datetime import datetime, tzinfo
from pathlib import Path

import cv2
import numpy as np
import pytest

import blemish
from blemish.errors import BlemishError, ImageError, SettingsError
from blemish.inspection.sources import live
from blemish.inspection.sources.given import Sourcing, sources_of
from blemish.inspection.sources.live import LiveSource, is_live, without_password

ADDRESS = "rtsp://user:secret@10.0.0.7:554/line?token=secret"


class Camera:
    """Frames of rising grey, one a call; a connection may break off after so many."""

    opened: list[object]
    breaks: list[int]

    def __init__(self, where: object, *_: object) -> None:
        Camera.opened.append(where)
        self.left = Camera.breaks.pop(0) if Camera.breaks else 10**6
        self.number = 0

    def isOpened(self) -> bool:
        return self.left > 0

    def grab(self) -> bool:
        self.left -= 1
        self.number += 1
        return self.left >= 0

    def retrieve(self) -> tuple[bool, np.ndarray]:
        return True, np.full((48, 64, 3), self.number, np.uint8)

    def release(self) -> None:
        pass


@pytest.fixture(autouse=True)
def camera(monkeypatch: pytest.MonkeyPatch) -> type[Camera]:
    Camera.opened, Camera.breaks = [], []
    monkeypatch.setattr(live.cv2, "VideoCapture", Camera)
    return Camera


@pytest.mark.parametrize(
    ("text", "expected"),
    [("camera:0", True), ("rtsp://a/b", True), ("RTSPS://a", True), ("camera:x", False), ("https://a", False)],
)
def test_what_is_live(text: str, expected: bool):
    assert is_live(text) is expected


def test_every_nth_frame_until_the_limit(darkness_file: Path, tmp_path: Path):
    summary = blemish.inspect("camera:3", detector=darkness_file, every="5", limit=4, out=tmp_path / "out")
    assert Camera.opened == [3, 3]
    # The first frame there is, then each fifth one.
    expected = [1 - number / 255 for number in (1, 6, 11, 16)]
    assert [one.score for one in summary.findings] == pytest.approx(expected, abs=1e-3)
    assert all(one.image.startswith("camera:3 2") for one in summary.findings)
    assert len(list((tmp_path / "out/views").iterdir())) == 4


def test_frames_lie_seconds_apart(darkness_file: Path, monkeypatch: pytest.MonkeyPatch):
    now = [100.0]
    monkeypatch.setattr(live.time, "monotonic", lambda: now[0])
    grab = Camera.grab

    def later(self: Camera) -> bool:
        now[0] += 0.1
        return grab(self)

    monkeypatch.setattr(Camera, "grab", later)
    summary = blemish.inspect("camera:0", detector=darkness_file, every="0.95s", limit=3)
    assert [round(255 * (1 - one.score)) for one in summary.findings] == [1, 11, 21]


def test_another_run_takes_further_images(darkness_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    clock = live.datetime

    class Later:
        @staticmethod
        def now(zone: tzinfo) -> datetime:
            return clock.now(zone).replace(year=2099)

    given = {"detector": darkness_file, "every": "1", "limit": 2, "out": tmp_path / "out"}
    assert len(blemish.inspect("camera:0", **given).findings) == 2
    monkeypatch.setattr(live, "datetime", Later)
    assert len(blemish.inspect("camera:0", **given).findings) == 4


def test_a_password_is_used_and_written_nowhere(darkness_file: Path, tmp_path: Path):
    blemish.inspect(ADDRESS, detector=darkness_file, every="1", limit=2, out=tmp_path / "out")
    assert ADDRESS in Camera.opened
    for path in (tmp_path / "out").rglob("*"):
        assert "secret" not in str(path)
        assert not path.is_file() or b"secret" not in path.read_bytes()
    assert without_password(ADDRESS) == "rtsp://10.0.0.7:554/line"


def test_a_stream_that_breaks_off_is_opened_once_more(darkness_file: Path, tmp_path: Path):
    Camera.breaks = [5, 2, 4, 0]  # the trial, then 2 frames, 4 more, nothing
    with pytest.raises(BlemishError, match=r"\"rtsp://10.0.0.7:554/line\" no longer answers"):
        blemish.inspect(ADDRESS, detector=darkness_file, every="1", limit=50, out=tmp_path / "out")
    assert len(Camera.opened) == 4


@pytest.mark.parametrize("address", ["camera:7", ADDRESS])
def test_what_does_not_answer_is_a_sentence(darkness_file: Path, address: str):
    Camera.breaks = [0]
    with pytest.raises(ImageError, match="Nothing answers at") as caught:
        blemish.inspect(address, detector=darkness_file, limit=1)
    assert "secret" not in str(caught.value)


def test_without_a_limit_there_is_no_end(darkness_file: Path):
    with pytest.raises(SettingsError, match="--limit"):
        blemish.inspect("camera:0", detector=darkness_file)


def test_a_service_opens_no_camera():
    (source,) = sources_of(["camera:0"], Sourcing(public_only=True, limit=1))
    assert not isinstance(source, LiveSource)
    with pytest.raises(SettingsError, match="no address that is read"):
        list(sources_of([ADDRESS], Sourcing(public_only=True, limit=1))[0].find())


def test_a_real_reader_gives_frames(darkness_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.undo()
    path = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
    for number in range(10):
        writer.write(np.full((48, 64, 3), 20 * number, np.uint8))
    writer.release()
    monkeypatch.setattr(live, "is_live", lambda _: True)
    (frame, after) = (live.LiveFrames(), [])
    for _ in range(3):
        after.append(frame.read(live.Locator(live.LIVE, str(path), "3"))[0, 0, 0])
    frame.close()
    assert after == pytest.approx([0, 60, 120], abs=4)
