"""An answer can be shown, saved and asked for its cracks, whatever the image came as."""

from __future__ import annotations

import io
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from blemish.detectors import Container, Detector, Inspection, Measuring, source_of
from blemish.errors import ImageError
from blemish.images import read_image, write_png
from blemish.measurement import Scale


@pytest.fixture
def detector(darkness: Container) -> Detector:
    return Detector(darkness)


def test_an_image_gets_the_same_answer_whatever_it_comes_as(
    detector: Detector, tmp_path: Path, wall: NDArray[np.uint8]
):
    path = tmp_path / "벽 1.png"
    write_png(path, wall)
    data = path.read_bytes()
    with path.open("rb") as file:
        given = [path, str(path), data, bytearray(data), io.BytesIO(data), file, wall]
        answers = [detector.inspect(one) for one in given]
    named = {"image", "path", "name"}
    first, *others = (answer.finding.model_dump_json(exclude=named) for answer in answers)
    assert others == [first] * 6
    assert [answer.finding.image for answer in answers] == [
        "벽 1.png", "벽 1.png", "image", "image", "image", "벽 1.png", "image",
    ]  # fmt: skip
    assert [answer.path for answer in answers] == [path, path, *[None] * 5]


@pytest.mark.parametrize("given", [3, None, {"a": 1}])
def test_what_is_no_image_is_refused_in_a_sentence(detector: Detector, given: object):
    with pytest.raises(ImageError, match="given as a path, bytes, an open binary file or an array"):
        detector.inspect(given)


def test_a_list_and_a_folder_give_a_list_in_which_a_bad_image_has_its_error(
    detector: Detector, tmp_path: Path, wall: NDArray[np.uint8]
):
    for name in ("1.png", "2.png", "10.png"):
        write_png(tmp_path / name, wall)
    (tmp_path / "2.png").write_bytes(b"no image")
    from_folder = detector.inspect(tmp_path)
    assert [answer.finding.image for answer in from_folder] == ["1.png", "2.png", "10.png"]
    assert [answer.error is not None for answer in from_folder] == [False, True, False]
    mixed = detector.inspect([wall, tmp_path / "1.png", b"no image", tmp_path])
    assert [answer.verdict for answer in mixed] == ["reject", "reject", None, "reject", None, "reject"]


def test_one_bad_image_is_an_error(detector: Detector, tmp_path: Path):
    (tmp_path / "a.png").write_bytes(b"no image")
    with pytest.raises(ImageError, match=r"a\.png"):
        detector.inspect(tmp_path / "a.png")


def test_an_answer_has_its_cracks_in_the_scale_asked_for(detector: Detector, wall: NDArray[np.uint8]):
    (in_px,) = detector.inspect(wall).cracks
    (in_mm,) = detector.inspect(wall, measuring=Measuring.of(0.5)).cracks
    assert in_px.max_width_px == pytest.approx(4, abs=0.3)
    assert in_px.mm is None
    assert in_mm.mm.max_width == pytest.approx(in_px.max_width_px / 2)
    assert in_mm.grade is not None
    assert detector.inspect(wall, measuring=Measuring.of(Scale.given(0.5))).scale == Scale.given(0.5)


def test_an_answer_can_be_saved_as_a_picture(detector: Detector, wall: NDArray[np.uint8], tmp_path: Path):
    answer = detector.inspect(wall)
    for name in ("a.png", "b.jpg"):
        answer.save(tmp_path / name)
    assert (read_image(tmp_path / "a.png") == answer.overlay()).all()
    assert (answer.overlay() != wall).any()
    assert read_image(tmp_path / "b.jpg").shape == wall.shape
    with pytest.raises(ImageError, match="ends in neither"):
        answer.save(tmp_path / "c.gif")


def test_a_notebook_shows_verdict_cracks_and_picture(detector: Detector, tmp_path: Path, wall: NDArray[np.uint8]):
    path = tmp_path / "<b>&.png"
    write_png(path, wall)
    page = detector.inspect(path)._repr_html_()
    assert "verdict <b>reject</b>" in page
    assert "cracks <b>1</b>" in page
    assert "&lt;b&gt;&amp;.png" in page
    assert re.search(r'src="data:image/jpeg;base64,[A-Za-z0-9+/=]+"', page)


def test_where_nothing_is_shown_the_answer_is_opened_as_a_picture(
    detector: Detector, wall: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
):
    from PIL import Image

    opened: list[tuple[int, int]] = []
    monkeypatch.setattr(Image.Image, "show", lambda picture: opened.append(picture.size))
    detector.inspect(wall).show()
    assert opened == [(150, 100)]


def test_an_answer_without_pixels_says_why_there_is_no_picture(detector: Detector):
    (failed,) = detector.inspect([b"no image"])
    assert isinstance(failed, Inspection)
    with pytest.raises(ValueError, match="nothing to draw"):
        failed.overlay()
    assert "no image" in failed._repr_html_() or "image" in failed.error


def test_a_source_is_read_when_its_turn_comes(tmp_path: Path, wall: NDArray[np.uint8]):
    path = tmp_path / "late.png"
    source = source_of(path)
    path.write_bytes(cv2.imencode(".png", wall)[1].tobytes())
    assert (source.load().pixels == wall).all()
