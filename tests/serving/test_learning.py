"""Decisions become labels: the rule, the data set that they make, and what is trained on it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from blemish.cli.app import app
from blemish.datasets import Dataset, read_dataset
from blemish.detectors import read_container
from blemish.errors import DataError
from blemish.findings import Finding
from blemish.measurement.regions import Region
from blemish.serving.learning.labels import label_of
from blemish.serving.learning.opening import write_reviewed_images
from blemish.serving.learning.reviewed import write_reviewed
from blemish.serving.pictures import mask_png
from blemish.serving.store import Blobs, Database
from blemish.serving.store.findings import Corrected, Kept, add_finding, review

from .conftest import png

HEIGHT_PX, WIDTH_PX = 40, 60
SQUARE = np.zeros((HEIGHT_PX, WIDTH_PX), bool)
SQUARE[5:15, 20:30] = True


def region(label: str | None = None, bbox_px: tuple[int, int, int, int] = (20, 5, 10, 10)) -> Region:
    area = bbox_px[2] * bbox_px[3]
    return Region(bbox_px=bbox_px, area_px=area, centroid_px=(24.5, 9.5), score=0.9, mean_score=0.8, label=label)


def finding(verdict: str | None, *, regions: tuple[Region, ...] = (), image: str = "a.png", **more: Any) -> Finding:
    size_px = (WIDTH_PX, HEIGHT_PX)
    return Finding(image=image, name="a", size_px=size_px, score=0.5, verdict=verdict, regions=regions, **more)


@pytest.mark.parametrize(
    ("verdict", "outlined", "state", "defective", "extent"),
    [
        ("reject", True, "approved", True, True),
        ("reject", True, "rejected", False, None),
        ("reject", False, "approved", True, None),
        ("review", True, "approved", True, True),
        ("review", True, "rejected", False, None),
        ("pass", False, "approved", False, None),
        ("pass", False, "rejected", True, None),
        ("unusable", False, "approved", None, None),
        ("unusable", False, "rejected", None, None),
        ("unknown surface", True, "approved", None, None),
        ("unknown surface", True, "rejected", None, None),
        (None, True, "approved", True, True),
        (None, True, "rejected", False, None),
        (None, False, "approved", None, None),
    ],
)
def test_an_approval_confirms_and_a_rejection_denies(
    verdict: str | None, outlined: bool, state: Any, defective: bool | None, extent: bool | None
):
    label = label_of(state, finding(verdict), SQUARE if outlined else None, None)
    if defective is None:
        assert label is None
        return
    assert label is not None
    assert label.defective is defective
    if not defective:
        assert label.masks == {}
    elif extent:
        assert np.array_equal(label.masks["defect"], SQUARE)
    else:
        assert label.masks is None


@pytest.mark.parametrize("verdict", ["reject", "review", "pass", "unusable", "unknown surface", None])
def test_a_corrected_mask_outweighs_every_verdict(verdict: str | None):
    drawn = label_of("corrected", finding(verdict), None, SQUARE)
    assert drawn is not None
    assert drawn.defective
    assert np.array_equal(drawn.masks["defect"], SQUARE)
    erased = label_of("corrected", finding(verdict), SQUARE, np.zeros_like(SQUARE))
    assert erased is not None
    assert (erased.defective, erased.masks) == (False, {})


def test_a_mask_of_several_classes_keeps_them_apart():
    both = SQUARE.copy()
    both[25:30, 40:45] = True
    both[35:38, 2:4] = True  # drawn by hand: no region of the detector is there
    regions = (region("crack"), region("spall", (40, 25, 5, 5)))
    label = label_of("corrected", finding("reject", regions=regions, label="crack"), SQUARE, both)
    assert label is not None
    assert set(label.masks) == {"crack", "spall"}
    assert label.masks["spall"].sum() == 25
    assert np.array_equal(label.masks["crack"] | label.masks["spall"], both)


class Store:
    """A service's store, filled by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = Database(f"sqlite:///{folder / 'blemish.sqlite'}")
        self.pictures = Blobs(folder / "pictures")

    def add(self, number: int, verdict: str, *decisions: str, mask: np.ndarray | None = None, **more: Any) -> bytes:
        """A finding about an image that differs for each number, and decisions about it; its file."""
        noise = np.random.default_rng(number).integers(60, 250, (HEIGHT_PX, WIDTH_PX, 3), dtype=np.uint8)
        file = png(noise)
        outlined = verdict in {"reject", "review"}
        kept = Kept(
            "wall",
            "0" * 64,
            "tester",
            self.pictures.put(file),
            mask_sha=self.pictures.put(mask_png(SQUARE)) if outlined else None,
        )
        regions = (region("crack"),) if outlined else ()
        with self.database.transaction() as session:
            found = finding(verdict, regions=regions, image=f"deck/{number}.png", **more)
            added = add_finding(session, found, kept)
            for decision in decisions:
                drawn = None
                if decision == "correct" and mask is not None:
                    drawn = Corrected(self.pictures.put(mask_png(mask)), self.pictures.put(file), found)
                review(session, added, None, decision, tags=[], comment="", reviewer="t", corrected=drawn)  # type: ignore[arg-type]
        return file


