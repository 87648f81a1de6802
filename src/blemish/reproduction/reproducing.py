"""The verb ``reproduce``: all runs of a published system, one after another, then its page and tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from blemish.benchmarking.machine import describe_machine
from blemish.datasets import Dataset, fingerprint
from blemish.errors import BlemishError, SettingsError, did_you_mean
from blemish.reproduction.page import Outcome, write_outcome
from blemish.reproduction.records import FailedRun, Identity, Results, RunRecord, read_record, write_record
from blemish.reproduction.runs import Account, Run
from blemish.reproduction.system import System
from blemish.reproduction.systems import SYSTEMS
from blemish.reproduction.tables import Table
from blemish.training.callbacks import duration_in_words

Say = Callable[[str], None]
_PROFILES = ("quick", "paper")


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What came of it.

    Attributes:
        results: the finished runs.
        failures: the others.
        tables: the source's, with the published values beside ours.
        page: the HTML file with all of it; ``results.json`` and a CSV file for each table stand beside it.
    """

    results: Results
    failures: tuple[FailedRun, ...]
    tables: tuple[Table, ...]
    page: Path


def reproduce(
    system: str,
    data: Sequence[Path | str],
    out: Path | str,
    *,
    profile: str = "quick",
    seeds: Sequence[int] | None = None,
    variants: Sequence[str] | None = None,
    say: Say = lambda _: None,
) -> Reproduction:
    """Repeat a published system on one's own data: every variant with every seed, and the source's tables and pictures.

    The same call resumes: a finished run is never repeated, an interrupted training continues from its checkpoint, a
    failed run is tried again. The page is written after every run, so that a long reproduction can be read meanwhile.

    Args:
        system: a name of `blemish.reproduction.SYSTEMS`.
        data: folders; which layouts a system needs, it says itself.
        out: folder for runs, page and tables.
        profile: ``quick`` (minutes on two cores) or ``paper`` (as published).
        seeds: of everything random, splits included; None takes the system's own.
        variants: only these, with ``*`` for any text; None takes all but those on request.
        say: called with sentences for a person.

    Raises:
        SettingsError: an unknown system, profile or variant, no seed, or runs in ``out`` that were measured with other
            settings or data.
        DataError: a folder of another layout than the system's; the message says what is missing.
        BlemishError: ``out`` cannot be written to.
        KeyboardInterrupt: stopped by Ctrl-C; the same call resumes.
    """
    chosen, out = _find(system), Path(out)
    if profile not in _PROFILES:
        raise SettingsError(f'There is no profile "{profile}".{did_you_mean(profile, _PROFILES)}')
    seeds = chosen.seeds if seeds is None else tuple(dict.fromkeys(seeds))
    if not seeds:
        raise SettingsError("Name at least one seed: --seed 0.")
    sets = chosen.read([Path(folder) for folder in data])
    for name, dataset in sets.items():
        say(f"{name}: {dataset.root}, {dataset.layout}, {len(dataset)} images.")
    usual, on_request = chosen.variants(profile, sets), chosen.on_request(profile, sets)
    wanted = _wanted(usual, on_request, variants)
    digests = {name: fingerprint(dataset) for name, dataset in sets.items()}

    # Seed after seed, so that the rows of an unfinished reproduction can be compared.
    def identity(variant: str, seed: int) -> Identity:
        settings = {**on_request, **usual}[variant]
        return Identity(
            system=system, variant=variant, profile=profile, seed=seed, settings=dict(settings), data=digests
        )

    reproducing = _Reproducing(chosen, sets, out, say)
    reproducing.find_earlier([identity(variant, 0) for variant in {**usual, **on_request}])
    return reproducing.run([identity(variant, seed) for seed in seeds for variant in wanted])


