"""Clients take turns, a bounded number of images waits, and nobody waits longer than the deadline."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

import pytest

from blemish.serving.queueing import FairQueue
from blemish.serving.refusals import RefusalError


def run(body: Callable[[FairQueue], object], *, workers: int = 1, max_waiting: int = 100) -> None:
    async def inside() -> None:
        queue = FairQueue(workers, max_waiting)
        try:
            await body(queue)  # type: ignore[misc]
        finally:
            queue.close()

    asyncio.run(inside())


def test_answers_come_in_order():
    async def body(queue: FairQueue) -> None:
        works = [lambda number=number: time.sleep(0.01 * (5 - number)) or number for number in range(5)]
        assert await queue.run("a", works, deadline_s=5) == [0, 1, 2, 3, 4]

    run(body, workers=3)


def test_a_client_with_one_image_does_not_wait_for_all_of_another():
    done: list[str] = []

    async def body(queue: FairQueue) -> None:
        def work(name: str) -> Callable[[], None]:
            return lambda: time.sleep(0.005) or done.append(name)

        begun = [asyncio.create_task(queue.run("many", [work("many") for _ in range(20)], deadline_s=5))]
        await asyncio.sleep(0)
        await asyncio.gather(*(queue.run(name, [work(name)], deadline_s=5) for name in ("b", "c")))
        before = len(done)
        await begun[0]
        assert before < 6

    run(body)
    assert done.count("many") == 20


def test_too_much_is_refused_with_a_time_to_come_back():
    async def body(queue: FairQueue) -> None:
        go = threading.Event()
        held = [asyncio.create_task(queue.run("a", [go.wait] * count, deadline_s=5)) for count in (1, 2)]
        await asyncio.sleep(0.01)
        with pytest.raises(RefusalError) as refusal:
            await queue.run("b", [go.wait], deadline_s=5)
        assert refusal.value.status == 429
        assert refusal.value.retry_after_s >= 1
        go.set()
        await asyncio.gather(*held)
        assert await queue.run("b", [lambda: 7], deadline_s=5) == [7]

    run(body, max_waiting=2)


def test_after_the_deadline_what_waits_is_not_begun():
    begun: list[int] = []

    async def body(queue: FairQueue) -> None:
        go = threading.Event()
        held = asyncio.create_task(queue.run("a", [go.wait], deadline_s=5))
        await asyncio.sleep(0.01)
        with pytest.raises(RefusalError) as refusal:
            await queue.run("b", [lambda: begun.append(1)], deadline_s=0.05)
        assert refusal.value.status == 503
        go.set()
        await held
        assert await queue.run("c", [lambda: 7], deadline_s=5) == [7]
        assert queue.waiting == queue.running == 0

    run(body)
    assert begun == []


def test_an_error_is_that_of_its_client_alone():
    def fail() -> None:
        raise ValueError("broken")

    async def body(queue: FairQueue) -> None:
        with pytest.raises(ValueError, match="broken"):
            await queue.run("a", [fail], deadline_s=5)
        assert await queue.run("a", [lambda: 7], deadline_s=5) == [7]

    run(body)
