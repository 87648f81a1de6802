"""Several devices for one training: a process each, started and ended by the one that trains on the first."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from typing import Any

import lightning as L
import torch
from lightning.fabric.plugins.environments.cluster_environment import ClusterEnvironment
from lightning.pytorch.strategies import DDPStrategy

from blemish.cpu import available_threads
from blemish.errors import BlemishError, SettingsError
from blemish.methods import GradientMethod, Method, MethodSettings
from blemish.training.callbacks import DivergedError, LossNotFiniteError

_JOIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Devices:
    """The devices of a training.

    Attributes:
        count: at least 1.
        build: makes the untrained method in the processes of the other devices, which get the weights of the first;
            it can be sent there.
    """

    count: int
    build: Callable[[], Any]


def _no_others() -> None:
    """There is nobody to wait for. Named, since places are sent to other processes."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which of the processes of one training this is.

    Attributes:
        rank: 0 in the process that was called: it alone writes, and says how far it is.
        count: number of processes.
        port: on which that process listens, of this machine.
        wait_for_others: called where the processes connect to one another; returns once the others are there.
    """

    rank: int = 0
    count: int = 1
    port: int = 0
    wait_for_others: Callable[[], None] = _no_others

    def remarks(self) -> tuple[str, ...]:
        """That there were several, for the model card."""
        return (f"Trained on {self.count} devices, which shared every batch among them.",) if self.count > 1 else ()

    def trainer_options(self, *, several_optimisers: bool) -> dict[str, Any]:
        """What Lightning's Trainer is given; with ``several_optimisers``, a step may leave weights out."""
        if self.count == 1:
            return {"accelerator": "auto", "devices": 1}
        on_gpu = torch.cuda.is_available()
        return {
            "accelerator": "cuda" if on_gpu else "cpu",
            "devices": self.count,
            "strategy": _WaitingDDP(self, find_unused_parameters=several_optimisers),
            # The loader gives each process its own part of every batch.
            "use_distributed_sampler": False,
            # PyTorch has no such layer for processors: there each process normalises by its own part.
            "sync_batchnorm": on_gpu,
        }


class _WaitingDDP(DDPStrategy):
    """Connects the processes once all of them are there: torch waits half an hour for one that has died."""

    def __init__(self, place: Place, *, find_unused_parameters: bool) -> None:
        super().__init__(cluster_environment=_ThisMachine(place), find_unused_parameters=find_unused_parameters)
        self._wait_for_others = place.wait_for_others

    def setup_distributed(self) -> None:
        self._wait_for_others()
        super().setup_distributed()


