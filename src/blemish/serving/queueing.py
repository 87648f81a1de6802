"""Who is served next: clients take turns image by image, a bounded number of images waits, and nobody waits for ever.

One thread of Python (that of the event loop) holds the queue, so it needs no lock; the work itself runs in a fixed
number of other threads.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from blemish.serving.refusals import RefusalError

T = TypeVar("T")
# How much the latest piece of work counts in the mean by which a waiting time is estimated.
_NEWEST = 0.1


@dataclass(slots=True)
class _Task:
    work: Callable[[], Any]
    answer: asyncio.Future[Any]


class FairQueue:
    """Runs work of many clients on a few threads.

    Args:
        workers: threads.
        max_waiting: pieces of work that may wait.
    """

    def __init__(self, workers: int, max_waiting: int) -> None:
        self.workers = workers
        self.max_waiting = max_waiting
        self.waiting = 0
        self.running = 0
        self._seconds = 1.0
        self._clients: OrderedDict[str, deque[_Task]] = OrderedDict()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="inspect")

    async def run(self, client: str, works: Sequence[Callable[[], T]], *, deadline_s: float) -> list[T]:
        """Run pieces of work of one client.

        Args:
            client: who asks; clients take turns.
            works: what to do, each in a thread of its own.
            deadline_s: when the client is told that it takes too long.

        Returns:
            What each gave, in order.

        Raises:
            RefusalError: 429 where too much is waiting, 503 where the deadline has passed.
        """
        if self.waiting + len(works) > self.max_waiting:
            raise RefusalError(
                429, "The server has as much to do as it takes on; try again.", retry_after_s=self.wait_s()
            )
        loop = asyncio.get_running_loop()
        tasks = [_Task(work, loop.create_future()) for work in works]
        self._clients.setdefault(client, deque()).extend(tasks)
        self.waiting += len(tasks)
        self._begin()
        try:
            async with asyncio.timeout(deadline_s):
                answers: list[T] = await asyncio.gather(*(task.answer for task in tasks))
                return answers
        except TimeoutError:
            raise RefusalError(
                503, f"No answer within {deadline_s:g} s, the server is busy; try again.", retry_after_s=self.wait_s()
            ) from None
        finally:
            for task in tasks:
                task.answer.cancel()

    def wait_s(self) -> float:
        """About how long until what waits now is done."""
        return max(1.0, (self.waiting + self.running) * self._seconds / self.workers)

    def close(self) -> None:
        """End the threads; what waits is not begun."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _begin(self) -> None:
        while self._clients and self.running < self.workers:
            client, tasks = self._clients.popitem(last=False)
            task = tasks.popleft()
            if tasks:
                self._clients[client] = tasks  # to the end of the line
            self.waiting -= 1
            if task.answer.done():  # nobody waits for it any more
                continue
            self.running += 1
            self._start(task)

    def _start(self, task: _Task) -> None:
        loop, started = asyncio.get_running_loop(), time.monotonic()

        def tell(done: Future[Any]) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._end, task, done, time.monotonic() - started)

        self._pool.submit(task.work).add_done_callback(tell)

    def _end(self, task: _Task, done: Future[Any], seconds: float) -> None:
        self.running -= 1
        self._seconds += _NEWEST * (seconds - self._seconds)
        if not task.answer.done():
            if done.cancelled():
                task.answer.cancel()
            elif (error := done.exception()) is not None:
                task.answer.set_exception(error)
            else:
                task.answer.set_result(done.result())
        self._begin()
