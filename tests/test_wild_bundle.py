"""How wild_cracks.py bundles a detector: on which crack-free images it is calibrated, and what its card says."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import blemish
import wild_bundle
from blemish.datasets import Dataset, FileMask, Sample
from blemish.datasets.identity import image_digests
from blemish.datasets.readers.mixture_recipe import read_recipe_of_mixture
from blemish.datasets.sample import ClassMask
from blemish.detectors import Detector
from blemish.images import write_png
from wild_bundle import card_of, fresh_photos, outlined_fresh, unseen_normals
from wild_domains import FRESH, RECIPE, recipe_without


def test_more_patches_are_more_of_the_crack_free_ones_alone(tmp_path):
    once = {source.name: source.max_images for source in read_recipe_of_mixture(RECIPE).sources}
    twice = read_recipe_of_mixture(recipe_without((), tmp_path, patches=2))
    more = {source.name: source.max_images for source in twice.sources if source.max_images != once[source.name]}
    assert more == {name: 2 * (once[name] or 0) for name in more}
    assert set(more) == {name for name in once if "crack-free patches" in name}
    assert recipe_without((), tmp_path).read_text() == recipe_without((), tmp_path, patches=1).read_text()


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Five crack-free photos of a wall, two of a pavement, one of METU; two cracked ones; one of a test split."""
    rng = np.random.default_rng(0)

    def sample(number: int, group: str, *, cracked: bool = False, split: str = "train") -> Sample:
        path = tmp_path / f"{number:02d}.png"
        write_png(path, rng.integers(120, 140, (64, 64, 3), dtype=np.uint8))
        mask = tmp_path / f"{number:02d}-mask.png"
        write_png(mask, np.full((64, 64), 255 * cracked, np.uint8))
        masks = (ClassMask("defect", FileMask(mask)),)
        return Sample(path, "crack" if cracked else "good", masks=masks, group=group, split=split)

    walls = [sample(number, f"SDNET2018:W{number}") for number in range(5)]
    pavements = [sample(10, "SDNET2018:P1"), sample(11, "SDNET2018:P2")]
    others = [
        sample(12, "METU crack-free patches:a"),
        sample(13, "SDNET2018:D1", cracked=True),
        sample(14, "drone close-ups:slide1"),
        sample(15, "SDNET2018:W9", split="test"),
    ]
    known = Dataset("photos", tmp_path, "mixture", (*walls, *pavements, *others), ("defect",))
    monkeypatch.setattr(wild_bundle, "read_dataset", lambda _: known)
    return known


def having_seen(known: Dataset, *numbers: int) -> Detector:
    """The bundled detector, its training images being some of those."""
    detector = blemish.load("concrete-crack", threads=1)
    seen = replace(known, samples=tuple(one for one in known.samples if int(one.path.stem) in numbers))
    made = detector.spec.provenance.model_copy(update={"images": image_digests(seen)})
    return detector.with_spec(detector.spec.model_copy(update={"provenance": made}))


def stems(paths: list[Path]) -> list[int]:
    return [int(path.stem) for path in paths]


def test_fresh_photos_are_crack_free_unseen_and_of_no_test_split(photos, tmp_path):
    fresh = fresh_photos(having_seen(photos, 1), tmp_path)
    assert {name: stems(paths) for name, paths in fresh.items()} == {
        "structures": [0, 2, 3, 4],
        "pavements": [10, 11],
        "metu": [12],
    }


def test_what_sets_the_rule_does_not_calibrate(photos, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CRACK_SOURCES", str(tmp_path))
    for name in FRESH:
        for kind in ("images", "masks"):
            (tmp_path / name / "train" / kind).mkdir(parents=True)
            write_png(tmp_path / name / "train" / kind / "0.png", np.zeros((64, 64, 3), np.uint8))
    detector = having_seen(photos, 1)
    looked_at = []
    monkeypatch.setattr(wild_bundle, "_highest", lambda _, path: looked_at.append(path) or (0.6, 0.85))
    outlined_fresh(detector, tmp_path)
    said = capsys.readouterr().out.splitlines()
    assert said[1].startswith("| structures, 2, outlined | 1.000 | 1.000 | 1.000 | 0.000 |")
    assert said[2] == "| structures, 2, by score |" + " 1.000 |" * 11 + " 0.000 |" * 3
    real, drawn = unseen_normals(detector, tmp_path)
    assert stems(looked_at) == [0, 3, 10, 12]
    assert stems(real) == [2, 4, 11]
    assert {path.parent.name for path in drawn} == {"images"}
    assert len(drawn) == len(FRESH)


def test_the_card_says_the_rule_and_the_calibration_of_what_is_bundled():
    container = blemish.load("concrete-crack").container
    spec = container.spec.model_copy(
        update={"thresholds": container.spec.thresholds.model_copy(update={"pixel": 0.25, "peak": 0.75})}
    )
    card = card_of(container.card, spec, "other")
    assert card.startswith("# other\n")
    assert "pixel 0.25, peak 0.75, at least 160 px, gaps up to" in card
    assert card.count("- Calibration: ") == 1
