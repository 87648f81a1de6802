"""Two findings about one surface: what became of its cracks, by pictures that may be smaller than the images."""

from __future__ import annotations

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from blemish.errors import DataError
from blemish.findings import STATUSES, Finding, compare_findings
from blemish.measurement import Registration, Scale, compare_cracks, measure_cracks

SIZE = (640, 480)


def wall() -> np.ndarray:
    chance = np.random.default_rng(3)
    grain = sum(s * cv2.GaussianBlur(chance.normal(size=SIZE[::-1]), (0, 0), s) for s in (3.0, 4.0, 9.0))
    return np.clip(180 + 20 * grain, 90, 255).astype(np.uint8)


def mask_of(*bars: tuple[int, int, int, int]) -> np.ndarray:
    mask = np.zeros(SIZE[::-1], bool)
    for left, right, top, bottom in bars:
        mask[top:bottom, left:right] = True
    return mask


def finding_of(mask: np.ndarray, **values) -> tuple[Finding, np.ndarray]:
    cracks = measure_cracks(mask, scale=values.get("scale"))
    return Finding(image="a.jpg", name="a", size_px=SIZE, cracks=cracks, **values), np.where(mask, 40, wall())


STAYS, SHORT, LONG, CLOSED = (60, 360, 60, 65), (60, 260, 160, 164), (60, 420, 160, 164), (60, 360, 260, 266)
OPENED = (60, 360, 400, 406)


def test_each_cracks_fate_is_told_and_the_worst_first():
    before, after = finding_of(mask_of(STAYS, SHORT, CLOSED)), finding_of(mask_of(STAYS, LONG, OPENED))
    found = compare_findings(before[0], after[0], before[1], after[1])
    assert found.counts == {"grown": 1, "new": 1, "repaired": 1, "static": 1}
    assert list(found.counts) == [status for status in STATUSES if status in found.counts]
    assert found.status == "grown"
    record = json.loads(json.dumps(found.to_record(), allow_nan=False))
    assert record["counts"]["grown"] == 1
    assert len(record["changes"]) == 4


def test_smaller_views_tell_the_same_in_the_units_of_the_later_finding():
    before, after = finding_of(mask_of(SHORT)), finding_of(mask_of(LONG), scale=Scale.given(0.5))
    views = [
        cv2.resize(image, None, fx=f, fy=f, interpolation=cv2.INTER_AREA)
        for image, f in ((before[1], 0.75), (after[1], 0.6))
    ]
    (change,) = compare_findings(before[0], after[0], *views).changes
    assert (change.status, change.unit) == ("grown", "mm")
    assert change.length_growth == pytest.approx(80, abs=1.5)


def test_a_surface_without_cracks_at_either_date_has_no_status():
    before = finding_of(mask_of())
    found = compare_findings(before[0], before[0], before[1], before[1])
    assert (found.status, found.counts, found.changes) == (None, {}, ())


@pytest.mark.parametrize("date", ["earlier", "later"])
@pytest.mark.parametrize("missing", ["cracks", "size_px"])
def test_a_finding_without_measured_cracks_is_refused_with_its_date(date: str, missing: str):
    whole, view = finding_of(mask_of(STAYS))
    lacking = whole.model_copy(update={missing: None})
    pair = (lacking, whole) if date == "earlier" else (whole, lacking)
    with pytest.raises(DataError, match=f'The cracks of the {date} finding, of "a.jpg", were not measured'):
        compare_findings(*pair, view, view)


def test_other_surfaces_cannot_be_compared():
    found, view = finding_of(mask_of(STAYS))
    with pytest.raises(DataError, match="cannot be aligned"):
        compare_findings(found, found, view, np.full_like(view, 128))


@pytest.mark.parametrize("missed", ["earlier", "later"])
def test_a_crack_that_one_date_missed_is_neither_new_nor_repaired(missed: str):
    outlined, view = finding_of(mask_of(STAYS, CLOSED))
    lacking = finding_of(mask_of(STAYS))[0]
    pair = (lacking, outlined) if missed == "earlier" else (outlined, lacking)
    found = compare_findings(*pair, view, view)
    assert found.counts == {"static": 2}
    (doubted,) = [change for change in found.changes if change.doubt]
    assert f"the {missed} image shows a dark line there" in doubted.doubt
    assert doubted.length_growth is None
    assert [change["doubt"] for change in found.to_record()["changes"]].count(None) == 1


def test_the_mean_width_of_profiles_is_known_better_than_the_largest_of_an_outline():
    (crack,) = finding_of(mask_of(STAYS))[0].cracks
    known = replace(crack, width_uncertainties_px=np.full(len(crack.widths_px), 0.3))
    still = Registration(((1, 0, 0), (0, 1, 0), (0, 0, 1)), 99, 0.0, SIZE, SIZE)
    coarse, fine = (compare_cracks([one], [one], still)[0] for one in (crack, known))
    assert fine.width_uncertainty == pytest.approx(0.6)
    assert coarse.width_uncertainty == pytest.approx(2 * crack.width_uncertainty_px)
