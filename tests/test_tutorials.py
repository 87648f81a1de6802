"""The three tours run as they stand, in an empty folder, on a machine without data and weights."""

from __future__ import annotations

from pathlib import Path

import pytest
from tutorial_steps import TUTORIALS, run_tutorial, steps

PAGES = sorted(TUTORIALS.glob("*.md"))
NEEDS_TORCH = {"quality-engineer", "researcher"}
# Of processor time, so that a busy machine fails nothing.
MAX_S = 120


def test_there_is_a_tour_for_each_of_three_users():
    assert [page.stem for page in PAGES] == ["inspector", "quality-engineer", "researcher"]
    for page in PAGES:
        assert len(steps(page)) >= 4


@pytest.mark.slow(30)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_tour_runs_from_top_to_bottom(page: Path, tmp_path: Path):
    if page.stem in NEEDS_TORCH:
        pytest.importorskip("torch", reason="the learning side is not installed")
    assert run_tutorial(page, tmp_path) < MAX_S
