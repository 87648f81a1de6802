"""The service under load, beside the same work in this process; over half an hour; and killed again and again.

    python benchmarks/service_load.py throughput [--clients 16] [--seconds 60]
    python benchmarks/service_load.py latency [--load 0.7] [--seconds 120]
    python benchmarks/service_load.py soak [--minutes 30] [--per-second 1]
    python benchmarks/service_load.py kills [--kills 10] [--images 400]

Drawn concrete of --side pixels goes through the bundled detector, or --detector. "throughput": images a second of
clients that each send one image after another, and of `inspect_stream`, which `blemish inspect` scores with, on the
same bytes; cracks are not measured and nothing is stored, in both. "latency": requests at random (exponential)
intervals at a fraction of what "throughput" measures first, whether or not earlier ones are answered. "soak": the
service's memory while images are inspected, stored and looked at again; growth is from the second tenth of the time,
when everything has been used once, to the last. "kills": SIGKILL at random moments of a job, while single images are
sent too; whatever was answered 2xx must be there in the end, and each image of the job exactly once.

Figures of throughput and latency mean something on a machine that does nothing else. Clients run in this process, on
the same cores as the service.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from blemish.bundled import DEFAULT_DETECTOR, locate
from blemish.client import Client, ServiceError
from blemish.cpu import images_at_once
from blemish.detectors import ImageSource, load
from blemish.inspection.stream import inspect_stream

from machine import describe_machine

_MANY = 1 << 10
_PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024


@dataclass(slots=True)
class Server:
    """A service in a process of its own."""

    process: subprocess.Popen[str]
    address: str

    def memory_kb(self) -> int:
        """What lies in memory now."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * _PAGE_KB

    def kill(self) -> None:
        """As a power cut would."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()


def start(detector: str, store: Path) -> Server:
    """Begin to serve on a free port."""
    command = [sys.executable, "-m", "blemish", "serve", "--detector", detector, "--port", "0", "--store", str(store)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    said = process.stderr.readline()
    address = next((word for word in said.split() if word.startswith("http")), None)
    assert address is not None, said
    threading.Thread(target=process.stderr.read, daemon=True).start()
    return Server(process, address.rstrip("/"))


@contextlib.contextmanager
def serving(detector: str, store: Path) -> Iterator[Server]:
    server = start(detector, store)
    try:
        yield server
    finally:
        server.process.terminate()
        server.process.wait(timeout=60)


def draw(count: int, side_px: int, seed: int) -> list[bytes]:
    """Grey, grained surfaces as JPEG, every second one with a dark line across it."""
    rng = np.random.default_rng(seed)
    drawn = []
    for number in range(count):
        grey = cv2.GaussianBlur(rng.normal(150, 30, (side_px, side_px)).astype(np.float32), (0, 0), 1.2)
        image = np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
        if number % 2:
            ends = rng.integers(0, side_px, 2).tolist()
            cv2.line(image, (0, ends[0]), (side_px - 1, ends[1]), (40, 40, 40), 2, cv2.LINE_AA)
        drawn.append(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes())
    return drawn


def in_process(detector: str, images: Sequence[bytes], seconds: float) -> float:
    """Images a second of `inspect_stream`."""
    loaded = load(locate(detector), images_at_once=images_at_once(_MANY))
    for _ in inspect_stream(loaded, [ImageSource(images[0], "warm", "warm")] * 4):
        pass
    started, done = time.perf_counter(), 0

    def sources() -> Iterator[ImageSource]:
        number = 0
        while time.perf_counter() - started < seconds:
            yield ImageSource(images[number % len(images)], f"{number}.jpg", str(number))
            number += 1

    for found in inspect_stream(loaded, sources()):
        assert found.error is None, found.error
        done += 1
    return done / (time.perf_counter() - started)


def by_clients(address: str, images: Sequence[bytes], clients: int, seconds: float) -> float:
    """Images a second of clients that each send one after another."""
    until = time.perf_counter() + seconds

    def send(number: int) -> int:
        done = 0
        with Client(address) as service:
            while time.perf_counter() < until:
                service.inspect([(f"{done}.jpg", images[(number + done) % len(images)])], measure=False, store=False)
                done += 1
        return done

    with ThreadPoolExecutor(clients) as pool:
        started = time.perf_counter()
        done = sum(pool.map(send, range(clients)))
        return done / (time.perf_counter() - started)


def throughput(given: argparse.Namespace, images: Sequence[bytes], store: Path) -> None:
    """Clients beside the same work in this process."""
    alone = in_process(given.detector, images, given.seconds)
    with serving(given.detector, store) as server:
        by_clients(server.address, images, given.clients, min(5, given.seconds))  # warm
        served = by_clients(server.address, images, given.clients, given.seconds)
    print(f"in process {alone:.2f} images/s; {given.clients} clients {served:.2f} images/s: {served / alone:.1%}")


def latency(given: argparse.Namespace, images: Sequence[bytes], store: Path) -> None:
    """The time to an answer at a fraction of the largest load."""
    rng = random.Random(given.seed)
    with serving(given.detector, store) as server, Client(server.address) as service:
        most = by_clients(server.address, images, given.clients, min(30, given.seconds))
        times: list[float] = []
        refused = Counter[int]()

        def ask(due: float, image: bytes) -> None:
            try:
                service.inspect([("a.jpg", image)], measure=False, store=False)
            except ServiceError as error:
                refused[error.status] += 1
                return
            times.append(time.perf_counter() - due)

        with ThreadPoolExecutor(200) as pool:
            due = time.perf_counter()
            until = due + given.seconds
            while due < until:
                due += rng.expovariate(given.load * most)
                time.sleep(max(0.0, due - time.perf_counter()))
                pool.submit(ask, due, rng.choice(images))
    median, p99 = statistics.median(times), sorted(times)[int(len(times) * 0.99)]
    print(
        f"{given.load:.0%} of {most:.2f} images/s, {len(times)} answers, refused {dict(refused) or 'none'}: median "
        f"{median * 1e3:.0f} ms, p99 {p99 * 1e3:.0f} ms, {p99 / median:.1f} times the median"
    )


def soak(given: argparse.Namespace, images: Sequence[bytes], store: Path) -> None:
    """Memory over time."""
    seen: list[tuple[float, int]] = []
    with serving(given.detector, store) as server, Client(server.address) as service:
        started = time.monotonic()
        sent = 0
        while (passed := time.monotonic() - started) < given.minutes * 60:
            (found,) = service.inspect([(f"{sent}.jpg", images[sent % len(images)])])
            assert found.id is not None
            service.picture(found.id, "view")
            if sent % 10 == 0:
                next(service.findings(order="newest"))
                service.review(found.id, "approve")
            sent += 1
            seen.append((passed, server.memory_kb()))
            time.sleep(max(0.0, started + sent / given.per_second - time.monotonic()))
    tenth = given.minutes * 6
    early = statistics.median(kb for at, kb in seen if tenth <= at < 2 * tenth)
    late = statistics.median(kb for at, kb in seen if at >= 9 * tenth)
    for step in range(10):
        within = [kb for at, kb in seen if step * tenth <= at < (step + 1) * tenth]
        if within:
            print(f"  minute {step * tenth / 60:.0f}: {statistics.median(within) / 1024:.0f} MiB")
    print(
        f"{sent} images in {given.minutes:g} min: {early / 1024:.0f} to {late / 1024:.0f} MiB, {late / early - 1:+.1%}"
    )


def kills(given: argparse.Namespace, images: Sequence[bytes], store: Path) -> None:
    """SIGKILL during a job."""
    rng = random.Random(given.seed)
    archive = store.parent / "job.zip"
    with zipfile.ZipFile(archive, "w") as members:
        for number in range(given.images):
            members.writestr(f"{number:05}.jpg", images[number % len(images)])
    server = start(given.detector, store)
    with Client(server.address) as service:
        job = service.begin_job(archive, measure=False).id
    answered: set[str] = set()
    reached = []
    for life in range(given.kills):
        with Client(server.address, timeout_s=30) as service:
            killing = threading.Timer(rng.uniform(0.5, given.kill_within_s), server.kill)
            killing.start()
            with contextlib.suppress(ServiceError):
                while True:
                    found = service.inspect([(f"single {life} {len(answered)}.jpg", images[0])], measure=False)
                    answered |= {one.id for one in found if one.id is not None}
            killing.join()
        server = start(given.detector, store)
        with Client(server.address) as service:
            reached.append(sum(1 for _ in service.findings(job=job)))
    with Client(server.address) as service:
        *_, last = service.watch_job(job)
        names = Counter(one.finding.image for one in service.findings(job=job))
        kept = {one.id for one in service.findings(text="single")}
    server.process.terminate()
    server.process.wait(timeout=60)
    assert last.state == "done", last
    assert last.done == last.total == given.images, last
    assert len(names) == given.images, f"{len(names)} of {given.images} images have a finding"
    assert set(names.values()) == {1}, "an image has two findings"
    assert answered <= kept, f"{len(answered - kept)} of {len(answered)} answered images are lost"
    print(
        f"{given.kills} kills, after which {reached} of {given.images} images of the job were stored: it ended "
        f"complete, each image once, and all {len(answered)} images that were answered in between are there"
    )


MODES: dict[str, Callable[[argparse.Namespace, Sequence[bytes], Path], None]] = {
    "throughput": throughput,
    "latency": latency,
    "soak": soak,
    "kills": kills,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=MODES)
    parser.add_argument("--detector", default=DEFAULT_DETECTOR)
    parser.add_argument("--side", type=int, default=512, help="of the drawn images, px")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--load", type=float, default=0.7)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--per-second", type=float, default=1)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--kill-within-s", type=float, default=6)
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    print(describe_machine("onnxruntime", "fastapi", "uvicorn"))
    images = draw(32, given.side, given.seed)
    with tempfile.TemporaryDirectory() as folder:
        MODES[given.mode](given, images, Path(folder) / "store")


if __name__ == "__main__":
    main()