class _Reproducing:
    """The runs of one call, and what is written after each."""

    def __init__(self, system: System, data: Mapping[str, Dataset], out: Path, say: Say) -> None:
        self.system, self.data, self.out, self.say = system, data, out, say
        self.earlier: list[RunRecord] = []
        self.records: list[RunRecord] = []
        self.failures: list[FailedRun] = []

    def find_earlier(self, known: Sequence[Identity]) -> None:
        """Find the finished runs of other calls, of any seed: the page shows them beside those of this one."""
        for one in known:
            for folder in sorted(self._folder(one).parent.glob("seed*")):
                try:
                    record = RunRecord.model_validate_json((folder / "result.json").read_bytes())
                except (OSError, ValidationError):
                    continue  # not finished; what this call needs of it is checked when it comes to that
                if record.identity == one.model_copy(update={"seed": record.seed}):
                    self.earlier.append(record)

    def run(self, identities: Sequence[Identity]) -> Reproduction:
        """Every run; a failed one stops none of the others."""
        # Before the first training starts: a record that does not belong here.
        finished = [read_record(self._folder(one) / "result.json", one) for one in identities]
        self.records = [record for record in finished if record is not None]
        for number, (identity, record) in enumerate(zip(identities, finished, strict=True), start=1):
            what = f"Run {number} of {len(identities)}: {identity.variant}, seed {identity.seed}"
            if record is not None:
                self.say(f"{what}: finished earlier.")
                continue
            self.say(f"{what}.")
            try:
                self.records.append(self._one(identity))
            except BlemishError as error:
                self.failures.append(FailedRun(variant=identity.variant, seed=identity.seed, error=str(error)))
                self.say(f"{what} failed: {error}")
            self._write(identities)
        return self._write(identities)

    def _one(self, identity: Identity) -> RunRecord:
        folder = self._folder(identity)
        account = Account(folder / "account.json")
        run = Run(identity.variant, identity.settings, identity.seed, identity.profile, folder, account, self.say)
        with account.at_work():
            measured = dict(self.system.measure(run, self.data))
        cpu_min, opened = account.read()
        record = RunRecord(
            identity=identity,
            measured=measured,
            cpu_min=cpu_min,
            test_opened=opened,
            machine=describe_machine(),
            remarks=tuple(run.remarks),
        )
        write_record(folder / "result.json", record)
        self.say(f"Measured; {duration_in_words(60 * cpu_min)} of processor time.")
        return record

    def _folder(self, identity: Identity) -> Path:
        return self.out / "runs" / _slug(identity.variant) / f"seed{identity.seed}"

    def _write(self, identities: Sequence[Identity]) -> Reproduction:
        asked = {(one.variant, one.seed) for one in identities}
        others = [one for one in self.earlier if (one.identity.variant, one.seed) not in asked]
        identities = [*identities, *(one.identity for one in others)]
        variants = dict.fromkeys(one.variant for one in identities)
        by_seed = sorted([*self.records, *others], key=lambda record: record.seed)
        results = Results(
            profile=identities[0].profile,
            runs={name: tuple(one for one in by_seed if one.identity.variant == name) for name in variants},
            folders={(one.variant, one.seed): self._folder(one) for one in identities},
        )
        tables = tuple(self.system.tables(results))
        pictures = tuple(self.system.pictures(results, self.data, self.out / "pictures"))
        outcome = Outcome(self.system, results, tables, pictures, tuple(self.failures), self.data, len(identities))
        return Reproduction(results, tuple(self.failures), tables, write_outcome(outcome, self.out))


def _find(name: str) -> System:
    if name not in SYSTEMS:
        raise SettingsError(f'There is no system "{name}".{did_you_mean(name, SYSTEMS)}')
    return SYSTEMS[name]()


def _wanted(
    usual: Mapping[str, Mapping[str, Any]], on_request: Mapping[str, Mapping[str, Any]], names: Sequence[str] | None
) -> Mapping[str, Mapping[str, Any]]:
    if not names:
        return usual
    known = {**usual, **on_request}
    found = {name: [one for one in known if fnmatchcase(one, name)] for name in names}
    for name, matches in found.items():
        if not matches:
            raise SettingsError(f'There is no variant "{name}".{did_you_mean(name, known)}')
    chosen = {one for matches in found.values() for one in matches}
    return {name: settings for name, settings in known.items() if name in chosen}


def _slug(name: str) -> str:
    return re.sub(r"[^\w.+-]+", "-", name).strip("-")
