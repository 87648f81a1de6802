"""The .blemish file: round trips, and every way in which a file can be bad."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest

from blemish.detectors import Calibration, Container, Provenance, Thresholds, read_container, write_container
from blemish.errors import BlemishError, DetectorError


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(path: Path, content: dict[str, bytes], *, sums: bool = True) -> None:
    """Zip members anew, with honest checksums unless told otherwise."""
    if sums:
        lines = (
            f"{hashlib.sha256(content[name]).hexdigest()}  {name}\n"
            for name in ("detector.json", "graph.onnx", "card.md")
            if name in content
        )
        content = {**content, "SHA256SUMS": "".join(lines).encode()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)


def test_what_is_written_is_read_back(darkness: Container, tmp_path: Path):
    spec = darkness.spec.model_copy(
        update={
            "calibration": Calibration(scores=(0.1, 0.25, 1e-9), source="three images"),
            "thresholds": Thresholds(pixel=0.1 + 0.2, review=0.4, reject=0.7, source="test"),
        }
    )
    content = Container(spec, darkness.graph, "# Karte, 카드\n")
    path = tmp_path / "벽 detector.blemish"
    write_container(path, content)
    assert read_container(path) == content


def test_the_same_content_gives_the_same_bytes(darkness: Container, tmp_path: Path):
    for name in ("a", "b"):
        write_container(tmp_path / f"{name}.blemish", darkness)
    assert (tmp_path / "a.blemish").read_bytes() == (tmp_path / "b.blemish").read_bytes()


def test_checksums_are_in_the_format_of_sha256sum(darkness_file: Path):
    content = members(darkness_file)
    assert content["SHA256SUMS"].decode().splitlines() == [
        f"{hashlib.sha256(content[name]).hexdigest()}  {name}" for name in ("detector.json", "graph.onnx", "card.md")
    ]


def test_a_missing_file_is_a_sentence(tmp_path: Path):
    with pytest.raises(DetectorError, match="There is no detector at"):
        read_container(tmp_path / "none.blemish")


def test_a_folder_is_a_sentence(tmp_path: Path):
    with pytest.raises(DetectorError, match="is a folder"):
        read_container(tmp_path)


@pytest.mark.parametrize("keep", [0, 1, 10, 100, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(darkness_file: Path, keep: float):
    whole = darkness_file.read_bytes()
    darkness_file.write_bytes(whole[: int(keep * len(whole)) if isinstance(keep, float) else keep])
    with pytest.raises(DetectorError, match="not a whole"):
        read_container(darkness_file)


def test_any_flipped_byte_inside_a_member_is_noticed(darkness_file: Path):
    whole = darkness_file.read_bytes()
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        info = archive.getinfo("graph.onnx")
    start = info.header_offset + 30 + len("graph.onnx")
    for offset in range(start, start + info.compress_size, max(1, info.compress_size // 40)):
        altered = bytearray(whole)
        altered[offset] ^= 0x10
        darkness_file.write_bytes(altered)
        with pytest.raises(DetectorError):
            read_container(darkness_file)


@pytest.mark.parametrize("name", ["detector.json", "graph.onnx", "card.md"])
def test_a_member_exchanged_behind_the_checksums_is_refused(darkness_file: Path, name: str):
    content = members(darkness_file)
    rewrite(darkness_file, {**content, name: content[name] + b" "}, sums=False)
    with pytest.raises(DetectorError, match=f"altered: {name}"):
        read_container(darkness_file)


@pytest.mark.parametrize("name", ["detector.json", "graph.onnx", "card.md", "SHA256SUMS"])
def test_a_missing_member_is_named(darkness_file: Path, name: str):
    content = members(darkness_file)
    del content[name]
    rewrite(darkness_file, content, sums=False)
    with pytest.raises(DetectorError, match=f"has no {name} inside"):
        read_container(darkness_file)


def test_a_newer_schema_asks_for_an_upgrade(darkness_file: Path):
    content = members(darkness_file)
    spec = json.loads(content["detector.json"])
    spec |= {"schema_version": 7, "something_new": True}
    rewrite(darkness_file, {**content, "detector.json": json.dumps(spec).encode()})
    with pytest.raises(DetectorError, match=r"newer blemish \(schema 7, this one reads up to 1\)"):
        read_container(darkness_file)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"colour": "red"}, "colour"),
        ({"input": {"size_px": [64, 64], "tile_px": 64}}, "exclude each other"),
        ({"thresholds": {"review": 0.9, "reject": 0.1}}, "review must not lie above reject"),
        ({"calibration": {"scores": [], "source": "none"}}, "calibration.scores"),
        ({"calibration": {"scores": [0.5, float("nan")], "source": "none"}}, "calibration.scores.1"),
        ({"thresholds": {"reject": float("inf")}}, "thresholds.reject"),
        ({"settings": {"\x1b[2J": {"a": {}}}, "\x1b[2J": 1}, r"\\u001b\[2J"),
    ],
)
def test_an_impossible_description_says_where(darkness_file: Path, change: dict, said: str):
    content = members(darkness_file)
    spec = json.loads(content["detector.json"]) | change
    rewrite(darkness_file, {**content, "detector.json": json.dumps(spec).encode()})
    with pytest.raises(DetectorError, match=said):
        read_container(darkness_file)


@pytest.mark.parametrize("levels", [19, 30, 100_000])
@pytest.mark.parametrize("pair", [("[", "]"), ('{"a":', "}")])
def test_a_description_that_is_nested_too_deeply_is_a_sentence(darkness_file: Path, levels: int, pair: tuple[str, str]):
    content = members(darkness_file)
    nested = pair[0] * levels + "0" + pair[1] * levels
    spec = content["detector.json"].replace(b'"settings": {', b'"settings": {"x": ' + nested.encode() + b",")
    rewrite(darkness_file, {**content, "detector.json": spec})
    with pytest.raises(DetectorError, match="nested more than 20 levels deep"):
        read_container(darkness_file)


def test_names_that_are_no_valid_unicode_are_kept_escaped(darkness: Container, tmp_path: Path):
    made = Provenance(**darkness.spec.provenance.model_dump() | {"data": "wall\udcff"})
    spec = darkness.spec.model_copy(update={"provenance": made, "settings": {"names": ["\udcff"]}})
    write_container(tmp_path / "a.blemish", Container(spec, darkness.graph, "\udcff"))
    read = read_container(tmp_path / "a.blemish")
    assert read.spec == spec
    assert (read.spec.provenance.data, read.card) == ("wall\\udcff", "\\udcff")


def test_settings_may_be_nested_a_little(darkness: Container, tmp_path: Path):
    spec = darkness.spec.model_copy(update={"settings": {"a": {"b": [{"c": [1, [2]]}]}}})
    write_container(tmp_path / "a.blemish", Container(spec, darkness.graph, ""))
    assert read_container(tmp_path / "a.blemish").spec == spec


def test_a_description_that_is_not_json_is_a_sentence(darkness_file: Path):
    rewrite(darkness_file, {**members(darkness_file), "detector.json": b"{"})
    with pytest.raises(DetectorError, match="not JSON"):
        read_container(darkness_file)


def test_a_zip_bomb_is_refused_before_it_unpacks(darkness_file: Path):
    content = members(darkness_file)
    with zipfile.ZipFile(darkness_file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, b"\0" * (80 << 20) if name == "detector.json" else data)
    with pytest.raises(DetectorError, match="zip bomb"):
        read_container(darkness_file)


def test_a_zip_bomb_that_lies_about_its_size_is_refused(darkness_file: Path):
    content = members(darkness_file)
    with zipfile.ZipFile(darkness_file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, b"\0" * (80 << 20) if name == "detector.json" else data)
    raw = darkness_file.read_bytes()
    true_size, small = (80 << 20).to_bytes(4, "little"), (1000).to_bytes(4, "little")
    darkness_file.write_bytes(raw.replace(true_size, small))
    with pytest.raises(DetectorError):
        read_container(darkness_file)


def test_output_that_cannot_be_written_is_a_sentence_and_leaves_nothing(darkness: Container, tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BlemishError, match="Cannot write"):
        write_container(tmp_path / "file" / "out.blemish", darkness)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
