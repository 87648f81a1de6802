"""One hash over which images were seen."""

from __future__ import annotations

import shutil
import unicodedata
from dataclasses import replace

import pytest

from blemish.datasets import fingerprint, read_dataset
from blemish.errors import DataError

NAMES = ["good/a.jpg", "good/b.jpg", "dent/c.jpg"]


def test_the_fingerprint_depends_on_content_and_names_and_not_on_the_place(lay_out, tmp_path) -> None:
    root = lay_out(NAMES)
    first = fingerprint(read_dataset(root))
    assert len(first) == 64
    copy = tmp_path / "copy of it"
    shutil.copytree(root, copy)
    assert fingerprint(read_dataset(copy)) == first
    (copy / "good/a.jpg").rename(copy / "good/z.jpg")
    renamed = fingerprint(read_dataset(copy))
    (copy / "good/z.jpg").rename(copy / "good/a.jpg")
    (copy / "good/a.jpg").write_bytes((copy / "good/a.jpg").read_bytes() + b"\0")
    changed = fingerprint(read_dataset(copy))
    (copy / "good/a.jpg").unlink()
    fewer = fingerprint(read_dataset(copy))
    assert len({first, renamed, changed, fewer}) == 4


def test_a_name_counts_where_the_order_stays_and_the_order_of_the_samples_does_not(lay_out) -> None:
    root = lay_out(NAMES)
    dataset = read_dataset(root)
    assert fingerprint(replace(dataset, samples=dataset.samples[::-1])) == fingerprint(dataset)
    first = fingerprint(dataset)
    (root / "good/b.jpg").rename(root / "good/bb.jpg")
    assert fingerprint(read_dataset(root)) != first


def test_labels_and_layout_do_not_enter(lay_out) -> None:
    root = lay_out(NAMES)
    (root / "table.csv").write_text("path,label\n" + "".join(f"{name},odd\n" for name in NAMES))
    assert fingerprint(read_dataset(root / "table.csv")) == fingerprint(read_dataset(root, layout="class-folders"))


def test_names_count_however_their_letters_are_composed(lay_out, tmp_path) -> None:
    root = lay_out(["정상/사진.jpg"])
    copy = tmp_path / unicodedata.normalize("NFD", "정상")
    copy.mkdir()
    shutil.copytree(root / "정상", copy / unicodedata.normalize("NFD", "정상"))
    shutil.move(
        copy / unicodedata.normalize("NFD", "정상") / "사진.jpg", copy / unicodedata.normalize("NFD", "정상/사진.jpg")
    )
    assert fingerprint(read_dataset(copy)) == fingerprint(read_dataset(root))


def test_an_image_that_went_away_is_said(lay_out) -> None:
    dataset = read_dataset(lay_out(NAMES))
    dataset.samples[0].path.unlink()
    with pytest.raises(DataError, match=r"c\.jpg"):
        fingerprint(dataset)