@pytest.fixture
def store(tmp_path: Path) -> Store:
    (tmp_path / "store").mkdir()
    return Store(tmp_path / "store")


def by_content(dataset: Dataset) -> dict[bytes, Any]:
    return {sample.path.read_bytes(): sample for sample in dataset.samples}


def test_reviewed_images_are_read_back_pixel_for_pixel(store: Store, tmp_path: Path):
    drawn = np.random.default_rng(9).random((HEIGHT_PX, WIDTH_PX)) < 0.2
    confirmed = store.add(1, "reject", "approve")
    alarm = store.add(2, "reject", "reject")
    fine = store.add(3, "pass", "approve")
    missed = store.add(4, "pass", "reject")
    corrected = store.add(5, "reject", "correct", mask=drawn)
    emptied = store.add(6, "reject", "correct", mask=np.zeros_like(drawn))
    still_open = store.add(7, "reject")
    reopened = store.add(8, "reject", "approve", "reopen")
    store.add(9, "unusable", "approve")
    said = write_reviewed(store.database, store.pictures, tmp_path / "out")
    assert (said.normal, said.defective, said.without_extent, said.undecided) == (3, 3, 1, 1)
    samples = by_content(read_dataset(tmp_path / "out"))
    assert set(samples) == {confirmed, alarm, fine, missed, corrected, emptied}
    assert not {still_open, reopened} & set(samples)
    for file, mask in ((confirmed, SQUARE), (corrected, drawn), (alarm, None), (fine, None), (emptied, None)):
        sample = samples[file]
        expected = np.zeros_like(drawn) if mask is None else mask
        assert sample.defective is (mask is not None)
        assert np.array_equal(sample.read_mask(HEIGHT_PX, WIDTH_PX), expected)
    assert (samples[missed].defective, samples[missed].masks) == (True, None)
    assert samples[confirmed].label == "crack"


def test_of_several_findings_about_one_image_the_latest_decision_counts(store: Store, tmp_path: Path):
    file = store.add(1, "reject", "approve")
    assert store.add(1, "reject", "reject") == file
    store.add(1, "reject")
    write_reviewed(store.database, store.pictures, tmp_path / "out")
    (sample,) = read_dataset(tmp_path / "out").samples
    assert sample.defective is False


def test_a_fifth_is_for_testing_and_stays_so_while_others_are_added(store: Store, tmp_path: Path):
    for number in range(40):
        store.add(number, "reject", "approve" if number % 2 else "reject")
    write_reviewed(store.database, store.pictures, tmp_path / "a")
    for number in range(40, 80):
        store.add(number, "pass", "approve")
    said = write_reviewed(store.database, store.pictures, tmp_path / "b")
    before, after = (by_content(read_dataset(tmp_path / name)) for name in "ab")
    assert {file: sample.split for file, sample in before.items()} == {file: after[file].split for file in before}
    assert {sample.split for sample in after.values()} == {"train", "test"}
    assert 5 < said.test < 30


