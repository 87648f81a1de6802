"""One real run: two processes, a real training, and the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")

from blemish.benchmarking import benchmark
from blemish.benchmarking.contenders import read_contenders
from blemish.errors import SettingsError

pytestmark = pytest.mark.train

TINY = "method: unet\nprofiles:\n  quick: {encoder: plain, epochs: 1, crop_px: 64, tile_px: 64, batch_size: 4}\n"


@pytest.mark.slow
def test_a_benchmark_with_real_processes(tmp_path: Path, draw: Callable[..., Path]):
    images = draw(tmp_path / "walls", train=8, test=4, size_px=64)
    (tmp_path / "tiny.yaml").write_text(TINY)
    result = benchmark([str(tmp_path / "tiny.yaml")], [images], tmp_path / "out", seeds=[3])
    assert not result.failures
    assert "| walls | tiny | 1 |" in result.table.read_text()
    record = json.loads((tmp_path / "out" / "runs" / "walls" / "tiny" / "seed3" / "run.json").read_text())
    cost = record["cost"]
    assert min(cost.values()) > 0
    # The process that inspects has never loaded torch.
    assert cost["inspect_peak_mib"] < 300 < cost["fit_peak_mib"]
    assert record["n_train"] == 8
    assert record["identity"]["settings"]["crop_px"] == 64


def test_recipes_are_found_by_file_by_name_and_by_method(tmp_path: Path):
    (tmp_path / "tiny.yaml").write_text(TINY)
    found = read_contenders([str(tmp_path / "tiny.yaml"), "unet", "fast-unet"], "quick")
    assert [one.name for one in found] == ["tiny", "unet", "fast-unet"]
    assert [one.method for one in found] == ["unet", "unet", "fast-unet"]
    assert found[0].settings["epochs"] == 1
    assert found[1].sees_defects


@pytest.mark.parametrize(
    ("recipes", "said"),
    [
        ([], "at least one recipe"),
        (["unett"], 'Did you mean "unet"'),
        (["no.yaml"], "no.yaml"),
        (["unet", "unet"], 'Two contenders are called "unet"'),
    ],
)
def test_a_recipe_that_is_not_there_is_a_sentence(recipes: list[str], said: str):
    with pytest.raises(SettingsError, match=said):
        read_contenders(recipes, "quick")
