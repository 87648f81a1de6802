"""Settings: defaults, recipe, --set, in that order, and every typo answered."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

from blemish.errors import SettingsError
from blemish.methods import get_method, method_names
from blemish.training.recipes import parse_assignments, read_recipe, resolve_settings, shipped_recipes

pytestmark = pytest.mark.train


def test_assignments_are_read_as_yaml():
    values = parse_assignments(["epochs=3", "learning_rate=1e-3", "encoder=plain", "pretrained=false", "x=[1, 2]"])
    assert values == {"epochs": 3, "learning_rate": "1e-3", "encoder": "plain", "pretrained": False, "x": [1, 2]}


@pytest.mark.parametrize("text", ["epochs", "=3", ""])
def test_an_assignment_without_key_or_value_is_a_sentence(text: str):
    with pytest.raises(SettingsError, match="--set key=value"):
        parse_assignments([text])


def test_what_is_set_by_hand_wins_over_the_recipe():
    unet = get_method("unet")
    paper = resolve_settings(unet, recipe=None, profile="paper", overrides={})
    assert (paper.encoder, paper.epochs) == ("plain", 100)
    assert resolve_settings(unet, recipe=None, profile="paper", overrides={"epochs": 2}).epochs == 2
    assert resolve_settings(unet, recipe=None, profile="quick", overrides={}) == unet.Settings()


def test_numbers_written_the_scientific_way_are_numbers():
    values = parse_assignments(["learning_rate=1e-3"])
    found = resolve_settings(get_method("unet"), recipe=None, profile="quick", overrides=values)
    assert found.learning_rate == 1e-3


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"epoch": 3}, 'no setting "epoch". Did you mean "epochs"'),
        ({"epochs": 0}, 'Setting "epochs" of "unet" cannot be 0'),
        ({"epochs": "many"}, 'Setting "epochs" of "unet" cannot be \'many\''),
        ({"crop_px": 100}, 'Setting "crop_px"'),
        ({"dice_weight": float("nan")}, 'Setting "dice_weight"'),
    ],
)
def test_impossible_settings_are_a_sentence(overrides: dict, said: str):
    with pytest.raises(SettingsError) as caught:
        resolve_settings(get_method("unet"), recipe=None, profile="quick", overrides=overrides)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_settings_that_contradict_one_another_are_a_sentence_without_their_whole_list():
    overrides = {"epochs": 2, "encoder_epochs": 2}
    with pytest.raises(SettingsError) as caught:
        resolve_settings(get_method("fanogan"), recipe=None, profile="quick", overrides=overrides)
    assert str(caught.value).startswith('These settings of "fanogan" do not go together: ')
    assert not set("{}\n") & set(str(caught.value))


def test_an_unknown_profile_gets_a_suggestion():
    with pytest.raises(SettingsError, match='no profile "papr"\\. Did you mean "paper"'):
        resolve_settings(get_method("unet"), recipe=None, profile="papr", overrides={})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "not YAML"),
        ("just words", "must be a mapping"),
        ("method: padim\nprofiles: {quick: {}}", 'is for "padim", not for "unet"'),
        ("method: unet\nprofiles: {paper: {}}", 'has no profile "quick"'),
        ("method: unet\nprofiles: {quick: 3}", "must map quick and paper"),
    ],
)
def test_a_bad_recipe_is_a_sentence(tmp_path: Path, text: str, said: str):
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=said):
        resolve_settings(get_method("unet"), recipe=path, profile="quick", overrides={})


def test_a_missing_recipe_is_a_sentence(tmp_path: Path):
    with pytest.raises(SettingsError, match="cannot be read"):
        resolve_settings(get_method("unet"), recipe=tmp_path / "none.yaml", profile="quick", overrides={})


def test_a_shipped_recipe_is_found_by_its_name():
    found = resolve_settings(
        get_method("ganomaly"), recipe=Path("medical-ganomaly"), profile="paper", overrides={"epochs": 3}
    )
    assert (found.size_px, found.colour, found.learning_rate, found.epochs) == (128, False, 0.001, 3)
    with pytest.raises(SettingsError, match='is for "fanogan"'):
        resolve_settings(get_method("ganomaly"), recipe=Path("building-fanogan"), profile="quick", overrides={})


@pytest.mark.parametrize("profile", ["quick", "paper"])
@pytest.mark.parametrize("name", sorted(shipped_recipes()))
def test_every_shipped_recipe_resolves_in_both_profiles(name: str, profile: str):
    path = shipped_recipes()[name]
    resolve_settings(get_method(read_recipe(path).method), recipe=path, profile=profile, overrides={})


@pytest.mark.parametrize("name", method_names())
def test_every_method_has_a_recipe_of_its_name(name: str):
    assert read_recipe(shipped_recipes()[name]).method == name
