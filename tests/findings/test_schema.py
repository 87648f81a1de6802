"""A finding says the same after it was written and read, and its JSON schema is one that a service can publish."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from blemish.findings import Finding, crack_record, to_line
from blemish.measurement import Scale, measure_mask

PLANE = Scale.from_plane([(0, 0), (300, 20), (310, 230), (5, 200)], [(0, 0), (50, 0), (50, 40), (0, 40)])


def test_what_is_written_reads_back_the_same(whole: Finding):
    back = Finding.model_validate_json(to_line(whole))
    assert to_line(back) == to_line(whole)
    assert (back.regions, back.scale, back.notes, back.mask_file) == (
        whole.regions,
        whole.scale,
        whole.notes,
        whole.mask_file,
    )
    np.testing.assert_allclose(back.cracks[0].polyline_px, whole.cracks[0].polyline_px, atol=0.006)
    np.testing.assert_allclose(back.cracks[0].widths_px, whole.cracks[0].widths_px, atol=0.0006)
    assert back.cracks[0].mm.max_width == pytest.approx(whole.cracks[0].mm.max_width, abs=1e-6)
    assert back.cracks[0].grade == whole.cracks[0].grade is not None


@pytest.mark.parametrize("scale", [Scale.given(0.2), PLANE], ids=["mm", "plane"])
def test_widths_in_millimetres_follow_from_a_crack_that_was_read(scale: Scale):
    mask = np.zeros((240, 320), np.bool_)
    mask[100:105, 20:300] = True
    (crack,) = measure_mask(mask, scale=scale).cracks
    finding = Finding(image="a", name="a", cracks=(crack,), scale=scale)
    (back,) = Finding.model_validate_json(to_line(finding)).cracks
    np.testing.assert_allclose(back.widths_mm(scale), crack.widths_mm(scale), rtol=0.01)
    assert np.nanmax(back.widths_mm(scale)) == pytest.approx(back.mm.max_width, rel=0.01)


def test_a_line_holds_plain_values_and_readable_names(whole: Finding):
    line = to_line(whole)
    record = json.loads(line)
    assert list(record)[:4] == ["image", "path", "name", "size_px"]
    assert record["error"] is None
    assert "왼쪽" in line
    assert "\n" not in line


def test_a_width_that_was_not_measured_is_null(whole: Finding):
    widths = whole.cracks[0].widths_px.copy()
    widths[3] = np.nan
    from dataclasses import replace

    finding = whole.model_copy(update={"cracks": (replace(whole.cracks[0], widths_px=widths),)})
    assert json.loads(to_line(finding))["cracks"][0]["widths_px"][3] is None
    assert np.isnan(Finding.model_validate_json(to_line(finding)).cracks[0].widths_px[3])


def test_a_crack_can_be_told_without_its_line(whole: Finding):
    short, full = crack_record(whole.cracks[0], line=False), crack_record(whole.cracks[0])
    assert set(full) - set(short) == {"polyline_px", "widths_px", "width_uncertainties_px", "width_flags"}
    json.dumps(full, allow_nan=False)


@given(st.binary(min_size=1, max_size=40).filter(lambda name: not set(name) & set(b"\0/\\")))
def test_names_that_are_not_unicode_are_shown_and_still_lead_to_their_file(name: bytes):
    path = os.fsdecode(b"a/" + name)
    finding = Finding(image=path, path=path, name="x", error=f'"{path}" is empty.')
    line = to_line(finding).encode("utf-8")
    back = Finding.model_validate_json(line)
    assert os.fsencode(back.file) == os.fsencode(Path(path))
    back.error.encode("utf-8")


def test_its_schema_can_be_published():
    schema = Finding.model_json_schema()
    assert schema["properties"]["score"]["description"]
    assert schema["$defs"]["Crack"]["properties"]["polyline_px"]["type"] == "array"
    assert Finding.model_json_schema(mode="serialization")["$defs"].keys() == schema["$defs"].keys()


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "../up"},
        {"verdict": "fine"},
        {"score": float("nan")},
        {"size_px": (0, 4)},
        {"mask_file": "/etc/mask.png"},
        {"mask_file": "../mask.png"},
    ],
)
def test_what_no_finding_may_say_is_refused(wrong: dict):
    with pytest.raises(ValidationError):
        Finding(**{"image": "a", "name": "a", **wrong})
