"""What ``blemish train auto`` takes with few normal images, and what it saw: no test image is opened.

    BLEMISH_DATA=… BLEMISH_WEIGHTS=… python benchmarks/few_images_choice.py --out benchmarks/out/few-choice
    python benchmarks/few_images_choice.py --sets casting --counts 8 30 --seeds 0 1 2

Sets and draws are those of `few_images.py`, whose table has what the same images are worth on the test split. A choice
that is in ``--out`` is not made again; the rule is applied anew to its scores.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from blemish.files import write_text
from blemish.training.automatic import Trial, all_candidates, choose, pick_of_few
from blemish.training.trials import Outcome

from few_images import SETS, SHOWN, drawn, read_set
from machine import describe_machine
from result_files import Column, Row, Table, record

# As the table of few_images.py is drawn: the number decides which images are left to learn from.
TESTED = 60
METHODS = ("dino-memory", "patchcore", "padim")


def tried(name: str, count: str, seed: int, out: Path) -> dict[str, Any] | None:
    """Scores of the trials by method; None where there are not so many images."""
    found = drawn(read_set(name, seed, out), count, seed, TESTED)
    if found is None:
        return None
    choice = choose(found[0], seed=seed)
    scores = {
        trial.candidate.method: {"normal": trial.outcome.normal.tolist(), "painted": trial.outcome.painted.tolist()}
        for trial in choice.trials
        if trial.outcome is not None
    }
    return {"scores": scores, "machine": describe_machine("onnxruntime", "torch", "timm")}


def trials_of(scores: dict[str, dict[str, list[float]]]) -> list[Trial]:
    none = np.array([])
    return [
        Trial(one, Outcome(np.array(its["normal"]), np.array(its["painted"]), none, none, 0.0))
        for one in all_candidates()
        if one.few_rank is not None and (its := scores.get(one.method)) is not None
    ]


def row_of(name: str, count: str, seed: int, trials: list[Trial]) -> Row:
    """AUROC on painted defects, and the reason that is given."""
    seen = {trial.candidate.method: trial.outcome.auroc(real=False) for trial in trials if trial.outcome is not None}
    taken, why = pick_of_few(trials)
    cells = {**{method: seen.get(method) for method in METHODS}, "taken": f"`{taken.name}`", "why": why}
    return Row(name=(SHOWN[name].split(",")[0], count, str(seed)), cells=cells, opened=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--counts", nargs="+", default=["8"], help="from 2 to 65 normal images")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out/few-choice"))
    parser.add_argument("--record", metavar="NAME", help="keep the figures in benchmarks/results/NAME.json")
    options = parser.parse_args()
    rows, machines = [], []
    for name in options.sets:
        for count in options.counts:
            for seed in options.seeds:
                file = options.out / f"{name}_{count}_{seed}.json"
                if not file.is_file():
                    write_text(file, json.dumps(tried(name, count, seed, options.out), indent=1))
                if (found := json.loads(file.read_text())) is not None:
                    rows.append(row_of(name, count, seed, trials_of(found["scores"])))
                    machines.append(found["machine"])
                    print(" ".join(rows[-1].name), rows[-1].cells, flush=True)
    if options.record:
        columns = (*(Column(name=f"{method}") for method in METHODS), Column(name="taken"), Column(name="why"))
        record(
            options.record,
            "What `train auto` takes with few normal images: AUROC on painted defects of held-out images",
            "sets and draws of few_images.py; training images alone",
            ["python benchmarks/few_images_choice.py --out benchmarks/out/few-choice"],
            {"choice": Table(stub=("", "images", "seed"), columns=columns, rows=tuple(rows))},
            machine=machines[0],
        )


if __name__ == "__main__":
    main()
