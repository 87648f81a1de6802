"""All runs of a benchmark, one after another: finished runs are kept, failed ones recorded and tried again later."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blemish.benchmarking.comparing import Difference
from blemish.benchmarking.conclusions import Conclusions, conclude
from blemish.benchmarking.contenders import Contender, read_contenders
from blemish.benchmarking.data import BenchmarkData, prepare, save_data
from blemish.benchmarking.plan import Plan, freeze
from blemish.benchmarking.ranks import Ranks
from blemish.benchmarking.ranks_picture import draw_ranks
from blemish.benchmarking.records import (
    RUN_NAME,
    Cost,
    FailureRecord,
    Identity,
    RunRecord,
    read_run,
    write_record,
)
from blemish.benchmarking.stages import FIT_NAME, INSPECT_NAME, REQUEST_NAME, Request
from blemish.benchmarking.summary import write_tables
from blemish.errors import BlemishError, SettingsError, did_you_mean
from blemish.files import appearing, write_text
from blemish.inspection.openings import openings

Say = Callable[[str], None]
# A traceback, and what led to it.
_LOG_LINES = 60


@dataclass(frozen=True, slots=True)
class Benchmark:
    """The result of a benchmark.

    Attributes:
        runs: finished ones, in the order of data sets, contenders and seeds.
        failures: the others.
        differences: every pair of contenders on every data set.
        ranks: contenders over data sets; None for fewer than two of either.
        notes: on the plan, and how often each test split was opened by this installation.
        table: the Markdown file; ``.csv`` and ``.html`` stand beside it.
    """

    runs: tuple[RunRecord, ...]
    failures: tuple[FailureRecord, ...]
    differences: tuple[Difference, ...]
    ranks: Ranks | None
    notes: tuple[str, ...]
    table: Path


@dataclass(frozen=True, slots=True)
class _Run:
    """One contender on one data set with one seed.

    Attributes:
        contender, data, seed: of the run.
        data_name: in the tables.
        request: for its processes.
        folder: where it appears when it is finished.
    """

    contender: Contender
    data: BenchmarkData
    seed: int
    data_name: str
    request: Request
    folder: Path

    @property
    def identity(self) -> Identity:
        settings: dict[str, Any] = json.loads(json.dumps(dict(self.contender.settings)))
        return Identity(method=self.contender.method, settings=settings, data=self.data.fingerprint, seed=self.seed)

    @property
    def failure_file(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.failed.json")

    def __str__(self) -> str:
        return f"{self.contender.name} on {self.data_name}, seed {self.seed}"


class _FailedError(BlemishError):
    """A process of a run ended badly."""

    def __init__(self, stage: str, message: str, log: Sequence[str]) -> None:
        super().__init__(message)
        self.stage = stage
        self.log = tuple(log)


def benchmark(
    recipes: Sequence[str],
    data: Sequence[Path],
    out: Path,
    *,
    seeds: Sequence[int] = (0, 1, 2),
    profile: str = "quick",
    allow_leaks: Sequence[str] = (),
    normal_names: Sequence[str] | None = None,
    plan: Path | None = None,
    say: Say = lambda _: None,
) -> Benchmark:
    """Train and test every recipe on every data set with every seed, each run in processes of its own.

    The same command resumes an interrupted benchmark and tries failed runs again. One at a time may use ``out``.

    Args:
        recipes: recipe files, names of shipped recipes, or names of methods that have none.
        data: folders, tables or COCO files.
        out: folder for runs, which appear when they are finished, and tables.
        seeds: of everything random in a training; the split is the same for all.
        profile: ``quick`` or ``paper``.
        allow_leaks: names of data sets that may leak from training into test.
        normal_names: the normal classes of all data sets; None takes the usual names.
        plan: TOML file to write what will be run to, before any test image is scored; where it is there already, what
            is run is compared with it, and the table says whether it was kept.
        say: called with sentences for a person.

    Returns:
        Records, differences, and where the tables are.

    Raises:
        SettingsError: nothing to do, an unknown recipe or method, or a run in ``out`` that was computed differently.
        DataError: data that cannot be used, or that leaks.
        BlemishError: ``out`` cannot be written to.
    """
    out = Path(out)
    names = _data_names(data, seeds, allow_leaks)
    contenders = read_contenders(recipes, profile)
    runs: list[_Run] = []
    prepared: dict[str, BenchmarkData] = {}
    # Every data set is read and checked before the first training starts.
    for name, path in names.items():
        say(f"{name}: reading, and looking for leaks.")
        prepared[name] = ready = prepare(
            path,
            contenders,
            allow_leaks=name in allow_leaks,
            normal_names=normal_names,
            listing=out / "leaks" / f"{name}.txt",
            say=say,
        )
        split = out / "splits" / f"{name}.json"
        save_data(ready, split)
        for contender, seed in ((contender, seed) for contender in contenders for seed in seeds):
            request = _request(contender, path, split, profile, seed)
            folder = out / "runs" / name / contender.name / f"seed{seed}"
            runs.append(_Run(contender, ready, seed, name, request, folder))
    finished = _read_finished(runs)
    frozen = None if plan is None else _freeze(plan, contenders, prepared, seeds, say)
    records, failures = _finish(runs, finished, out, say)
    folders = {(run.data_name, run.contender.name, run.seed): run.folder for run in runs}
    found = conclude(
        records,
        lambda record: folders[record.data, record.contender, record.identity.seed],
        _notes(prepared, frozen, unfinished=len(failures)),
    )
    if found.ranks is not None:
        draw_ranks(out / "ranks.png", found.ranks)
    table = write_tables(out, records, failures, found)
    return Benchmark(tuple(records), tuple(failures), found.differences, found.ranks, found.notes, table)


def _freeze(
    plan: Path, contenders: Sequence[Contender], prepared: Mapping[str, BenchmarkData], seeds: Sequence[int], say: Say
) -> Plan:
    data = {
        name: {
            "fingerprint": ready.fingerprint,
            "test_images": len(ready.test()),
            "opened_before": openings(ready.test()).count,
        }
        for name, ready in prepared.items()
    }
    frozen = freeze(plan, contenders, data, seeds)
    say(frozen.sentence(unfinished=len(contenders) * len(prepared) * len(seeds)))
    return frozen


def _notes(prepared: Mapping[str, BenchmarkData], frozen: Plan | None, *, unfinished: int) -> list[str]:
    opened = "; ".join(f"{name} {openings(ready.test())}" for name, ready in prepared.items())
    notes = [f"Test splits evaluated by this installation: {opened}."]
    return notes if frozen is None else [frozen.sentence(unfinished), *notes]


def _data_names(data: Sequence[Path], seeds: Sequence[int], allow_leaks: Sequence[str]) -> dict[str, Path]:
    """The data sets by the name that `read_dataset` gives them."""
    if not data:
        raise SettingsError("Name at least one data set: --data PATH.")
    if not seeds:
        raise SettingsError("Name at least one seed: --seed 0.")
    for kind, given in (("seed", seeds), ("data set", data)):
        doubles = [one for one in given if given.count(one) > 1]
        if doubles:
            raise SettingsError(f"The {kind} {doubles[0]} is given twice.")
    names = [path.resolve().stem if path.is_file() else path.resolve().name for path in data]
    for name in allow_leaks:
        if name not in names:
            raise SettingsError(
                f'--allow-leaks names "{name}", which is none of the data sets.{did_you_mean(name, names)}'
            )
    doubled = [name for name in names if names.count(name) > 1]
    if doubled:
        raise SettingsError(f'Two data sets are called "{doubled[0]}"; give their folders different names.')
    return dict(zip(names, data, strict=True))


def _request(contender: Contender, data: Path, split: Path, profile: str, seed: int) -> Request:
    return Request(
        data=data.absolute(),
        split=split.absolute(),
        method=contender.method,
        learns_from=contender.learns_from,
        recipe=contender.recipe,
        profile=profile,
        seed=seed,
    )


def _read_finished(runs: Sequence[_Run]) -> list[RunRecord | None]:
    """The record of every run that is finished already.

    Raises:
        SettingsError: a run in the folder was computed differently.
    """
    finished = [read_run(run.folder) for run in runs]
    for run, record in zip(runs, finished, strict=True):
        if record is not None and record.identity != run.identity:
            raise SettingsError(
                f'"{run.folder}" was computed with other settings, another split or other images; '
                "choose another --out, or delete that folder."
            )
    return finished


def _finish(
    runs: Sequence[_Run], finished: Sequence[RunRecord | None], out: Path, say: Say
) -> tuple[list[RunRecord], list[FailureRecord]]:
    """Every record; the tables are written after each, so that those of a long benchmark can be read meanwhile."""
    records: list[RunRecord] = []
    failures: list[FailureRecord] = []
    for outcome in _outcomes(runs, finished, say):
        if isinstance(outcome, RunRecord):
            records.append(outcome)
        else:
            failures.append(outcome)
        write_tables(out, records, failures, Conclusions())
    return records, failures


def _outcomes(
    runs: Sequence[_Run], finished: Sequence[RunRecord | None], say: Say
) -> Iterator[RunRecord | FailureRecord]:
    """The record of every run, computed where it is not there already."""
    for number, (run, record) in enumerate(zip(runs, finished, strict=True), start=1):
        if record is not None:
            say(f"{run} ({number} of {len(runs)}) is finished already.")
            yield record
            continue
        say(f"{run} ({number} of {len(runs)}) …")
        outcome = _execute(run)
        if isinstance(outcome, FailureRecord):
            say(f"{run} failed: {outcome.error}")
        yield outcome


def _execute(run: _Run) -> RunRecord | FailureRecord:
    # Left behind by a benchmark that was killed.
    for left in run.folder.parent.glob(f".{run.folder.name}.*"):
        shutil.rmtree(left, ignore_errors=True)
    try:
        with appearing(run.folder) as folder:
            write_text(folder / REQUEST_NAME, run.request.model_dump_json())
            for stage in ("fit", "inspect"):
                _process(stage, folder)
            found = {**json.loads((folder / FIT_NAME).read_bytes()), **json.loads((folder / INSPECT_NAME).read_bytes())}
            record = RunRecord(
                contender=run.contender.name,
                data=run.data_name,
                identity=run.identity,
                n_train=found["n_train"],
                metrics=found["metrics"],
                cost=Cost(**{name: found[name] for name in Cost.model_fields}),
                machine=found["machine"],
            )
            for name in (REQUEST_NAME, FIT_NAME, INSPECT_NAME):
                (folder / name).unlink()
            write_record(folder / RUN_NAME, record)
    except _FailedError as error:
        failure = FailureRecord(
            contender=run.contender.name,
            data=run.data_name,
            seed=run.seed,
            stage=error.stage,
            error=str(error),
            log=error.log,
        )
        write_record(run.failure_file, failure)
        return failure
    run.failure_file.unlink(missing_ok=True)
    return record


def _process(stage: str, folder: Path) -> None:
    """Run one stage of a run; its output is kept beside the result.

    Raises:
        _FailedError: it did not end well.
    """
    with (folder / f"{stage}.log").open("w", encoding="utf-8") as log:
        done = subprocess.run(
            [sys.executable, "-m", "blemish.benchmarking.stages", stage, str(folder.absolute())],
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode == 0:
        return
    lines = (folder / f"{stage}.log").read_text(encoding="utf-8", errors="replace").split("\n")
    last = [line.rstrip() for line in lines if line.strip()][-_LOG_LINES:]
    if done.returncode < 0:
        raise _FailedError(stage, f"The process was ended by signal {-done.returncode}; was memory short?", last)
    raise _FailedError(stage, last[-1].strip() if last else "The process printed nothing.", last)
