"""A detector says the same of an image whichever way it came: Python, command line, archive, parts, service, Ray."""

from __future__ import annotations

import io
import json
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

import blemish
from blemish.cli.app import app
from blemish.findings import Finding, to_line
from blemish.images import write_png
from blemish.synthesis import draw_image

# What depends on the way and not on the image.
_OF_THE_WAY = {"path", "image", "name", "overlay_file", "mask_file", "map_file"}
Answers = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Walls with and without a crack, a wide one, a grey one, one in a folder below, and a file that is no image."""
    folder = tmp_path_factory.mktemp("ways") / "images"
    for number in range(4):
        drawn = draw_image(number, size_px=192, cracked=number % 2 == 1).image
        write_png(folder / ("below" if number == 3 else "") / f"{number}.png", drawn)
    cv2.imwrite(
        str(folder / "grey.jpg"), cv2.cvtColor(draw_image(5, size_px=160, cracked=True).image, cv2.COLOR_RGB2GRAY)
    )
    write_png(folder / "wide.png", np.hstack([draw_image(n, size_px=256, cracked=n == 9).image for n in (6, 9, 8)]))
    (folder / "none.png").write_bytes(b"no image")
    return folder


def told(findings: list[dict[str, Any]]) -> Answers:
    """Findings by the name of the image, without what depends on the way."""
    named = {Path(one["image"]).name: one for one in findings}
    assert len(named) == len(findings)
    return {
        name: {"failed": True} if one["error"] else {key: value for key, value in one.items() if key not in _OF_THE_WAY}
        for name, one in named.items()
    }


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def command(*words: object) -> str:
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code in (0, 3), done.output
    return done.stdout


def one_by_one(images: Path, detector: str) -> list[dict[str, Any]]:
    """The reference: each image alone; of what is no image the file's name and a null for all else."""
    opened = blemish.load(detector)
    readable = (path for path in sorted(images.rglob("*.*")) if path.name != "none.png")
    found = [json.loads(to_line(opened.inspect(path).finding)) for path in readable]
    return [*found, dict.fromkeys(found[0]) | {"image": "none.png", "error": "no image"}]


def by_python(images: Path, detector: str, _: Path) -> list[dict[str, Any]]:
    return [json.loads(to_line(one)) for one in blemish.inspect(images, detector=detector).findings]


def by_folder(images: Path, detector: str, out: Path) -> list[dict[str, Any]]:
    command("inspect", images, "--detector", detector, "--out", out)
    return lines((out / "findings.jsonl").read_text("utf-8"))


def by_json(images: Path, detector: str, _: Path) -> list[dict[str, Any]]:
    return lines(command("inspect", images, "--detector", detector, "--json"))


def by_archive(images: Path, detector: str, out: Path) -> list[dict[str, Any]]:
    out.mkdir()
    with zipfile.ZipFile(out / "images.zip", "w") as archive:
        for path in sorted(images.rglob("*.*")):
            archive.write(path, path.relative_to(images))
    return lines(command("inspect", out / "images.zip", "--detector", detector, "--json"))


def by_parts(images: Path, detector: str, out: Path) -> list[dict[str, Any]]:
    parts = [out / str(part) for part in (1, 2, 3)]
    for number, part in enumerate(parts, 1):
        command("inspect", images, "--detector", detector, "--out", part, "--shard", f"{number}/3")
    command("job", "merge", *parts, "--out", out / "whole")
    return lines((out / "whole" / "findings.jsonl").read_text("utf-8"))


def by_service(images: Path, detector: str, out: Path) -> list[dict[str, Any]]:
    pytest.importorskip("fastapi", reason="the extra serve is not installed")
    from fastapi.testclient import TestClient

    from blemish.serving.app import create_app
    from blemish.serving.service import Service
    from blemish.serving.settings import ServeSettings

    service = Service(ServeSettings(detectors=(detector,), store=out, threads=2))
    with TestClient(create_app(service), base_url="http://127.0.0.1") as client:
        sent = [("file", (path.name, path.read_bytes())) for path in sorted(images.rglob("*.*"))]
        return [one["finding"] for one in client.post("/v1/inspect", files=sent).json()["results"]]


def by_job_of_service(images: Path, detector: str, out: Path) -> list[dict[str, Any]]:
    """An archive that the service works off in the background."""
    pytest.importorskip("fastapi", reason="the extra serve is not installed")
    from fastapi.testclient import TestClient

    from blemish.serving.app import create_app
    from blemish.serving.service import Service
    from blemish.serving.settings import ServeSettings

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(images.rglob("*.*")):
            archive.write(path, path.relative_to(images))
    service = Service(ServeSettings(detectors=(detector,), store=out, threads=2))
    with TestClient(create_app(service), base_url="http://127.0.0.1") as client:
        job = client.post("/v1/jobs", files={"archive": ("images.zip", packed.getvalue())}).json()["id"]
        deadline = time.monotonic() + 120
        while (status := client.get(f"/v1/jobs/{job}").json())["state"] in {"waiting", "running"}:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        found = client.get("/v1/findings", params={"job": job, "limit": 100}).json()["findings"]
        # What could not be inspected is counted, and has no finding in the store.
        failed = [{"image": "none.png", "error": "no image"}] * status["failed"]
        return [*(one["finding"] for one in found), *failed]


def by_hot_folder(images: Path, detector: str, out: Path) -> list[dict[str, Any]]:
    from blemish.inspection import Job, JobOptions
    from blemish.inspection.ready import ready
    from blemish.inspection.watching import watch

    count, stop = len(list(images.rglob("*.*"))), threading.Event()
    found: list[Finding] = []

    def tell(finding: Finding) -> None:
        found.append(finding)
        if len(found) == count:
            stop.set()

    with Job(out, ready(detector, 1), JobOptions()) as job:
        watch(job, images, stop=stop, every_s=0.1, on_finding=tell)
    return [json.loads(to_line(one)) for one in found]


def by_cluster(images: Path, detector: str, out: Path) -> list[dict[str, Any]]:
    ray = pytest.importorskip("ray", reason="the extra ray is not installed")
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": 80 << 20, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=node)
    try:
        at = ["--engine", "ray", "--address", cluster.address]
        command("inspect", images, "--detector", detector, "--out", out, *at)
    finally:
        ray.shutdown()
        cluster.shutdown()
    return lines((out / "findings.jsonl").read_text("utf-8"))


WAYS: list[Callable[[Path, str, Path], list[dict[str, Any]]]] = [
    by_python,
    by_folder,
    by_json,
    by_archive,
    by_parts,
    by_service,
    by_job_of_service,
    by_hot_folder,
]


@pytest.fixture(scope="module")
def expected(images: Path) -> Answers:
    return told(one_by_one(images, "concrete-crack"))


def test_the_images_are_told_apart(expected: Answers):
    assert {one.get("verdict") for one in expected.values()} > {None, "pass"}
    assert [name for name, one in expected.items() if "failed" in one] == ["none.png"]
    assert any(one.get("cracks") for one in expected.values())


def test_an_image_with_an_outlined_defect_never_passes(expected: Answers):
    outlined = [one for one in expected.values() if one.get("regions")]
    assert outlined
    assert all(one["verdict"] in {"review", "reject"} for one in outlined)


@pytest.mark.parametrize("way", [*WAYS, pytest.param(by_cluster, marks=pytest.mark.slow)], ids=lambda way: way.__name__)
def test_every_way_in_gives_the_same_answer(
    way: Callable[[Path, str, Path], list[dict[str, Any]]], images: Path, expected: Answers, tmp_path: Path
):
    assert told(way(images, "concrete-crack", tmp_path / "out")) == expected
