"""The typed client, against a service on a real socket."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from blemish.client import Client, ServiceError
from blemish.errors import BlemishError
from blemish.findings import Finding


def test_a_whole_day_with_the_client(
    address: str, darkness_file: Path, tmp_path: Path, wall_png: bytes, clear_png: bytes
):
    (tmp_path / "벽.png").write_bytes(wall_png)
    with Client(address) as service:
        wall, clear, broken = service.inspect(
            [tmp_path / "벽.png", ("clear.png", clear_png), ("broken.png", b"x")], mm_per_px=0.5, mask="rle"
        )
        assert isinstance(wall.finding, Finding)
        assert (wall.finding.image, wall.finding.verdict, clear.finding.verdict) == ("벽.png", "reject", "pass")
        assert wall.finding.cracks[0].mm.max_width > 0
        assert wall.mask.size == (100, 150)
        assert "not an image" in broken.finding.error
        stored = list(service.findings(verdict="reject"))
        assert [one.id for one in stored] == [wall.id]
        assert service.picture(wall.id, "image") == wall_png
        assert service.review(stored[0], "approve", tags=["crack"]).version == 2
        with pytest.raises(ServiceError) as late:
            service.review(stored[0], "reject")
        assert late.value.status == 412
        assert service.review(wall.id, "reopen").version == 3
        assert service.finding(wall.id).state == "open"
        assert [one.decision for one in service.reviews(wall.id)] == ["approve", "reopen"]
        archive = service.export(["csv", "coco"], tmp_path / "found.zip", verdict=["reject", "pass"])
        assert "coco.json" in zipfile.ZipFile(archive).namelist()
        sha = service.add_detector(darkness_file, "second")
        service.activate("second", sha)
        assert {one.name for one in service.detectors().active} == {"darkness", "second"}


def test_pages_are_followed(address: str, wall_png: bytes, monkeypatch: pytest.MonkeyPatch):
    with Client(address) as service:
        for _ in range(7):
            service.inspect([(f"{number}.png", wall_png) for number in range(30)], measure=False)
        assert len({one.id for one in service.findings(order="newest")}) == 210


def test_refusals_are_errors_with_their_sentence(address: str, tmp_path: Path):
    with Client(address) as service:
        with pytest.raises(ServiceError, match="no such finding"):
            service.finding("0" * 32)
        with pytest.raises(ServiceError, match=r'no detector "gone"'):
            service.inspect([("a.png", b"x")], detector="gone")
        with pytest.raises(BlemishError, match="Cannot read"):
            service.inspect([tmp_path / "gone.png"])
    with Client("http://127.0.0.1:1") as nobody, pytest.raises(ServiceError, match="is not reached") as failure:
        nobody.detectors()
    assert failure.value.status == 0


def test_learning_by_the_client(address: str, tmp_path: Path, wall_png: bytes, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("blemish.serving.learning.trainings.find_spec", lambda _: None)
    with Client(address) as service:
        (wall,) = service.inspect([("wall.png", wall_png)])
        (proposed,) = service.proposals(limit=5)
        assert proposed.finding.id == wall.id
        archive = service.export(["cvat"], tmp_path / "found.zip")
        labels = zipfile.ZipFile(archive).read("annotations.xml")
        taken = service.send_labels(("annotations.xml", labels))
        assert (taken.approved, taken.corrected) == (1, 0)
        assert service.proposals() == []
        with pytest.raises(ServiceError, match="cannot train") as refused:
            service.begin_training(method="unet")
        assert refused.value.status == 501
        for act in (service.training, service.cancel_training, service.activate_trained):
            with pytest.raises(ServiceError, match="no such training"):
                act("0" * 32)
