"""The training page in a real browser: begun, watched, compared, activated; in Korean and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from blemish.client import Client
from blemish.detectors import Container
from blemish.serving.learning import reviewed
from blemish.serving.service import Service
from blemish.serving.settings import ServeSettings

from .browsing import AXE, IN_CHROMIUM, OpenPage
from .conftest import png
from .training_bench import detector, faint, stand_in
from listening import listening

pytest.importorskip("selenium", reason="drives the browser")

pytestmark = IN_CHROMIUM


@pytest.fixture
def trained(darkness: Container, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A service whose detector misses faint bars, with reviews that say so; trainings make a better one."""
    monkeypatch.setattr(reviewed, "_TEST_ONE_IN", 2)
    old = detector(darkness, tmp_path / "wall.blemish", 0.6)
    stand_in(monkeypatch, tmp_path, detector(darkness, tmp_path / "made.blemish", 0.45), seconds=4.0)
    rng = np.random.default_rng(0)
    settings = ServeSettings(detectors=(str(old),), store=tmp_path / "store", threads=2)
    with listening(Service(settings)) as address:
        with Client(address) as service:
            for number in range(16):
                (found,) = service.inspect([(f"{number}.png", png(faint(rng, has_bar=bool(number % 2))))])
                assert found.id is not None
                service.review(found.id, "reject" if number % 2 else "approve")
        yield address


def test_a_training_is_begun_watched_compared_and_activated(trained: str, open_page: OpenPage):
    page = open_page(f"{trained}/#/training")
    page.one("#training .note", "Nothing was trained here yet.")
    page.click("#training button", "Train")
    page.one("#training [role=status]", "Epoch 1 of 2; 1 s left.")
    page.one("#training article button", "Cancel")
    page.one("#training .state.done")
    cells = page.texts("#training td")
    assert cells[0] == "false alarms"
    assert cells[4].startswith("0 of ")
    found = cells[5].split(" ")
    assert found[0] == found[2]
    page.click("#training article button", "Activate")
    page.one("#training article b", "active")
    with Client(trained) as service:
        assert len({version.sha for version in service.detectors().versions if version.active}) == 1
        assert [version.active for version in service.detectors().versions] == [False, True]


def test_a_training_is_cancelled(trained: str, open_page: OpenPage):
    page = open_page(f"{trained}/#/training")
    page.click("#training button", "Train")
    page.click("#training article button", "Cancel")
    page.one("#training .state.cancelled")


@pytest.mark.skipif(not AXE.exists(), reason='axe is not installed: run "npm ci" in page/')
@pytest.mark.parametrize(("phone", "language", "begins"), [(False, "en", "Train"), (True, "ko-KR", "학습 시작")])
def test_axe_finds_no_violation(trained: str, open_page: OpenPage, phone: bool, language: str, begins: str):
    page = open_page(f"{trained}/#/training", phone=phone, language=language)
    page.click("#training button", begins)
    page.one("#training .state.done")
    assert page.violations() == []
    page.click("#theme")
    assert page.violations() == []
    assert page.run("return document.documentElement.scrollWidth <= window.innerWidth")
