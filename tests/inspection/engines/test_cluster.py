"""A Ray cluster of two nodes gives the lines that this process gives, also when workers die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

import blemish
from blemish.detectors import load
from blemish.errors import BlemishError, SettingsError
from blemish.images import write_png
from blemish.inspection.engines.cluster import RayEngine
from blemish.inspection.job.record import JobOptions
from blemish.inspection.job.shards import read_shards

ray = pytest.importorskip("ray")
pytestmark = pytest.mark.slow(6)

IMAGES = 60


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """Two nodes with a core each, on this machine."""
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": 80 << 20}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    cluster.add_node(**node)
    yield cluster.address
    ray.shutdown()
    cluster.shutdown()


@pytest.fixture
def images(tmp_path: Path, wall: NDArray[np.uint8]) -> Path:
    for number in range(IMAGES):
        write_png(tmp_path / "images" / f"{number}.png", np.roll(wall, number, axis=0))
    (tmp_path / "images" / "7.png").write_bytes(b"no image")
    return tmp_path / "images"


def worker_pids() -> list[int]:
    """Processes of the cluster's workers, which descend from this one."""
    parents = {int(path.parent.name): int(path.read_text().rpartition(")")[2].split()[1]) for path in processes("stat")}
    workers = []
    for path in processes("cmdline"):
        pid = int(path.parent.name)
        if "ray::Worker" in path.read_text():
            while pid in parents and pid != os.getpid():
                pid = parents[pid]
            workers += [int(path.parent.name)] if pid == os.getpid() else []
    return workers


def processes(name: str) -> list[Path]:
    return [path for path in Path("/proc").glob(f"[0-9]*/{name}") if path.exists()]


def tables(out: Path) -> list[bytes]:
    return [(out / name).read_bytes() for name in ("findings.jsonl", "findings.csv")]


def test_two_nodes_give_the_lines_of_one_process(cluster: str, darkness_file: Path, images: Path, tmp_path: Path):
    blemish.inspect(images, detector=darkness_file, out=tmp_path / "local", report=False)
    engine = RayEngine(cluster, workers=2)
    summary = blemish.inspect(images, detector=darkness_file, out=tmp_path / "ray", report=False, engine=engine)
    assert (summary.inspected, summary.failed) == (IMAGES - 1, 1)
    assert tables(tmp_path / "ray") == tables(tmp_path / "local")
    # Nodes of one core hold one worker each, and each worker wrote a shard of its own.
    assert len({line.shard for line in read_shards(tmp_path / "ray")}) == 2
    assert blemish.inspect(images, detector=darkness_file, out=tmp_path / "ray", report=False).earlier == IMAGES - 1


def test_workers_that_find_no_core_are_handed_no_images(cluster, darkness_file, images, tmp_path, monkeypatch):
    """One core is taken by other work; then both are."""

    @ray.remote(num_cpus=1)
    class Other:
        def is_placed(self) -> bool:
            return True

    others = [Other.remote()]
    try:
        assert ray.get(others[0].is_placed.remote())
        summary = blemish.inspect(
            images, detector=darkness_file, out=tmp_path / "one", report=False, engine=RayEngine(cluster)
        )
        assert (summary.inspected, summary.failed) == (IMAGES - 1, 1)
        others.append(Other.remote())
        assert ray.get(others[1].is_placed.remote())
        monkeypatch.setattr("blemish.inspection.engines.cluster._PATIENCE_S", 2.0)
        with pytest.raises(BlemishError, match="No core of the Ray cluster has become free"):
            blemish.inspect(
                images, detector=darkness_file, out=tmp_path / "none", report=False, engine=RayEngine(cluster)
            )
    finally:
        for other in others:
            ray.kill(other)


def test_a_worker_that_is_killed_loses_nothing(cluster: str, darkness_file: Path, images: Path, tmp_path: Path):
    blemish.inspect(images, detector=darkness_file, out=tmp_path / "local", report=False)
    killed = []

    def kill_one(_: object) -> None:
        if not killed:
            killed.extend(worker_pids())
            os.kill(killed[0], signal.SIGKILL)

    blemish.inspect(
        images,
        detector=darkness_file,
        out=tmp_path / "ray",
        report=False,
        engine=RayEngine(cluster, workers=2),
        on_finding=kill_one,
    )
    assert killed
    assert tables(tmp_path / "ray") == tables(tmp_path / "local")


