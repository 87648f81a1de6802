"""Grades are data: what ships, what a user writes, and what is told about their source."""

from __future__ import annotations

from pathlib import Path

import pytest

from blemish.errors import SettingsError
from blemish.measurement import GradeScale, load_grades, shipped_grades

OWN = """
name: Ours
edges_mm: [0.1, 0.5]
labels: [fine, watch, repair]
source: our handbook
"""


@pytest.mark.parametrize("name", shipped_grades())
def test_every_shipped_scale_says_where_it_comes_from_and_that_it_is_a_guide(name: str):
    scale = load_grades(name)
    assert scale.source
    assert scale.status in ("verified", "secondary", "unconfirmed")
    assert "no verdict" in " ".join(scale.note.split())
    assert scale.model_dump(mode="json")["labels"] == list(scale.labels)


def test_eurocode_2_ships():
    scale = load_grades("eurocode-2")
    assert scale.status == "verified"
    assert [scale.grade_of(width)[:9] for width in (0.19, 0.2, 0.35, 0.4)] == [
        "to 0.2 mm",
        "0.2-0.3 m",
        "0.3-0.4 m",
        "over 0.4 ",
    ]


def test_a_width_near_an_edge_may_deserve_two_grades():
    scale = GradeScale(name="n", edges_mm=(0.1, 0.5), labels=("a", "b", "c"), source="s")
    assert scale.grades_within(0.3, 0.05) == ("b",)
    assert scale.grades_within(0.12, 0.05) == ("a", "b")
    assert scale.grades_within(0.3, 1.0) == ("a", "b", "c")


def test_a_users_scale_is_read_from_yaml(tmp_path: Path):
    path = tmp_path / "ours.yaml"
    path.write_text(OWN, encoding="utf-8")
    scale = load_grades(path)
    assert (scale.name, scale.status, scale.grade_of(0.3)) == ("Ours", "own", "watch")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (OWN.replace("[0.1, 0.5]", "[0.5, 0.1]"), "must rise"),
        (OWN.replace("[0.1, 0.5]", "[-0.1, 0.5]"), "above 0"),
        (OWN.replace("[0.1, 0.5]", "[0.1, .nan]"), "above 0"),
        (OWN.replace("[0.1, 0.5]", "[0.1]"), "1 edges need 2 labels, not 3"),
        (OWN.replace("source: our handbook", ""), "source"),
        (OWN + "colour: red\n", "colour"),
        ("edges_mm: [1", "is not YAML"),
        ("just words", "not usable"),
        ("", "not usable"),
    ],
)
def test_a_file_that_is_no_scale_is_one_sentence(tmp_path: Path, text: str, said: str):
    path = tmp_path / "ours.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=said) as error:
        load_grades(path)
    assert "ours.yaml" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_name_that_does_not_exist_gets_a_hint(tmp_path: Path):
    with pytest.raises(SettingsError, match='Did you mean "eurocode-2"'):
        load_grades("eurocode-3")
    with pytest.raises(SettingsError, match="cannot be read"):
        load_grades(tmp_path / "nothing.yaml")
    with pytest.raises(SettingsError, match="cannot be read"):
        load_grades(tmp_path / "folder.yaml" if (tmp_path / "folder.yaml").mkdir() is None else "")
