"""The run over all cells: finished ones are kept, failed ones are recorded, a killed run goes on where it was."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blemish.benchmarking.cell import FIT_NAME, INSPECT_NAME, REQUEST_NAME, Request
from blemish.benchmarking.comparing import Difference, differences
from blemish.benchmarking.material import Material, prepare, save_material
from blemish.benchmarking.plan import Contender, read_contenders
from blemish.benchmarking.records import (
    CELL_NAME,
    CellRecord,
    Cost,
    FailureRecord,
    Identity,
    read_cell,
    write_record,
)
from blemish.benchmarking.tables import write_tables
from blemish.errors import BlemishError, SettingsError, did_you_mean
from blemish.files import appearing, write_text

Say = Callable[[str], None]
# A traceback, and what led to it.
_LOG_LINES = 60


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What a benchmark came to.

    Attributes:
        cells: finished ones, in the order of data sets, contenders and seeds.
        failures: the others.
        differences: every pair of contenders on every data set.
        table: the Markdown file; ``.csv`` and ``.html`` stand beside it.
    """

    cells: tuple[CellRecord, ...]
    failures: tuple[FailureRecord, ...]
    differences: tuple[Difference, ...]
    table: Path


@dataclass(frozen=True, slots=True)
class _Cell:
    """One method on one data set with one seed, and the folder where it appears when it is done."""

    contender: Contender
    data: str
    path: Path
    material: Material
    saved_material: Path
    seed: int
    profile: str
    folder: Path

    @property
    def identity(self) -> Identity:
        settings: dict[str, Any] = json.loads(json.dumps(dict(self.contender.settings)))
        return Identity(method=self.contender.method, settings=settings, data=self.material.fingerprint, seed=self.seed)

    @property
    def failure_file(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.failed.json")

    def __str__(self) -> str:
        return f"{self.contender.name} on {self.data}, seed {self.seed}"


class _FailedError(BlemishError):
    """A process of a cell ended badly."""

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
    say: Say = lambda _: None,
) -> Benchmark:
    """Every recipe on every data set with every seed.

    Each cell is trained and inspected in processes of its own and appears in ``out/cells`` when it is done. The same
    command goes on where an earlier run stopped; what failed is tried again. One run at a time may use ``out``.

    Args:
        recipes: recipe files, names of shipped recipes, or names of methods that have none.
        data: folders, tables or COCO files.
        out: folder for cells and tables.
        seeds: of everything random in a training; the split is the same for all.
        profile: ``quick`` or ``paper``.
        allow_leaks: names of data sets that may leak from training into test.
        normal_names: the classes that are free of defects, in all data sets; None knows the usual ones.
        say: told what happens, in sentences.

    Returns:
        Records, differences, and where the tables are.

    Raises:
        SettingsError: nothing to do, an unknown recipe or method, or a cell in ``out`` that was computed differently.
        DataError: data that cannot be used, or that leaks.
        BlemishError: ``out`` cannot be written to.
    """
    out = Path(out)
    _check(data, seeds)
    contenders = read_contenders(recipes, profile)
    cells = list(_cells(contenders, data, out, seeds, profile, allow_leaks, normal_names, say))
    for cell in cells:
        _refuse_another(cell)
    records: list[CellRecord] = []
    failures: list[FailureRecord] = []
    for number, cell in enumerate(cells, start=1):
        finished = read_cell(cell.folder)
        if finished is None:
            say(f"{cell} ({number} of {len(cells)}) …")
            outcome = _run(cell)
        else:
            say(f"{cell} ({number} of {len(cells)}) is there already.")
            outcome = finished
        if isinstance(outcome, CellRecord):
            records.append(outcome)
        else:
            say(f"{cell} failed: {outcome.error}")
            failures.append(outcome)
        # After every cell, so that a run of hours can be looked at meanwhile.
        write_tables(out, records, failures, ())
    folders = {(cell.data, cell.contender.name, cell.seed): cell.folder for cell in cells}
    found = differences(records, lambda record: folders[record.data, record.contender, record.identity.seed])
    table = write_tables(out, records, failures, found)
    return Benchmark(tuple(records), tuple(failures), found, table)


def _check(data: Sequence[Path], seeds: Sequence[int]) -> None:
    if not data:
        raise SettingsError("Name at least one data set: --data PATH.")
    if not seeds:
        raise SettingsError("Name at least one seed: --seeds 0 1 2.")
    for name, given in (("seed", seeds), ("data set", data)):
        doubles = [one for one in given if given.count(one) > 1]
        if doubles:
            raise SettingsError(f"The {name} {doubles[0]} is given twice.")


