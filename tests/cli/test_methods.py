"""``blemish methods``: what it lists, with the values that ``train`` uses, and that it needs no torch."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from blemish.cli.methods import read_catalogue


def test_the_catalogue_is_that_of_the_registry_and_the_recipes():
    pytest.importorskip("torch")
    from blemish.training.catalogue import FILE, as_text

    assert FILE.read_text(encoding="utf-8") == as_text(), "run python -m blemish.training.catalogue"


@pytest.mark.parametrize("name", ["unet", "medical-ganomaly", "crack-classifier"])
def test_the_values_are_those_of_train(name: str):
    pytest.importorskip("torch")
    from blemish.training.recipes import find_method, resolve_settings

    method, recipe = find_method(name)
    [row] = [each for each in read_catalogue()["methods"] if each["name"] == method.info.name]
    for profile in ("quick", "paper"):
        resolved = resolve_settings(method, recipe=None, profile=profile, overrides={}).model_dump(mode="json")
        assert {key: setting[profile] for key, setting in row["settings"].items()} == resolved
    assert recipe is not None


def test_every_method_and_recipe_is_listed(blemish):
    listed = json.loads(blemish("methods", "--json").stdout)
    names = [each["name"] for each in listed]
    assert names == sorted(names)
    assert {"unet", "patchcore", "anogan"} <= set(names)
    assert {each["name"] for each in listed if each["on_series"]} == {"fanogan", "ganomaly", "memae"}
    assert {each["name"] for each in listed if not each["exportable"]} == {"anogan"}
    page = " ".join(blemish("methods").stdout.split())
    assert "medical-ganomaly" in page
    assert "learns from" in page


def test_one_method_is_shown_with_its_settings_in_both_profiles_and_its_recipes(blemish):
    page = " ".join(blemish("methods", "unet").stdout.split())
    assert "epochs │ 20 │ 100" in page
    assert "Recipes: drawn-cracks, unet" in page
    settings = json.loads(blemish("methods", "unet", "--json").stdout)
    assert settings["epochs"]["quick"] == 20
    assert settings["epochs"]["minimum"] == 1
    assert 'Did you mean "unet"' in blemish("methods", "unett").stderr


def test_it_loads_neither_torch_nor_the_runtime():
    code = (
        "import sys\nsys.argv = ['blemish', 'methods', 'unet']\nfrom blemish.cli.main import main\n"
        "try: main()\nexcept SystemExit as end: assert not end.code\n"
        "loaded = {'torch', 'lightning', 'numpy', 'onnxruntime'} & set(sys.modules)\n"
        "assert not loaded, loaded"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