def test_look_alikes_stay_on_one_side(store: Store, tmp_path: Path):
    for number in range(30):
        image = cv2.imdecode(np.frombuffer(store.add(number, "pass", "approve"), np.uint8), cv2.IMREAD_COLOR)
        other = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 0])[1].tobytes()  # another file of the same
        kept = Kept("wall", "0" * 64, "t", store.pictures.put(other))
        with store.database.transaction() as session:
            added = add_finding(session, finding("pass", image=f"copy/{number}.png"), kept)
            review(session, added, None, "approve", tags=[], comment="", reviewer="t")
    write_reviewed(store.database, store.pictures, tmp_path / "out")
    sides: dict[bytes, set[Any]] = {}
    for sample in read_dataset(tmp_path / "out").samples:
        sides.setdefault(sample.read_image().tobytes(), set()).add(sample.split)
    assert len(sides) == 30
    assert all(len(splits) == 1 for splits in sides.values())
    assert set.union(*sides.values()) == {"train", "test"}


def test_a_store_is_named_by_its_folder_its_file_or_its_url(store: Store, tmp_path: Path):
    store.add(1, "reject", "approve")
    file = store.folder / "blemish.sqlite"
    for number, name in enumerate((str(store.folder), str(file), f"sqlite:///{file}")):
        assert write_reviewed_images(name, tmp_path / str(number)).defective == 1
    for wrong, said in (
        (str(tmp_path / "gone"), "no database"),
        ("postgresql://nobody@127.0.0.1:1/x", "Say with --store"),
    ):
        with pytest.raises(DataError, match=said):
            write_reviewed_images(wrong, tmp_path / "x")


def test_without_a_decision_there_is_nothing_to_learn_from(store: Store, tmp_path: Path):
    store.add(1, "reject")
    with pytest.raises(DataError, match="decide about findings first"):
        write_reviewed(store.database, store.pictures, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_image_that_is_gone_is_said(store: Store, tmp_path: Path):
    store.add(1, "pass", "approve")
    for sha in list(store.pictures.all()):
        store.pictures.remove(sha)
    with pytest.raises(DataError, match=r'"deck/1.png" is gone'):
        write_reviewed(store.database, store.pictures, tmp_path / "out")


def test_reading_reviews_needs_no_torch(store: Store, tmp_path: Path):
    store.add(1, "reject", "approve")
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from blemish.serving.learning.opening import write_reviewed_images\n"
        f"write_reviewed_images({str(store.folder)!r}, Path({str(tmp_path / 'out')!r}))\n"
        "assert not {'torch', 'lightning', 'timm'} & set(sys.modules), sorted(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.train
@pytest.mark.slow
def test_the_command_line_trains_from_reviews(store: Store, tmp_path: Path):
    pytest.importorskip("torch")
    for number in range(24):
        store.add(number, "reject", "approve" if number % 4 == 0 else "reject")
    normal = ("train", "patchcore", "--set", "backbone=squeezenet1_1", "--set", "pretrained=false")
    labelled = ("train", "unet", "--set", "encoder=plain", "--set", "epochs=1", "--set", "crop_px=64")
    for number, method in enumerate((normal, (*labelled, "--set", "tile_px=64"))):
        out = tmp_path / f"{number}.blemish"
        ran = CliRunner().invoke(app, [*method, "--reviews", str(store.folder), "--out", str(out)])
        assert ran.exit_code == 0, ran.output
        spec = read_container(out).spec
        assert spec.provenance.data == "reviewed"
    both = CliRunner().invoke(app, ["train", "unet", "--out", str(tmp_path / "x.blemish")])
    assert "--reviews" in both.output