def _cells(
    contenders: Sequence[Contender],
    data: Sequence[Path],
    out: Path,
    seeds: Sequence[int],
    profile: str,
    allow_leaks: Sequence[str],
    normal_names: Sequence[str] | None,
    say: Say,
) -> Iterator[_Cell]:
    """All cells; every data set is read and checked before the first training starts."""
    names = [_name(path) for path in data]
    for name in allow_leaks:
        if name not in names:
            raise SettingsError(
                f'--allow-leaks names "{name}", which is none of the data sets.{did_you_mean(name, names)}'
            )
    doubles = [name for name in names if names.count(name) > 1]
    if doubles:
        raise SettingsError(f'Two data sets are called "{doubles[0]}"; give their folders different names.')
    for name, path in zip(names, data, strict=True):
        say(f"{name}: reading, and looking for leaks.")
        material = prepare(
            path,
            contenders,
            allow_leaks=name in allow_leaks,
            normal_names=normal_names,
            listing=out / "leaks" / f"{name}.txt",
            say=say,
        )
        saved = out / "splits" / f"{name}.json"
        save_material(material, saved)
        for contender in contenders:
            for seed in seeds:
                folder = out / "cells" / name / contender.name / f"seed{seed}"
                yield _Cell(contender, name, path, material, saved, seed, profile, folder)


def _name(path: Path) -> str:
    """What `read_dataset` will call it."""
    return path.resolve().stem if path.is_file() else path.resolve().name


def _refuse_another(cell: _Cell) -> None:
    """A folder of results must not mix two questions under one name."""
    finished = read_cell(cell.folder)
    if finished is not None and finished.identity != cell.identity:
        raise SettingsError(
            f'"{cell.folder}" was computed with other settings, another split or other images; '
            "choose another --out, or delete that folder."
        )


def _run(cell: _Cell) -> CellRecord | FailureRecord:
    request = Request(
        data=cell.path.absolute(),
        material=cell.saved_material.absolute(),
        method=cell.contender.method,
        learns_from=cell.contender.learns_from,
        recipe=cell.contender.recipe,
        profile=cell.profile,
        seed=cell.seed,
    )
    # What a run that was killed on the spot could not remove.
    for left in cell.folder.parent.glob(f".{cell.folder.name}.*"):
        shutil.rmtree(left, ignore_errors=True)
    try:
        with appearing(cell.folder) as folder:
            write_text(folder / REQUEST_NAME, request.model_dump_json())
            for half in ("fit", "inspect"):
                _process(half, folder)
            learned = json.loads((folder / FIT_NAME).read_bytes())
            found = json.loads((folder / INSPECT_NAME).read_bytes())
            record = CellRecord(
                contender=cell.contender.name,
                data=cell.data,
                identity=cell.identity,
                n_train=learned["n_train"],
                metrics=found["metrics"],
                cost=Cost(
                    fit_s=learned["fit_s"],
                    fit_peak_mib=learned["fit_peak_mib"],
                    detector_mb=learned["detector_mb"],
                    images_per_s=found["images_per_s"],
                    inspect_peak_mib=found["inspect_peak_mib"],
                ),
                machine=found["machine"],
            )
            for name in (REQUEST_NAME, FIT_NAME, INSPECT_NAME):
                (folder / name).unlink()
            write_record(folder / CELL_NAME, record)
    except _FailedError as error:
        failure = FailureRecord(
            contender=cell.contender.name,
            data=cell.data,
            seed=cell.seed,
            stage=error.stage,
            error=str(error),
            log=error.log,
        )
        write_record(cell.failure_file, failure)
        return failure
    cell.failure_file.unlink(missing_ok=True)
    return record


def _process(half: str, folder: Path) -> None:
    """Run one half of a cell; its output is kept beside the result.

    Raises:
        _FailedError: it did not end well.
    """
    with (folder / f"{half}.log").open("w", encoding="utf-8") as log:
        done = subprocess.run(
            [sys.executable, "-m", "blemish.benchmarking.cell", half, str(folder.absolute())],
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode == 0:
        return
    lines = (folder / f"{half}.log").read_text(encoding="utf-8", errors="replace").split("\n")
    said = [line.rstrip() for line in lines if line.strip()][-_LOG_LINES:]
    if done.returncode < 0:
        raise _FailedError(half, f"The process was ended by signal {-done.returncode}; was memory short?", said)
    raise _FailedError(half, said[-1].strip() if said else "The process said nothing.", said)
