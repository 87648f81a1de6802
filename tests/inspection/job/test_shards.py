"""Shards: whole lines or none, and what counts where several speak of one image."""

from __future__ import annotations

from pathlib import Path

import pytest

from blemish.findings import Finding
from blemish.inspection.job.assembling import read_job
from blemish.inspection.job.shards import Entry, ShardWriter, read_shards, seal_parts


def entry(key: str, stamp: str = "1", **said: object) -> Entry:
    return Entry(key, stamp, (0, key), key, **said)


def finding(name: str, score: float | None = None) -> Finding:
    return Finding(image=f"{name}.png", name=name, score=score)


def write(folder: Path, *lines: tuple[Entry, Finding]) -> None:
    with ShardWriter(folder) as shards:
        for line in lines:
            shards.add(*line)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "shards").iterdir())


def test_what_is_written_is_read_again(tmp_path: Path):
    odd = 'a "b",\n"finding": \\udcff 벽'
    said = entry(odd, failed=True, left_out=True, verdict="review", runs=("1 2", ""))
    write(tmp_path, (said, finding("a", 0.5)))
    (stored,) = read_shards(tmp_path)
    assert stored.entry == said
    assert list(read_job(tmp_path)) == [(said, finding("a", 0.5))]


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_line_that_is_cut_off_is_no_line(tmp_path: Path, cut: int):
    write(tmp_path, (entry("a"), finding("a")), (entry("b"), finding("b")))
    whole = (tmp_path / "shards" / "00001.jsonl").read_bytes()
    (tmp_path / "shards" / "00001.jsonl").unlink()
    (tmp_path / "shards" / "00001.part").write_bytes(whole[: -cut * 10 + 9])
    assert [line.entry.key for line in read_shards(tmp_path)] == ["a"]
    seal_parts(tmp_path)
    assert names_in(tmp_path) == ["00001.jsonl"]
    assert (tmp_path / "shards" / "00001.jsonl").read_bytes() == whole[: whole.index(b"\n") + 1]


def test_zeros_that_a_power_cut_leaves_are_no_line(tmp_path: Path):
    write(tmp_path, (entry("a"), finding("a")))
    (tmp_path / "shards" / "00002.part").write_bytes(bytes(4096))
    seal_parts(tmp_path)
    assert names_in(tmp_path) == ["00001.jsonl"]


def test_a_part_whose_writer_is_alive_is_left_to_it(tmp_path: Path):
    with ShardWriter(tmp_path) as alive:
        alive.add(entry("a"), finding("a"))
        seal_parts(tmp_path)
        assert names_in(tmp_path) == ["00001.part"]
        write(tmp_path, (entry("b"), finding("b")))
        alive.add(entry("c"), finding("c"))
    assert names_in(tmp_path) == ["00001.jsonl", "00002.jsonl"]
    assert [line.entry.key for line in read_shards(tmp_path)] == ["a", "c", "b"]


def test_shards_are_of_a_size(tmp_path: Path):
    write(tmp_path, *((entry(str(number)), finding(str(number))) for number in range(2001)))
    assert names_in(tmp_path) == ["00001.jsonl", "00002.jsonl", "00003.jsonl"]


OLD, NEW = (entry("a", "1"), finding("a", 0.1)), (entry("a", "2"), finding("a", 0.2))
FAILED = (entry("a", "1", failed=True), finding("a"))


@pytest.mark.parametrize(
    ("lines", "counts"),
    [
        ([OLD, NEW], NEW),
        ([FAILED, OLD], OLD),
        ([OLD, FAILED], OLD),
        ([OLD, (entry("a", "2", failed=True), finding("a"))], (entry("a", "2", failed=True), finding("a"))),
    ],
    ids=["a changed image", "tried again", "a success stays", "a changed image that fails"],
)
def test_one_line_counts_for_each_image(tmp_path: Path, lines: list, counts: tuple):
    write(tmp_path, *lines)
    assert list(read_job(tmp_path)) == [counts]
