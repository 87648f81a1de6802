"""A recipe that mixes sources by weight, each with its licence, and the licences that let weights be shipped."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from blemish.datasets import SHIPPING_LICENCES, Source, read_dataset, require_shippable, unshippable
from blemish.errors import DataError

MASKED = [f"walls/images/w{wall}-{cell}.jpg" for wall in range(8) for cell in range(2)]
MASKS = [name.replace("images", "masks").replace(".jpg", "_mask.png") for name in MASKED]
CLEAN = [f"clean/n{number}.jpg" for number in range(6)]

WALLS = {
    "name": "walls",
    "path": "set/walls",
    "weight": 3,
    "licence": "CC-BY-4.0",
    "attribution": "Someone 2020",
    "group": r"(w\d+)-",
}
CLEAN_WALLS = {
    "name": "clean",
    "path": "set/clean",
    "weight": 1,
    "licence": "CC0-1.0",
    "attribution": "Nobody",
    "content": "normal",
}


@pytest.fixture
def write(lay_out, tmp_path: Path):
    lay_out([*MASKED, *MASKS, *CLEAN])

    def recipe(*sources: dict[str, object], **more: object) -> Path:
        path = tmp_path / "mixed.yaml"
        path.write_text(yaml.safe_dump({"name": "mixed", "sources": list(sources), **more}), encoding="utf-8")
        return path

    return recipe


def test_weights_are_shared_among_the_training_images_of_a_source(write):
    dataset = read_dataset(write(WALLS, CLEAN_WALLS))
    assert (dataset.name, len(dataset), dataset.classes) == ("mixed", 22, ("defect",))
    for label, weight in (("defect", 3.0), ("good", 1.0)):
        trained = [sample for sample in dataset.split("train").samples if sample.label == label]
        assert sum(sample.weight for sample in trained) == pytest.approx(weight)
    licences = {source.name: source.licence for source in dataset.sources}
    assert licences == {"walls": "CC-BY-4.0", "clean": "CC0-1.0"}
    assert sum(source.n_images for source in dataset.sources) == len(dataset.split("train"))


def test_normal_sources_are_known_to_be_normal(write):
    normal = read_dataset(write(CLEAN_WALLS)).samples
    assert all(sample.defective is False and sample.masks == () for sample in normal)


def test_groups_stay_on_one_side_and_other_sources_never_move_them(write):
    both = {sample.path: sample for sample in read_dataset(write(WALLS, CLEAN_WALLS)).samples}
    alone = {sample.path: sample for sample in read_dataset(write(WALLS)).samples}
    assert all(both[path].split == sample.split for path, sample in alone.items())
    sides: dict[str | None, set[str | None]] = {}
    for sample in alone.values():
        sides.setdefault(sample.group, set()).add(sample.split)
    assert len(sides) == 8
    assert all(len(side) == 1 for side in sides.values())
    assert {sample.split for sample in alone.values()} == {"train", "test"}


def test_a_family_shares_its_groups(write):
    one, other = {**WALLS, "family": "house"}, {**CLEAN_WALLS, "family": "house", "group": r"n(\d+)"}
    groups = {sample.group for sample in read_dataset(write(one, other)).samples}
    assert {"house:w0", "house:0"} <= groups


def test_only_what_fits_the_pattern_is_taken_and_no_more_than_asked_for(write):
    dataset = read_dataset(write({**WALLS, "only": "w[0-3]-", "max_images": 3}, test_fraction=0))
    assert len(dataset) == 3
    assert all(sample.path.stem[1] in "0123" for sample in dataset.samples)


def test_paths_may_name_a_variable(write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    recipe = write({**CLEAN_WALLS, "path": "$WALLS_AT_HOME/clean"})
    with pytest.raises(DataError, match=r'lies in "\$WALLS_AT_HOME/clean"; set that variable'):
        read_dataset(recipe)
    monkeypatch.setenv("WALLS_AT_HOME", str(tmp_path / "set"))
    assert len(read_dataset(recipe)) == 6


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"weight": 0}, "sources.0.weight"),
        ({"licence": ""}, "sources.0.licence"),
        ({"group": "("}, "no pattern"),
        ({"colour": "red"}, "sources.0.colour"),
        ({"path": "set/nowhere"}, "There is nothing at"),
        ({"only": "zebra"}, "gives no image"),
        ({"group": "(zebra)"}, "does not fit"),
    ],
)
def test_what_cannot_be_is_named(write, change: dict[str, object], said: str):
    with pytest.raises(DataError, match=said):
        read_dataset(write({**WALLS, **change}))


def test_an_image_in_two_sources_is_refused(write):
    with pytest.raises(DataError, match=r'stands in two sources of .*: "walls" and "again"'):
        read_dataset(write(WALLS, {**WALLS, "name": "again"}))


def test_another_yaml_file_is_no_mixture(tmp_path: Path):
    (tmp_path / "data.yaml").write_text("names: [crack]\n", encoding="utf-8")
    with pytest.raises(DataError, match="is no data set"):
        read_dataset(tmp_path / "data.yaml")


@pytest.mark.parametrize("licence", ["CC-BY-NC-4.0", "research only", "unknown", "GPL-3.0-only"])
def test_weights_of_such_a_licence_are_not_shipped(licence: str):
    free = Source(name="free", licence="CC0-1.0", attribution="Nobody", weight=1)
    bound = Source(name="bound", licence=licence, attribution="Someone", weight=1)
    assert unshippable([free, bound]) == (bound,)
    with pytest.raises(DataError, match=f'"bound" \\({licence}\\) may not be shipped'):
        require_shippable([free, bound])


@pytest.mark.parametrize("licence", sorted(SHIPPING_LICENCES))
def test_weights_of_such_a_licence_are_shipped(licence: str):
    require_shippable([Source(name="free", licence=licence, attribution="Someone", weight=1)])
