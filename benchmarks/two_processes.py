"""Two processes of one thread each, which share a folder by ``--shard``, beside one: how many times as fast?

    python benchmarks/two_processes.py [--images 12] [--rounds 3] [--record two-processes]

Drawn images of 4000 × 3000 px, as many in either part. "One core each" binds every process to a core of its own, as a
machine of one core or a scheduler would; the one beside it has one core, too. "Two cores to share" leaves them where
they want to be: there the one process decodes and draws on the second core while the first one computes. Start-up
counts; of the two, until the later one has ended. "and merged" includes ``blemish job merge``.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from blemish.inspection import Images

from inspect_speed import HEIGHT_PX, WIDTH_PX, draw
from machine import describe_machine
from result_files import Column, Row, Table, record
from result_tables import markdown

BLEMISH = str(Path(sys.executable).with_name("blemish"))
BOUND, SHARED = "one core each", "two cores to share"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=12, help="an even number")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--detector", default="concrete-crack")
    parser.add_argument("--record", metavar="NAME", help="keep the figures as benchmarks/results/NAME.json")
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2 or options.images % 2:
        raise SystemExit("This needs two cores and an even number of images.")
    with tempfile.TemporaryDirectory() as folder:
        images = balanced(Path(folder) / "images", options.images)
        found: dict[str, list[tuple[float, float, float]]] = {BOUND: [], SHARED: []}
        run(images, Path(folder) / "warm", options.detector, [(1, 1)], [None])
        for number in range(options.rounds):
            for where, bound in ((BOUND, [{core} for core in cores]), (SHARED, [None, None])):
                out = Path(folder) / f"{where} {number}"
                one_s = run(images, out / "one", options.detector, [(1, 1)], bound)
                two_s = run(images, out / "two", options.detector, [(1, 2), (2, 2)], bound)
                merge_s = timed(
                    lambda out=out: call(["job", "merge", *parts(out / "two", 2), "--out", str(out / "all")])
                )
                same(out / "one" / "1", out / "all")
                found[where].append((one_s, two_s, two_s + merge_s))
    table = table_of(found)
    print(describe_machine("onnxruntime"), "\n")
    print(markdown(table))
    if options.record:
        record(
            options.record,
            "Two processes beside one",
            f"{options.images} drawn images of {WIDTH_PX} × {HEIGHT_PX} px, half of them in either part, "
            f"{options.detector}, overlays, masks and tables; medians of {options.rounds} rounds in turn",
            [
                f"python benchmarks/two_processes.py --images {options.images} --rounds {options.rounds} "
                f"--record {options.record}"
            ],
            {"processes": table},
        )


def balanced(folder: Path, count: int) -> Path:
    """A folder of which ``--shard`` gives either half as many images."""
    drawn = draw(folder.with_name("drawn"), 4)
    folder.mkdir()
    names = [folder / f"{number}.jpg" for number in range(4 * count)]
    for number, name in enumerate(names):
        os.link(drawn[number % len(drawn)], name)
    for part in (1, 2):
        with Images(folder, part=(part, 2)) as images:
            for name in [source.name for source in images.sources()][count // 2 :]:
                (folder / f"{name}.jpg").unlink()
    return folder


def run(
    images: Path, out: Path, detector: str, shards: Sequence[tuple[int, int]], bound: Sequence[set[int] | None]
) -> float:
    """Seconds until the last of some processes has ended, each bound to some cores or to none."""

    def work() -> None:
        started = []
        for (part, of), cores in zip(shards, bound, strict=False):
            command = ["inspect", str(images), "--detector", detector, "--threads", "1", "--no-report"]
            command += ["--shard", f"{part}/{of}", "--out", str(out / str(part))]
            bind = (lambda cores=cores: os.sched_setaffinity(0, cores)) if cores else None
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            started.append(subprocess.Popen([BLEMISH, *command], preexec_fn=bind, **quiet))
        ended = [process.wait() for process in started]
        if any(ended):
            raise SystemExit("An inspection failed.")

    return timed(work)


def parts(out: Path, count: int) -> list[str]:
    return [str(out / str(part)) for part in range(1, count + 1)]


def call(arguments: Sequence[str]) -> None:
    subprocess.run([BLEMISH, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def same(first: Path, second: Path) -> None:
    if (first / "findings.csv").read_bytes() != (second / "findings.csv").read_bytes():
        raise SystemExit(f"{first} and {second} hold different tables.")


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def table_of(found: dict[str, list[tuple[float, float, float]]]) -> Table:
    names = ("one process, s", "two processes, s", "and merged, s")
    rows = []
    for where, rounds in found.items():
        middle = [statistics.median(times) for times in zip(*rounds, strict=True)]
        cells: dict[str, float] = dict(zip(names, middle, strict=True))
        cells["times as fast"] = statistics.median(one_s / two_s for one_s, two_s, _ in rounds)
        cells["with the merge"] = statistics.median(one_s / merged_s for one_s, _, merged_s in rounds)
        rows.append(Row(name=(where,), cells=cells))
    columns = (
        *(Column(name=name, digits=1) for name in names),
        Column(name="times as fast", digits=2, leading_zero=True),
        Column(name="with the merge", digits=2, leading_zero=True),
    )
    return Table(stub=("processes",), columns=columns, rows=tuple(rows))


if __name__ == "__main__":
    main()
