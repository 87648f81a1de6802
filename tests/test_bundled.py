"""Detectors that come with blemish: found by name, never overwritten by name, each with its card and its notice."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from typer.main import get_command

from blemish.bundled import DEFAULT_DETECTOR, bundled_detectors, locate
from blemish.cli.app import app
from blemish.datasets import SHIPPING_LICENCES, require_shippable
from blemish.datasets.readers.mixture_recipe import read_recipe_of_mixture
from blemish.detectors import Container, load, write_container
from blemish.detectors.runtime import RuntimeName
from blemish.errors import DetectorError, SettingsError
from blemish.synthesis import draw_image


def test_a_bundled_detector_is_found_by_its_name():
    assert locate(DEFAULT_DETECTOR) == bundled_detectors()[DEFAULT_DETECTOR]
    assert load(DEFAULT_DETECTOR).spec.localises


@pytest.mark.parametrize("name", bundled_detectors())
def test_every_bundled_detector_has_a_card_that_says_what_it_is_and_what_it_is_not_for(name: str):
    container = load(name).container
    card, spec = container.card, container.spec
    assert card.startswith(f"# {name}\n")
    assert {"## Limits", "## Settings", "## Made with", "## What it is for"} <= set(card.splitlines())
    for said in (f"`{spec.method}`", spec.provenance.data, spec.provenance.fingerprint, f"seed {spec.provenance.seed}"):
        assert said in card
    assert f"{spec.provenance.n_train} images" in card
    assert spec.calibration is None or f"{len(spec.calibration.scores)} scores" in card
    assert "weights are Apache-2.0" in card


@pytest.mark.parametrize("name", bundled_detectors())
def test_the_commands_on_a_card_are_commands(name: str):
    shown = [
        " ".join(words.split()) for words in re.findall(r"`blemish (\w+ [^`]*--[^`]+)`", load(name).container.card)
    ]
    assert shown
    for line in shown:
        verb, *arguments = shlex.split(line)
        get_command(app).commands[verb].make_context(verb, arguments)  # type: ignore[attr-defined]


def test_the_notice_names_every_bundled_detector_and_every_source_that_it_learned_from():
    notice = (Path(__file__).parents[1] / "NOTICE").read_text("utf-8")
    for name, file in bundled_detectors().items():
        made = load(file).spec.provenance
        assert f"{name}.blemish" in notice
        wanted = (
            [made.data] if not made.sources else [text for each in made.sources for text in (each.name, each.licence)]
        )
        assert [text for text in wanted if text not in notice] == []


def test_it_is_small_and_says_what_it_learned_from():
    file = bundled_detectors()[DEFAULT_DETECTOR]
    assert file.stat().st_size <= 8_000_000
    assert "drawn" in load(DEFAULT_DETECTOR).container.card


def test_the_crack_detector_outlines_and_measures_cracks_by_a_rule_that_its_card_states():
    spec, card = (container := load(DEFAULT_DETECTOR).container).spec, container.card
    limits = spec.thresholds
    assert spec.finds == "cracks"
    assert (limits.pixel, limits.peak, limits.gap_px, limits.min_area_px) == (0.15, 0.66, 16, 160)
    assert f"pixel {limits.pixel}, peak {limits.peak}, at least {limits.min_area_px} px, gaps up to 16 px" in card
    assert f"{len(spec.calibration.scores)} of them, most photographed" in card


def test_the_crack_detector_finds_drawn_cracks_and_leaves_a_bare_wall_alone():
    detector = load(DEFAULT_DETECTOR, threads=1)
    cracked = [detector.inspect_pixels(draw_image(seed, size_px=192, cracked=True).image) for seed in (3, 9, 14, 16)]
    bare = [detector.inspect_pixels(draw_image(seed, size_px=192, cracked=False).image) for seed in (2, 9)]
    assert [bool(each.regions) for each in cracked] == [True] * 4
    assert [each.verdict for each in bare] == ["pass"] * 2


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_the_tiles_of_a_batch_are_scored_one_by_one(runtime: RuntimeName):
    pytest.importorskip(runtime, reason=f"{runtime} is not installed")
    detector = load(DEFAULT_DETECTOR, threads=1, runtime=runtime)
    tiles = np.stack(
        [draw_image(seed, size_px=128, cracked=cracked).image for seed, cracked in ((2, False), (9, True))]
    )
    alone = [detector.answer(tile[None]).scores[0] for tile in tiles]
    assert alone[0] < 0.5 < alone[1]
    np.testing.assert_allclose(detector.answer(tiles).scores, alone, rtol=1e-4)


@pytest.mark.parametrize("page", ["README.md", "README.ko.md"])
def test_the_front_pages_name_as_many_levels_of_sensitivity_as_there_are(page: str):
    sensitivity = load(DEFAULT_DETECTOR).spec.sensitivity
    assert sensitivity is not None
    said = re.search(r"`--sensitivity 1`\D*`(\d+)`", (Path(__file__).parents[1] / page).read_text("utf-8"))
    assert said is not None
    assert int(said[1]) == len(sensitivity.levels)


def test_bundled_weights_learned_only_from_sources_whose_licences_let_them_be_shipped():
    for file in bundled_detectors().values():
        made = load(file).spec.provenance
        assert made.sources or made.data == "drawn-surfaces", f"{file.name} does not say what it learned from"
        require_shippable(made.sources)
        assert all(source.name in load(file).container.card for source in made.sources)


def test_the_recipe_of_the_bundled_detector_names_no_other_sources():
    recipes = sorted((Path(__file__).parents[1] / "recipes" / "sources").glob("*.yaml"))
    assert recipes
    for path in recipes:
        for source in read_recipe_of_mixture(path).sources:
            assert source.licence in SHIPPING_LICENCES, source.name


@pytest.mark.parametrize("given", ["wall.blemish", "./concrete-crack", "folder/concrete-crack"])
def test_a_path_stays_a_path(given: str):
    assert locate(given) == Path(given)


def test_a_file_of_that_name_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / DEFAULT_DETECTOR).touch()
    assert locate(DEFAULT_DETECTOR) == Path(DEFAULT_DETECTOR)


def test_an_unknown_name_is_answered_with_those_there_are():
    with pytest.raises(DetectorError, match=r"bundled \(concrete-crack\)"):
        load("concrete-krack")


def test_a_changed_bundled_detector_needs_a_file_of_its_own(darkness: Container, tmp_path: Path):
    with pytest.raises(SettingsError, match=r"ends in \.blemish"):
        write_container(tmp_path / DEFAULT_DETECTOR, darkness)
    assert not (tmp_path / DEFAULT_DETECTOR).exists()
