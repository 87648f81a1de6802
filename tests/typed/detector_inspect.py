"""What a type checker knows about `Detector.inspect`: mypy checks this file, and nothing runs it."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import assert_type

import numpy as np

import blemish
from blemish import Detector, Inspection


def one_image_gives_one_answer(detector: Detector) -> None:
    assert_type(detector.inspect("wall.jpg"), Inspection)
    assert_type(detector.inspect(Path("wall.jpg")), Inspection)
    assert_type(detector.inspect(b"bytes of a file"), Inspection)
    assert_type(detector.inspect(BytesIO()), Inspection)
    assert_type(detector.inspect(np.zeros((64, 64, 3), np.uint8)), Inspection)
    assert_type(detector.inspect(np.zeros((64, 64))), Inspection)


def several_images_and_folders_give_several(detector: Detector) -> None:
    assert_type(detector.inspect(["a.jpg", Path("b.jpg"), b"bytes"]), list[Inspection])
    assert_type(detector.inspect([Path("folder")]), list[Inspection])
    assert_type(detector.inspect(("a.jpg", np.zeros((64, 64)))), list[Inspection])
    assert_type(detector.inspect(sorted(Path().glob("*.jpg"))), list[Inspection])
    for answer in detector.inspect(["folder"]):
        assert_type(answer, Inspection)


def what_is_no_image_is_refused(detector: Detector) -> None:
    detector.inspect(3)  # type: ignore[call-overload]
    detector.inspect(None)  # type: ignore[call-overload]
    detector.inspect({"a.jpg"})  # type: ignore[call-overload]


assert_type(blemish.load("concrete-crack"), Detector)
