"""Images in archives: all of them, in order, and nothing that leads out or fills the memory."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import blemish
from blemish.errors import ImageError
from blemish.images import write_png
from blemish.inspection import Images


@pytest.fixture
def png(tmp_path: Path, wall: NDArray[np.uint8]) -> bytes:
    write_png(tmp_path / "wall.png", wall)
    return (tmp_path / "wall.png").read_bytes()


def add_to_tar(archive: tarfile.TarFile, name: str, data: bytes = b"", **facts: object) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    for fact, value in facts.items():
        setattr(member, fact, value)
    archive.addfile(member, io.BytesIO(data))


def write(path: Path, names: list[str], data: bytes) -> Path:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                archive.writestr(name, data)
    else:
        with tarfile.open(path, "w:gz" if path.suffix in {".tgz", ".gz"} else "w") as archive:
            for name in names:
                add_to_tar(archive, name, data)
    return path


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tgz", "a.tar.gz"])
def test_images_are_inspected_without_unpacking(darkness_file: Path, tmp_path: Path, png: bytes, name: str):
    names = ["b/2.png", "b/10.png", "notes.txt", "__MACOSX/1.png", "c/.hidden.png", "벽.png"]
    path = write(tmp_path / name, names, png)
    said: list[str] = []
    for _ in range(2):
        summary = blemish.inspect(path, detector=darkness_file, out=tmp_path / "out", say=said.append)
        assert sorted(one.image for one in summary.findings) == [
            f"{name}/b/10.png",
            f"{name}/b/2.png",
            f"{name}/벽.png",
        ]
        assert {one.verdict for one in summary.findings} == {"reject"}
    assert summary.earlier == 3
    assert said == []
    assert not [path for path in tmp_path.rglob("b") if path.is_dir()]


@pytest.mark.parametrize(
    "name", ["../up.png", "a/../../up.png", "/etc/up.png", "..\\up.png", "C:\\up.png"], ids=lambda name: repr(name)
)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_name_that_leads_out_is_named_and_not_read(
    darkness_file: Path, tmp_path: Path, png: bytes, kind: str, name: str
):
    path = write(tmp_path / f"a.{kind}", ["good.png", name], png)
    summary = blemish.inspect(path, detector=darkness_file, out=tmp_path / "out")
    assert (summary.inspected, summary.left_out) == (1, 1)
    assert "leads out of its archive" in "".join(one.error or "" for one in summary.findings)
    assert not [path for path in tmp_path.parent.rglob("up.png") if "out" not in path.parts[-2]]


def test_links_and_devices_in_a_tar_are_named(darkness_file: Path, tmp_path: Path, png: bytes):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        add_to_tar(archive, "good.png", png)
        add_to_tar(archive, "link.png", type=tarfile.SYMTYPE, linkname="/etc/passwd")
        add_to_tar(archive, "hard.png", type=tarfile.LNKTYPE, linkname="good.png")
        add_to_tar(archive, "device.png", type=tarfile.CHRTYPE)
    summary = blemish.inspect(tmp_path / "a.tar", detector=darkness_file)
    assert (summary.inspected, summary.left_out) == (1, 3)


def test_a_link_in_a_zip_is_named(darkness_file: Path, tmp_path: Path, png: bytes):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("good.png", png)
        link = zipfile.ZipInfo("link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert blemish.inspect(tmp_path / "a.zip", detector=darkness_file).left_out == 1


def test_a_bomb_is_refused_before_it_unfolds(darkness_file: Path, tmp_path: Path, png: bytes):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("good.png", png)
        archive.writestr("bomb.png", bytes(80 << 20))
    summary = blemish.inspect(tmp_path / "a.zip", detector=darkness_file)
    assert (summary.inspected, summary.left_out) == (1, 1)
    assert "made to fill the memory" in "".join(one.error or "" for one in summary.findings)


def test_names_that_stand_twice_are_two_images(darkness_file: Path, tmp_path: Path, png: bytes):
    with pytest.warns(UserWarning, match="Duplicate"):
        path = write(tmp_path / "a.zip", ["1.png", "1.png"], png)
    assert len({one.name for one in blemish.inspect(path, detector=darkness_file).findings}) == 2


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tgz"])
@pytest.mark.parametrize("data", [b"", b"no archive at all", None], ids=["empty", "text", "cut"])
def test_a_damaged_archive_is_a_sentence(tmp_path: Path, png: bytes, name: str, data: bytes | None):
    path = write(tmp_path / name, ["1.png", "2.png"], png * 40)
    path.write_bytes(path.read_bytes()[:200] if data is None else data)
    with pytest.raises(ImageError, match=name):
        Images(path)


def test_a_member_that_cannot_be_read_stops_nothing(darkness_file: Path, tmp_path: Path, png: bytes):
    path = write(tmp_path / "a.zip", ["1.png", "2.png"], png)
    data = bytearray(path.read_bytes())
    data[60:80] = bytes(20)
    path.write_bytes(data)
    summary = blemish.inspect(path, detector=darkness_file)
    assert (summary.inspected, summary.failed) == (1, 1)
    assert "cannot be read from its archive" in (summary.findings[0].error or "")