@pytest.mark.parametrize(("asked", "started"), [(None, 2), (1, 1), (2, 2), (5, 2)])
def test_no_more_workers_are_started_than_there_are_cores(darkness_file: Path, asked: int | None, started: int):
    """One more would take the core of a worker that has died, whose images would then wait for ever."""
    workers: list[SimpleNamespace] = []

    def start(*_: object) -> SimpleNamespace:
        workers.append(SimpleNamespace(inspect=SimpleNamespace(remote=lambda _: object())))
        return workers[-1]

    engine = RayEngine(workers=asked)
    engine._ray = SimpleNamespace(
        init=lambda **_: None,
        cluster_resources=lambda: {"CPU": 2.0},
        remote=lambda **_: lambda _: SimpleNamespace(remote=start),
        kill=lambda _: None,
    )
    assert not list(engine.work(load(darkness_file), None, iter(()), JobOptions(), Path("out")))
    assert len(workers) == started


def test_a_node_that_does_not_start_is_a_sentence(
    darkness_file: Path, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def timed_out(**_: object) -> None:
        raise Exception("The current node timed out during startup.")

    engine = RayEngine()
    monkeypatch.setattr(engine, "_ray", SimpleNamespace(init=timed_out))
    with pytest.raises(BlemishError, match="could not be started on this machine"):
        blemish.inspect(images, detector=darkness_file, out=tmp_path / "out", engine=engine)


def test_what_a_cluster_cannot_do_is_a_sentence(cluster: str, darkness_file: Path, images: Path, tmp_path: Path):
    engine = RayEngine(cluster, workers=1)
    with pytest.raises(SettingsError, match="in memory"):
        blemish.inspect(np.zeros((9, 9, 3), np.uint8), detector=darkness_file, out=tmp_path / "a", engine=engine)
    nameless = load(darkness_file)
    nameless.path = None
    with pytest.raises(SettingsError, match="from its file"):
        blemish.inspect(images, detector=nameless, out=tmp_path / "b", engine=engine)
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "overlays").write_text("a file")
    with pytest.raises(BlemishError, match=r"0 of 60 images are done|overlays"):
        blemish.inspect(images, detector=darkness_file, out=tmp_path / "c", engine=engine)


DRIVER = """
import sys
import blemish
from blemish.inspection.engines.cluster import RayEngine

images, detector, out, address = sys.argv[1:]
waited = []


def wait(_):
    if not waited:
        waited.append(True)
        print("first", flush=True)
        sys.stdin.readline()


engine = RayEngine(address, workers=2)
blemish.inspect(images, detector=detector, out=out, report=False, engine=engine, on_finding=wait)
"""


def test_after_the_head_has_died_the_same_command_goes_on(darkness_file: Path, tmp_path: Path, wall: NDArray[np.uint8]):
    """The head's processes are killed while a driver of its own waits for the second image of 150."""
    from ray.cluster_utils import Cluster

    images, out = tmp_path / "images", tmp_path / "ray"
    for number in range(150):
        write_png(images / f"{number}.png", np.roll(wall, number, axis=0))
    (images / "7.png").write_bytes(b"no image")
    blemish.inspect(images, detector=darkness_file, out=tmp_path / "local", report=False)
    node = {"num_cpus": 1, "object_store_memory": 80 << 20}
    patience = {"RAY_gcs_rpc_server_reconnect_timeout_s": "5", "RAY_gcs_server_request_timeout_seconds": "5"}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False, "env_vars": patience})
    cluster.add_node(**node, env_vars=patience)
    try:
        command = [sys.executable, "-c", DRIVER, *map(str, (images, darkness_file, out)), cluster.address]
        driver = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | patience
        )
        assert driver.stdout is not None
        assert driver.stdout.readline() == b"first\n"
        cluster.head_node.kill_all_processes(check_alive=False, allow_graceful=False)
        driver.communicate(b"\n", timeout=300)
        assert driver.returncode != 0
    finally:
        cluster.shutdown()
    kept = {line.entry.key for line in read_shards(out) if not line.entry.failed}
    assert 0 < len(kept) < 149
    cluster = Cluster(initialize_head=True, head_node_args={**node, "num_cpus": 2, "include_dashboard": False})
    try:
        command[-1] = cluster.address
        subprocess.run(command, input=b"\n", capture_output=True, timeout=400, check=True)
    finally:
        cluster.shutdown()
    assert tables(out) == tables(tmp_path / "local")