class OwnNoise(L.Callback):
    """Noise of its own for every process but the first, from the epoch alone: a resumed training draws the same."""

    def __init__(self, place: Place, seed: int) -> None:
        self._place, self._seed = place, seed

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Seed it."""
        if self._place.rank:
            numbers = (self._seed, self._place.rank, trainer.current_epoch)
            torch.manual_seed(sum(number << shift for number, shift in zip(numbers, (0, 32, 48), strict=True)))


def check_devices(count: int, method: type[Method], settings: MethodSettings) -> None:
    """Raises SettingsError where a method cannot be trained on so many devices."""
    if count < 1:
        raise SettingsError(f"{count} devices are none to train on; give at least 1.")
    if count == 1:
        return
    if not issubclass(method, GradientMethod):
        raise SettingsError(
            f'Method "{method.info.name}" is fitted in passes over the images, without gradients: it trains on one '
            "device; leave out --devices."
        )
    batch_size = int(getattr(settings, "batch_size", count))
    if batch_size % count:
        raise SettingsError(
            f"A batch of {batch_size} images cannot be divided among {count} devices; set a batch_size that is a "
            f"multiple of {count}."
        )
    if torch.cuda.is_available() and torch.cuda.device_count() < count:
        raise SettingsError(f"{count} devices were asked for, and this machine has {torch.cuda.device_count()} GPU(s).")


@contextmanager
def in_every_process(count: int, work: Callable[[Place], None]) -> Iterator[Place]:
    """Do ``work`` in the processes of all devices but the first, which does its own under this context.

    They end with it, also by an interruption, and with this process in any case.

    Args:
        count: number of devices; with 1 there is nothing to start.
        work: what can be sent to another process.

    Raises:
        BlemishError: what another process raised, that it has died, or that it could not begin.
    """
    if count == 1:
        yield Place()
        return
    place = Place(0, count, _free_port())
    others = [_Other(work, Place(rank, count, place.port)) for rank in range(1, count)]
    threads = torch.get_num_threads()
    try:
        for other in others:
            other.wait_until_begun()
        torch.set_num_threads(_threads_each(count))

        def wait_for_others() -> None:
            for other in others:
                other.wait_until_ready()

        yield replace(place, wait_for_others=wait_for_others)
        for other in others:
            other.process.join(_JOIN_S)
    except RuntimeError as error:
        # The connection to another process is lost: what happened there is the reason.
        for other in others:
            other.explain(error)
        raise
    finally:
        torch.set_num_threads(threads)
        for other in others:
            other.process.kill()
            other.process.join()
        _leave()


class _Other:
    """The process of another device."""

    def __init__(self, work: Callable[[Place], None], place: Place) -> None:
        self._place = place
        self._errors, sender = get_context("spawn").Pipe(duplex=False)
        # As a daemon it ends with this process.
        self.process = get_context("spawn").Process(target=_take_part, args=(work, place, sender), daemon=True)
        self.process.start()
        sender.close()

    def wait_until_begun(self) -> None:
        """Raise BlemishError where it ends instead."""
        if self._has_reported():
            return
        self.process.join()
        raise BlemishError(
            f"The process of device {self._place.rank + 1} of {self._place.count} ended before it began (exit code "
            f"{self.process.exitcode}): what it printed says why. A script that trains on several devices must do so "
            'under if __name__ == "__main__":, since each process reads it.'
        )

    def wait_until_ready(self) -> None:
        """Return once it is about to connect to the others; raise what has ended it instead."""
        if not self._has_reported():
            self.process.join()
            raise self._ended_by_itself()

    def explain(self, error: RuntimeError) -> None:
        """Raise what ended the process, if it has ended."""
        self.process.join(1.0)
        with contextlib.suppress(EOFError):
            while self._errors.poll():
                if (sent := self._errors.recv()) is not None:
                    raise sent from error
        if self.process.exitcode:
            raise self._ended_by_itself() from error

    def _has_reported(self) -> bool:
        """Wait for its next message: True where all is well, False where it ended without one.

        Raises:
            BlemishError: the message is an error.
        """
        wait([self._errors, self.process.sentinel])
        with contextlib.suppress(EOFError):
            if self._errors.poll():
                if (sent := self._errors.recv()) is not None:
                    raise sent
                return True
        return False

    def _ended_by_itself(self) -> BlemishError:
        return BlemishError(
            f"The process of device {self._place.rank + 1} of {self._place.count} ended by itself "
            f"(exit code {self.process.exitcode}), as it does when memory runs out; the same command resumes the "
            "training from its last checkpoint."
        )


def _take_part(work: Callable[[Place], None], place: Place, errors: Connection) -> None:
    """The main function of another device's process."""
    # Ctrl-C reaches all processes of a terminal; the first one decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    errors.send(None)
    torch.set_num_threads(_threads_each(place.count))
    try:
        # The second report: ready to connect.
        work(replace(place, wait_for_others=lambda: errors.send(None)))
    except (LossNotFiniteError, DivergedError):
        pass  # raised in every process
    except BlemishError as error:
        errors.send(error)
    finally:
        _leave()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _threads_each(count: int) -> int:
    return max(1, available_threads() // count)


def _leave() -> None:
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


class _ThisMachine(ClusterEnvironment):
    """Tells Lightning where the processes are: here, and already started."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._place = place

    @property
    def creates_processes_externally(self) -> bool:
        return True

    @property
    def main_address(self) -> str:
        return "127.0.0.1"

    @property
    def main_port(self) -> int:
        return self._place.port

    @staticmethod
    def detect() -> bool:
        return False

    def world_size(self) -> int:
        return self._place.count

    def set_world_size(self, size: int) -> None:
        """It is known."""

    def global_rank(self) -> int:
        return self._place.rank

    def set_global_rank(self, rank: int) -> None:
        """It is known."""

    def local_rank(self) -> int:
        return self._place.rank

    def node_rank(self) -> int:
        return 0
