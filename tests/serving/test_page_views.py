"""The page's other views in a real browser, and every view looked at by axe."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from blemish.client import Client
from blemish.detectors import Container, write_container
from blemish.detectors.schema import Calibration
from blemish.serving.service import Service
from blemish.serving.settings import ServeSettings

from .browsing import AXE, IN_CHROMIUM, Browser, OpenPage, image
from .conftest import listening

pytest.importorskip("selenium", reason="drives the browser")
from selenium.webdriver.common.keys import Keys

pytestmark = IN_CHROMIUM
VIEWS = {
    "": ".card",
    "#/jobs": "#jobs article",
    "#/detectors": "#detectors article",
    "#/training": "#training",
    "#/reviewers": "#reviewers table",
    "#/keys": "#keys table",
    "#/audit": "#audit td",
}


def archive(folder: Path, *names: str) -> Path:
    path = folder / "bridge.zip"
    with zipfile.ZipFile(path, "w") as target:
        for number, name in enumerate(names):
            target.write(image(folder, f"{number}.png", 10 + number), name)
    return path


def look_at_every_view(page: Browser) -> dict[str, list[str]]:
    found = {}
    for hash_, shown in VIEWS.items():
        page.run("location.hash = arguments[0]", hash_)
        page.one(shown)
        found[hash_ or "#/"] = page.violations()
    page.run("location.hash = ''")
    page.click(".card")
    page.one(".side h1")
    found["viewer"] = page.violations()
    page.press(Keys.ESCAPE)
    return {view: problems for view, problems in found.items() if problems}


@pytest.mark.skipif(not AXE.exists(), reason='axe is not installed: run "npm ci" in page/')
@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
@pytest.mark.parametrize("language", ["en", "ko-KR"])
def test_axe_finds_no_violation_in_any_view_light_or_dark(
    filled: str, open_page: OpenPage, tmp_path: Path, phone: bool, language: str
):
    with Client(filled) as service:
        list(service.watch_job(service.begin_job(archive(tmp_path, "a.png")).id))
        seen = next(iter(service.findings()))
        service.review(seen, "approve", tags=["dirt"], comment="seen")
    httpx.put(f"{filled}/v1/honeypots/{seen.id}", json={"truth": "approve"}).raise_for_status()
    page = open_page(filled, phone=phone, language=language)
    assert look_at_every_view(page) == {}
    page.click("#theme")
    assert look_at_every_view(page) == {}


def test_scores_over_time_stand_beside_calibration_and_thresholds(
    darkness: Container, open_page: OpenPage, tmp_path: Path
):
    calibration = Calibration(scores=tuple(number / 100 for number in range(5, 30)), source="25 walls")
    file = tmp_path / "calibrated.blemish"
    write_container(file, replace(darkness, spec=darkness.spec.model_copy(update={"calibration": calibration})))
    with listening(Service(ServeSettings(detectors=(str(file),), store=tmp_path / "store", threads=2))) as address:
        with Client(address) as service:
            for number in range(30):
                service.inspect([image(tmp_path, "a.png", 200 - 5 * number)])
        page = open_page(f"{address}/#/detectors")
        page.one(".drift", "25 normal images: 25 walls")
        page.one(".drift figcaption", "of 30 images")
        assert page.run("return document.querySelectorAll('.drift circle').length") == 3
        assert page.run("return document.querySelectorAll('.drift .bar').length") == 20
        assert page.texts(".plot text")[:3] == ["calibration, 5 to 95 %", "review", "reject"]
        if AXE.exists():
            assert page.violations() == []


def test_a_job_is_begun_watched_and_leads_to_its_findings(filled: str, open_page: OpenPage, tmp_path: Path):
    page = open_page(f"{filled}/#/jobs")
    page.one("#jobs", "No job has been begun.")
    page.driver.find_element("css selector", "#archive").send_keys(str(archive(tmp_path, "x.png", "y.png")))
    page.one("#jobs .state", "done")
    page.one("#jobs article", "2 of 2 inspected")
    page.click("#jobs a", "Its findings")
    page.until(lambda: sorted(page.names()) == ["x.png", "y.png"])
    page.click(".card")
    page.one(".side h1")
    page.press(Keys.ESCAPE)
    page.until(lambda: len(page.names()) == 2)
    page.click(".of-job")
    page.until(lambda: len(page.names()) == 6)


def test_a_waiting_job_is_cancelled(address: str, open_page: OpenPage, tmp_path: Path):
    names = [f"{number}.png" for number in range(200)]
    with Client(address) as service:
        for _ in range(2):
            service.begin_job(archive(tmp_path, *names))
        page = open_page(f"{address}/#/jobs")
        page.click("#jobs article button", "Cancel")
        page.one("#jobs .state", "cancelled")
        # By one script: the page draws its jobs anew each second.
        jobs = page.run("return [...document.querySelectorAll('article')].map((one) => one.dataset.id)")
        assert "cancelled" in {service.job(job).state for job in jobs}


def test_an_admin_gives_and_revokes_a_key_and_reads_who_did_it(
    darkness_file: Path, open_page: OpenPage, tmp_path: Path
):
    service = Service(ServeSettings(detectors=(str(darkness_file),), store=tmp_path / "keyed", keys=True, threads=2))
    with listening(service) as address:
        page = open_page(address)
        page.one("input[type=password]").send_keys(service.first_key, Keys.ENTER)
        page.click("nav a", "Keys")
        page.one("#key-name").send_keys("Kim", Keys.ENTER)
        given = page.one(".given code").text
        with Client(address, key=given) as kim:
            assert list(kim.findings()) == []
        page.click("#keys tr:last-child button", "Revoke")
        page.driver.switch_to.alert.accept()
        page.one("#keys tr:last-child", "revoked")
        page.click("nav a", "Audit log")
        page.one("#audit tr", "key.revoke")
        page.one("#audit tr", "Kim")


def test_a_known_image_measures_whoever_decides_about_it(darkness_file: Path, open_page: OpenPage, tmp_path: Path):
    settings = ServeSettings(detectors=(str(darkness_file),), store=tmp_path / "store", honeypots=1.0, threads=2)
    with listening(Service(settings)) as address, Client(address) as service:
        service.inspect([image(tmp_path, "known.png", 10)])
        page = open_page(address)
        page.click(".card")
        page.one(".side h1", "known.png")
        page.press("a")
        page.one(".side .state", "confirmed")
        page.click("#honeypot")
        page.one("#said", "mixed into the queue")
        service.inspect([image(tmp_path, "new.png", 225)])
        page.run("location.hash = '#/'")
        page.until(lambda: not page.all("#viewer"))
        page.driver.refresh()
        page.until(lambda: sorted(page.names()) == ["known.png", "known.png", "new.png"])
        copy = next(one for one in service.findings(state="open") if one.finding.image == "known.png")
        page.run("location.hash = arguments[0]", f"#/finding/{copy.id}")
        page.one(".side h1", "known.png")
        page.one(".side .state", "open")
        page.press("r")
        page.until(lambda: service.finding(copy.id).state == "rejected")
        page.press(Keys.ESCAPE)
        page.until(lambda: not page.all("#viewer"))
        page.click("nav a", "Reviewers")
        page.one("#reviewers td", "local")
        cells = [cell.text for cell in page.all("#reviewers table:first-of-type td")]
        assert cells[:4] == ["local", "0", "1", "at least 0 %"]
        page.click("#reviewers button", "No longer")
        page.one("#reviewers", "No image is mixed in.")


def test_an_operator_sees_neither_keys_nor_the_audit_log(darkness_file: Path, open_page: OpenPage, tmp_path: Path):
    service = Service(ServeSettings(detectors=(str(darkness_file),), store=tmp_path / "keyed", keys=True, threads=2))
    with listening(service) as address:
        page = open_page(address)
        page.one("input[type=password]").send_keys(service.first_key, Keys.ENTER)
        page.click("nav a", "Keys")
        page.one("#key-name").send_keys("Lee", Keys.ENTER)
        given = page.one(".given code").text
        page.click("header button", "Log out")
        page.one("input[type=password]").send_keys(given, Keys.ENTER)
        page.one("nav a", "Detectors")
        assert [link.text for link in page.all("nav a")] == ["Findings", "Jobs", "Detectors", "Training"]
