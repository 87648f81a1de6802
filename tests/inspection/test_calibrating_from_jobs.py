"""Calibrating from job folders: the same result as from the images, refused where that could not be known."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blemish.datasets import image_digests, read_dataset
from blemish.detectors import Calibration, Container, Detector, Thresholds, load
from blemish.errors import DataError, SettingsError
from blemish.images import write_png
from blemish.inspection import calibrate, inspect

SHARDS = 3


@pytest.fixture
def detector(darkness: Container, tmp_path: Path) -> Path:
    Detector(darkness).save(tmp_path / "dark.blemish")
    return tmp_path / "dark.blemish"


@pytest.fixture
def walls(tmp_path: Path) -> Path:
    """Sixty normal walls, a copy of one of them, and a file that is damaged."""
    rng = np.random.default_rng(0)
    for index, darkest in enumerate(rng.permutation(np.arange(100, 220))[:60]):
        image = np.full((12, 15, 3), 230, np.uint8)
        image[5, index % 15] = darkest
        write_png(tmp_path / "walls" / f"{index:02d}.png", image)
    shutil.copy(tmp_path / "walls" / "07.png", tmp_path / "walls" / "copy.png")
    (tmp_path / "walls" / "damaged.png").write_bytes(b"no image")
    return tmp_path / "walls"


def run_jobs(walls: Path, detector: Path | Detector, folder: Path, **how: Any) -> list[Path]:
    """One for each shard."""
    jobs = [folder / f"job-{part}" for part in range(1, SHARDS + 1)]
    for part, job in enumerate(jobs, start=1):
        inspect([walls], detector=detector, out=job, part=(part, SHARDS), report=False, **how)
    return jobs


@pytest.mark.parametrize("by_content", [False, True])
def test_shards_calibrate_as_all_images_do_to_the_byte(by_content: bool, detector: Path, walls: Path, tmp_path: Path):
    said: list[str] = []
    calibrate(walls, detector=detector, alpha=0.05, out=tmp_path / "images.blemish", say=said.append)
    jobs = run_jobs(walls, detector, tmp_path, by_content=by_content)
    if by_content:
        # On another machine than the images.
        walls.rename(tmp_path / "elsewhere")
    also: list[str] = []
    calibrate(jobs=jobs, detector=detector, alpha=0.05, out=tmp_path / "jobs.blemish", say=also.append)
    assert (tmp_path / "jobs.blemish").read_bytes() == (tmp_path / "images.blemish").read_bytes()
    assert "1 copies of other images are left out." in also
    assert sorted(sentence for sentence in also if "Left out" in sentence) == sorted(
        sentence for sentence in said if "Left out" in sentence
    )


def test_a_merged_job_is_a_job(detector: Path, walls: Path, tmp_path: Path):
    from blemish.inspection import merge_jobs

    jobs = run_jobs(walls, detector, tmp_path)
    merge_jobs(jobs, tmp_path / "all", report=False)
    scores = [calibrate(jobs=each, detector=detector, alpha=0.05).detector.spec for each in (jobs, [tmp_path / "all"])]
    assert scores[0] == scores[1]


def with_other_thresholds(detector: Path, jobs: list[Path], walls: Path) -> None:
    load(detector).with_thresholds(Thresholds(pixel=0.3)).save(detector)


def with_an_image_that_changed(detector: Path, jobs: list[Path], walls: Path) -> None:
    write_png(walls / "03.png", np.full((9, 9, 3), 99, np.uint8))


def with_an_image_that_is_gone(detector: Path, jobs: list[Path], walls: Path) -> None:
    (walls / "03.png").unlink()


def with_a_folder_of_another_version(detector: Path, jobs: list[Path], walls: Path) -> None:
    record = jobs[1] / "job.json"
    record.write_text(record.read_text().replace('"schema_version": 1', '"schema_version": 7'))


def with_a_folder_read_in_another_way(detector: Path, jobs: list[Path], walls: Path) -> None:
    record = jobs[1] / "job.json"
    record.write_text(record.read_text().replace('"bit_range": null', '"bit_range": [0.0, 900.0]'))


def with_a_folder_that_is_no_job(detector: Path, jobs: list[Path], walls: Path) -> None:
    (jobs[2] / "job.json").unlink()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (with_other_thresholds, "another detector"),
        (with_an_image_that_changed, r"03\.png\" is no longer the file that was inspected"),
        (with_an_image_that_is_gone, r"03\.png\" is no longer the file that was inspected"),
        (with_a_folder_of_another_version, "another version of blemish"),
        (with_a_folder_read_in_another_way, "another bit range"),
        (with_a_folder_that_is_no_job, "holds no job"),
    ],
)
def test_jobs_that_cannot_be_trusted_are_refused(
    change: Callable[[Path, list[Path], Path], None], why: str, detector: Path, walls: Path, tmp_path: Path
):
    jobs = run_jobs(walls, detector, tmp_path)
    change(detector, jobs, walls)
    with pytest.raises(DataError, match=why):
        calibrate(jobs=jobs, detector=detector, alpha=0.05)


def test_images_that_trained_the_detector_are_found_in_jobs(darkness: Container, walls: Path, tmp_path: Path):
    (walls / "damaged.png").unlink()
    digests = image_digests(read_dataset(walls))
    provenance = darkness.spec.provenance.model_copy(update={"images": digests[4:5]})
    detector = Detector(replace(darkness, spec=darkness.spec.model_copy(update={"provenance": provenance})))
    with pytest.raises(DataError, match="1 of these 61 images trained the detector"):
        calibrate(jobs=run_jobs(walls, detector, tmp_path), detector=detector, alpha=0.05)


def test_scores_by_both_tails_are_no_raw_ones(darkness: Container, walls: Path, tmp_path: Path):
    calibration = Calibration(scores=(0.1, 0.2, 0.3), source="three", tails="both")
    detector = Detector(replace(darkness, spec=darkness.spec.model_copy(update={"calibration": calibration})))
    with pytest.raises(DataError, match="both tails"):
        calibrate(jobs=[tmp_path], detector=detector, alpha=0.05)


@pytest.mark.parametrize("how", [{"pixels": True}, {"groups": True}, {"tails": "auto"}, {"bit_range": (0, 900)}])
def test_what_takes_the_images_is_refused(how: dict[str, Any], detector: Path, tmp_path: Path):
    with pytest.raises(SettingsError, match="--data"):
        calibrate(jobs=[tmp_path], detector=detector, alpha=0.05, **how)


@pytest.mark.parametrize("given", [{}, {"data": ["walls"], "jobs": ["job"]}])
def test_images_or_jobs_are_given_and_not_both(given: dict[str, Any], detector: Path):
    with pytest.raises(SettingsError, match="either"):
        calibrate(detector=detector, **given)
