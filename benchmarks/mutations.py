"""Deliberate faults, each put alone into a temporary copy of the code, and whether the tests named beside it notice.

    python benchmarks/mutations.py                 every fault of benchmarks/faults/*.yaml
    python benchmarks/mutations.py ganomaly vae    those whose file or description contains one of these words

Prints one line for each fault, with the test that failed; exits with 1 where a fault survived. The working tree is not
touched. Faults that change no result stand in equivalent_faults.yaml with the reason. A file of faults maps each file
of the code to the tests that should notice (``tests``) and to its ``faults``: what is wrong (``fault``),
a text that occurs once in the file (``text``), and what replaces it (``instead``).
"""

from __future__ import annotations

import argparse
import importlib
import io
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
_TIMEOUT_S = 300


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        file: relative to the repository.
        description: what is wrong with it.
        text: replaced; occurs once in the file.
        instead: what replaces it.
        tests: files of tests, or single ones (``file::name``), that should notice.
    """

    file: str
    description: str
    text: str
    instead: str
    tests: tuple[str, ...]

    def applied(self, source: str) -> str:
        """The file's content with the fault. Raises ValueError where the text does not occur exactly once."""
        if (count := source.count(self.text)) != 1:
            raise ValueError(f'{self.file}: the text of "{self.description}" occurs {count} times, not once.')
        return source.replace(self.text, self.instead)


def read_faults() -> list[Fault]:
    """All of benchmarks/faults, in order."""
    faults = []
    for path in sorted((ROOT / "benchmarks" / "faults").glob("*.yaml")):
        for file, entry in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            for fault in entry["faults"]:
                tests = fault.get("tests", entry.get("tests"))
                tests = (tests,) if isinstance(tests, str) else tuple(tests)
                text, instead = (fault[key].rstrip("\n") for key in ("text", "instead"))
                faults.append(Fault(file, fault["fault"], text, instead, tests))
    return faults


class _FirstFailure:
    """A plugin of pytest that keeps the name of the first test that fails."""

    def __init__(self) -> None:
        self.name = ""

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and not self.name:
            self.name = report.nodeid

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed and not self.name:
            self.name = f"{report.nodeid} (cannot be imported)"


def _run_tests(copy: Path, tests: Sequence[str], answer: Connection) -> None:
    os.chdir(ROOT)
    os.environ["PYTHONPATH"] = str(copy / "src")
    sys.path.insert(0, str(copy / "src"))
    sys.dont_write_bytecode = True
    failure, output = _FirstFailure(), io.StringIO()
    with redirect_stdout(output), redirect_stderr(output):
        code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", *tests], plugins=[failure])
    import blemish

    if not Path(blemish.__file__).is_relative_to(copy):
        code, failure.name = 3, f"{blemish.__file__} was tested, and not the copy"
    installed = [name for name, module in list(sys.modules.items()) if "site-packages" in (_file_of(module) or "")]
    answer.send((int(code), failure.name or output.getvalue()[-2000:], installed))


def _file_of(module: Any) -> str | None:
    file = getattr(module, "__file__", None)
    return file if isinstance(file, str) else None


def outcome(copy: Path, tests: Sequence[str], timeout_s: float = _TIMEOUT_S) -> tuple[bool, str, list[str]]:
    """Whether the tests pass on the copy, otherwise the first that failed, and which libraries they needed.

    Raises:
        RuntimeError: pytest could not run them at all.
    """
    processes = multiprocessing.get_context("fork")
    ours, theirs = processes.Pipe(duplex=False)
    process = processes.Process(target=_run_tests, args=(copy, tests, theirs))
    process.start()
    theirs.close()
    try:
        if not ours.poll(timeout_s):
            return False, f"no end after {timeout_s:g} s", []
        code, said, needed = ours.recv()
    except EOFError:
        return False, "the process ended", []
    finally:
        if process.is_alive():
            process.join(5)
            process.kill()
        process.join()
    if code not in (0, 1, 2):
        raise RuntimeError(f"pytest could not run {' '.join(tests)}: {said}")
    return code == 0, said, needed


@contextmanager
def a_copy() -> Iterator[Path]:
    """A temporary folder with the code and the recipes."""
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder:
        for name in ("src", "recipes"):
            shutil.copytree(ROOT / name, Path(folder) / name)
        yield Path(folder)


@contextmanager
def applied(fault: Fault, copy: Path) -> Iterator[None]:
    """The copy with the fault, and afterwards without it."""
    path = copy / fault.file
    source, times = path.read_text(encoding="utf-8"), path.stat()
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        compiled.unlink()
    path.write_text(fault.applied(source), encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(source, encoding="utf-8")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def main(words: Sequence[str]) -> int:
    """Try the faults whose file or description contains one of the words, or all; the exit code."""
    chosen = [
        fault
        for fault in read_faults()
        if not words or any(word.lower() in f"{fault.file} {fault.description}".lower() for word in words)
    ]
    started_s, survived = time.monotonic(), 0
    with a_copy() as copy:
        named = sorted({test for fault in chosen for test in fault.tests})
        passed, said, needed = outcome(copy, named, timeout_s=_TIMEOUT_S + 60 * len(named))
        if not passed:
            print(f"The tests fail without any fault: {said}")
            return 2
        # Libraries take seconds and no fault changes them: here, before the processes of the faults are forked.
        for name in needed:
            with suppress(Exception):
                importlib.import_module(name)
        for fault in chosen:
            with applied(fault, copy):
                passed, said, _ = outcome(copy, fault.tests)
            survived += passed
            print(f"{'SURVIVED' if passed else 'noticed '}  {fault.file}: {fault.description}", flush=True)
            if not passed:
                print(f"          {said}", flush=True)
    print(f"{len(chosen)} faults, {survived} survived; {time.monotonic() - started_s:.0f} s.")
    return int(survived > 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("words", nargs="*", help="only faults whose file or description contains one of these")
    sys.exit(main(parser.parse_args().words))
