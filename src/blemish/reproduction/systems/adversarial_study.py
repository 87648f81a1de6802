"""``adversarial-study``: GANomaly and f-AnoGAN in three domains, beside other methods and trivial baselines.

After an unpublished industry study: buildings (METU's patches), X-rays of chests, castings. Normal images train, labels
score. The best run of each domain is a variant as published; its grid (grey or colour, size, batch, step size,
augmentation) is run where its variants are named: ``--variant "building: ganomaly *"``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

import blemish
from blemish.calibration import unusualness
from blemish.datasets import Dataset, Sample, image_digests, read_dataset
from blemish.detectors.schema import Calibration
from blemish.errors import DataError
from blemish.evaluation import auroc, average_precision
from blemish.inspection.portfolio import Answer
from blemish.methods import get_method
from blemish.reports.plots import draw_boxes
from blemish.reproduction.baselines import NAMES, baseline_scores
from blemish.reproduction.records import Results, RunRecord
from blemish.reproduction.runs import Run
from blemish.reproduction.system import Picture, System
from blemish.reproduction.systems.domains import DOMAINS, check_split, split
from blemish.reproduction.tables import Row, Table
from blemish.training import train_under_torch
from blemish.training.recipes import resolve_settings

_STUDIED = ("ganomaly", "fanogan")
_AUGMENT = "angle-colour"
# The study's two first. Gradient steps of a quick training, sized for two to four minutes of one core each.
_STEPS = {
    "ganomaly": 800,
    "fanogan": 2600,
    "skip-ganomaly": 800,
    "egbad": 800,
    "adae": 800,
    "autoencoder": 2000,
    "vae": 2000,
    "vae-attention": 2000,
    "memae": 2000,
    "anogan": 800,
}
_QUICK: dict[str, dict[str, Any]] = {
    "ganomaly": {"width": 16},
    "fanogan": {"width": 8, "critic_steps": 2, "encoder_learning_rate": 5e-4},
    "skip-ganomaly": {"width": 16},
    "egbad": {"width": 32},
    "adae": {"width": 8},
    "autoencoder": {"width": 16, "batch_size": 8},
    "vae": {"width": 16, "batch_size": 8},
    "vae-attention": {"width": 16, "batch_size": 8},
    "memae": {"width": 32, "batch_size": 8},
    "anogan": {"width": 32},
}
# Of f-AnoGAN's epochs; the study does not say.
_QUICK_ENCODER_FRACTION, _PAPER_ENCODER_FRACTION = 0.6, 0.2
# Found on 250 patches that no run tests: a generator of 32 px learns in minutes, and a crack is a few of its pixels.
# The step size is the study's. At the authors' 1e-4 a generator is far from trained after minutes: held-out normal
# patches come back with a mean error of .110 (of 2) instead of .069.
# The autoencoder's part of the pixels was chosen on 500 + 500 others, beside .2, 1, 5 and 10 %.
_QUICK_IN: dict[tuple[str, str], dict[str, Any]] = {
    ("building", "fanogan"): {"size_px": 32, "augment": "none", "worst_fraction": 0.05, "learning_rate": 0.0005},
    ("building", "autoencoder"): {"worst_fraction": 0.03},
}
_TRIVIAL, _MEMORIES = "trivial baselines", ("patchcore", "dino-memory")
# Of a whole set of METU's 40,000 patches: normal images to learn from, and test images of each class.
_QUICK_TRAIN, _QUICK_TEST = 4000, 1000
# Of normal images a memory, or a principal component, learns as much from these.
_FEW_TRAIN = 1000
_GRID = {
    "colour": (False, True),
    "size_px": (64, 128),
    "batch_size": (16, 32, 64),
    "learning_rate": (0.001, 0.0005),
    "augment": ("none", _AUGMENT),
}
_WORST_FRACTION = 0.01
# AnoGAN's search takes seconds an image.
_MAX_SEARCHED = 60
_COLUMNS = (
    "AUROC",
    "AUPR",
    "both tails",
    "worst hundredth",
    "without leaks",
    "either way",
    "min-max normal",
    "min-max defective",
)


class AdversarialStudySystem(System):
    """The industry study of adversarial anomaly detection."""

    name: ClassVar[str] = "adversarial-study"
    title: ClassVar[str] = "Image anomaly detection with generative adversarial networks in three domains"
    source: ClassVar[str] = "An unpublished study of a data science team (slides, about 2020)."
    idea: ClassVar[str] = (
        "Networks are trained on normal images alone; what they cannot reconstruct is anomalous. f-AnoGAN did best on "
        "buildings, GANomaly on X-rays, and neither learned castings, where AUROC and AUPR stayed below .5."
    )
    needs: ClassVar[str] = "one to three folders: " + "; ".join(domain.needs for domain in DOMAINS.values()) + "."
    differs: ClassVar[tuple[str, ...]] = (
        "Scores are not scaled by the minimum and maximum of the test set, which would make the score of an image "
        "depend on others; the columns min-max show the means of scaled scores. AUROC and AUPR do not change by it.",
        "Networks score in eval mode, and the last epoch is kept; published code of GANomaly scores in training mode.",
        "The study augmented by angle and colour and does not say by how much: here up to 15° and a tenth.",
        "The quick profile has fewer channels and steps and sees castings at 64 px. Of a whole set of METU's patches "
        "it draws 4,000 + 1,000 + 1,000; f-AnoGAN sees them at 32 px, without augmentation, and scores by the most "
        "anomalous twentieth of the pixels (worst_fraction=0.05), the autoencoder by 3 %.",
        "Patches of buildings are split by the seed, as in the study: a quarter of the normal ones and as many cracked "
        "ones test. Patches that were cut from one image stand on both sides.",
        "Normal test images of castings stand byte for byte among the training images: the column without leaks "
        "leaves them out.",
        "AnoGAN searches for each image: a fixed draw of the test images is scored.",
    )

    def read(self, folders: Sequence[Path]) -> Mapping[str, Dataset]:
        """Each folder's domain, by the names of its classes."""
        found: dict[str, Dataset] = {}
        for folder in folders:
            dataset = read_dataset(folder)
            labels = {sample.label for sample in dataset.samples}
            name = next((name for name, domain in DOMAINS.items() if domain.labels <= labels), None)
            if name is None:
                raise DataError(
                    f'"{dataset.root}" ({dataset.layout}) has the classes {", ".join(sorted(labels)) or "none"}, and '
                    f"is none of the study's sets. This system takes {self.needs}"
                )
            if name in found:
                raise DataError(f'"{found[name].root}" and "{dataset.root}" are both of the domain "{name}"; give one.')
            check_split(name, dataset)
            found[name] = dataset
        return found

    def variants(self, profile: str, data: Mapping[str, Dataset]) -> Mapping[str, Mapping[str, Any]]:
        """In each domain the best run as published, all methods, a memory of patches, and the trivial baselines."""
        wanted: dict[str, Mapping[str, Any]] = {}
        for domain, dataset in data.items():
            for method in _STEPS:
                wanted[f"{domain}: {method}"] = _settings(domain, method, profile, dataset, {})
            for method in (*_MEMORIES, _TRIVIAL):
                wanted[f"{domain}: {method}"] = {"domain": domain, "method": method, **_drawn(method, profile)}
        return wanted

    def on_request(self, profile: str, data: Mapping[str, Dataset]) -> Mapping[str, Mapping[str, Any]]:
        """The study's grid for its two methods."""
        wanted: dict[str, Mapping[str, Any]] = {}
        for domain, dataset in data.items():
            for method in _STUDIED:
                for values in product(*_GRID.values()):
                    changed = dict(zip(_GRID, values, strict=True))
                    look = "colour" if changed["colour"] else "grey"
                    name = f"{domain}: {method} {look} {changed['size_px']} px, batch {changed['batch_size']}"
                    name += f", {changed['learning_rate']:g}, {changed['augment']}"
                    wanted[name] = _settings(domain, method, profile, dataset, changed)
        return wanted

    def measure(self, run: Run, data: Mapping[str, Dataset]) -> Mapping[str, Any]:
        """Scores of the test images, and what they are worth."""
        settings = dict(run.settings)
        domain, method = settings.pop("domain"), settings.pop("method")
        drawn = {name: settings.pop(name) for name in ("max_train", "max_test")}
        dataset = split(domain, data[domain], run.seed, **drawn)
        if method == _TRIVIAL:
            return _measure_baselines(run, dataset)
        if not get_method(method).exportable:
            return _measure_under_torch(run, method, dataset, settings)
        detector = run.train(method, dataset, settings=settings)
        test = run.test(dataset)
        worst: list[float] = []

        def keep(answer: Answer) -> None:
            assert answer.found.anomaly_map is not None
            flat = np.sort(answer.found.anomaly_map.ravel())
            worst.append(float(flat[-max(1, round(_WORST_FRACTION * flat.size)) :].mean()))

        shown = run.folder / "evaluation"
        result = blemish.evaluate(test, detector=detector, split=None, out=shown, on_answer=keep)
        scores = np.array([image.score for image in result.images])
        defective = np.array([bool(sample.defective) for sample in test.samples])
        known = set(detector.spec.provenance.images)
        leaked = np.array([digest in known for digest in image_digests(test)])
        return _record(scores, defective, leaked) | {
            "both tails": _by_both_tails(scores, defective, detector.spec.calibration),
            "worst hundredth": auroc(np.array(worst), defective),
            "n_train": detector.spec.provenance.n_train,
        }

    def tables(self, results: Results) -> Sequence[Table]:
        """The published runs; every method and baseline by domain; what was run of the grid."""
        names = list(results.runs)
        domains = [domain for domain in DOMAINS if any(name.startswith(f"{domain}:") for name in names)]
        best = [
            Row.of(f"{domain}: {method}", results.of(f"{domain}: {method}"), _pick, published)
            for domain, (method, _, published) in ((domain, DOMAINS[domain].published) for domain in domains)
        ]
        note = "The study gives no number for castings: AUROC and AUPR below .5 with both of its methods."
        tables = [Table("as-published", "The best run of each domain", _COLUMNS, tuple(best), (note,), digits=3)]
        for domain in domains:
            rows = [Row.of(method, results.of(f"{domain}: {method}"), _pick) for method in (*_STEPS, *_MEMORIES)]
            trivial = results.of(f"{domain}: {_TRIVIAL}")
            rows += [Row.of(name, trivial, partial(_pick_baseline, name)) for name in NAMES]
            notes = (*_counts(results, domain), _DIRECTIONS)
            tables.append(Table(domain, f"All methods: {domain}", _COLUMNS, tuple(rows), notes, digits=3))
        known = {f"{domain}: {method}" for domain in DOMAINS for method in (*_STEPS, *_MEMORIES, _TRIVIAL)}
        grid = [Row.of(name, results.of(name), _pick) for name in names if name not in known]
        if grid:
            tables.append(Table("grid", "The study's grid", _COLUMNS, tuple(grid), digits=3))
        return tables

    def pictures(self, results: Results, data: Mapping[str, Dataset], folder: Path) -> Sequence[Picture]:
        """Of the first seed: scaled scores as boxes, distributions, ROC, losses, and what the networks made."""
        drawn = []
        for number, (variant, records) in enumerate(results.runs.items()):
            if not records or records[0].identity.settings["method"] in (_TRIVIAL, *_MEMORIES):
                continue
            first, home = records[0], results.folder(records[0])
            scores, defective = np.array(first.measured["scores"]), np.array(first.measured["defective"])
            boxes = folder / f"boxes-{number}.png"
            scaled = min_max(scores)
            draw_boxes(boxes, {"normal": scaled[~defective], "defective": scaled[defective]}, title=variant)
            pictures = {boxes: "min-max scaled scores", **{home / name: said for name, said in _SHOWN.items()}}
            drawn += [
                Picture(file, f"{variant}, seed {first.seed}: {said}.")
                for file, said in pictures.items()
                if file.is_file()
            ]
        return drawn


_SHOWN = {
    "evaluation/histograms.png": "distribution of raw scores",
    "evaluation/roc.png": "ROC",
    "detector.training/curves.png": "losses of all networks by epoch",
    "evaluation/reconstructions.png": "original, reconstruction, difference, and score",
}
_DIRECTIONS = (
    "Trivial baselines are of a grey copy of 64 × 64 px; higher is worse (the darkest pixel: darker). Either way is "
    "the AUROC in the better of both directions, which the test labels choose: an upper bound, shown for networks too. "
    "Both tails: of the distance, on either side, to the scores of held-out training images, which no label chooses."
)


def min_max(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scaled to 0 to 1 by their own minimum and maximum, as the study does."""
    low, high = scores.min(), scores.max()
    return (scores - low) / (high - low) if high > low else np.zeros_like(scores)


def _drawn(method: str, profile: str) -> dict[str, int | None]:
    """How many images train, and test of each class, at most."""
    few = method == _TRIVIAL or (profile == "quick" and method in _MEMORIES)
    max_train = _FEW_TRAIN if few else _QUICK_TRAIN if profile == "quick" else None
    return {"max_train": max_train, "max_test": _QUICK_TEST if profile == "quick" else None}


def _n_train(domain: str, dataset: Dataset, drawn: Mapping[str, int | None]) -> int:
    """Normal images that are fitted on: of the training images four fifths."""
    dealt = split(domain, dataset, 0, max_train=drawn["max_train"], max_test=drawn["max_test"]).samples
    return max(2, round(0.8 * sum(one.split == "train" and one.defective is False for one in dealt)))


def _settings(domain: str, method: str, profile: str, dataset: Dataset, changed: Mapping[str, Any]) -> dict[str, Any]:
    """Every setting of a run: the recipe's, then the domain's, then the grid's."""
    of, drawn = DOMAINS[domain], _drawn(method, profile)
    best, recipe, _ = of.published
    values: dict[str, Any] = {**of.settings, "augment": _AUGMENT}
    if profile == "quick":
        values |= {**of.quick, **_QUICK[method], **_QUICK_IN.get((domain, method), {}), **changed}
        values.setdefault("batch_size", 16)
        shown = _STEPS[method] * values["batch_size"]
        values["epochs"] = max(5, round(shown / _n_train(domain, dataset, drawn)))
        if get_method(method).stops_early:
            values["patience"] = values["epochs"]
    elif method in _STUDIED:
        values |= of.paper
    if method == "fanogan":
        fraction = _QUICK_ENCODER_FRACTION if profile == "quick" else _PAPER_ENCODER_FRACTION
        values["encoder_epochs"] = max(1, round(fraction * values["epochs"]))
    own = Path(recipe) if method == best else None
    resolved = resolve_settings(get_method(method), recipe=own, profile=profile, overrides={**values, **changed})
    return {"domain": domain, "method": method, **drawn, **resolved.model_dump(mode="json")}


def _measure_baselines(run: Run, dataset: Dataset) -> dict[str, Any]:
    normal = [sample for sample in dataset.split("train").samples if sample.defective is False]
    test = run.test(dataset)
    defective = np.array([bool(sample.defective) for sample in test.samples])
    known = set(image_digests(replace(dataset, samples=tuple(normal))))
    leaked = np.array([digest in known for digest in image_digests(test)])
    scored = baseline_scores(normal, test.samples)
    return {name: _worth(plain, defective, leaked) for name, (plain, _) in scored.items()}


def _measure_under_torch(run: Run, method: str, dataset: Dataset, settings: Mapping[str, Any]) -> dict[str, Any]:
    training = run.folder / "detector.training"
    scorer = train_under_torch(
        method, dataset, training, settings=settings, profile=run.profile, seed=run.seed, say=run.say
    )
    test = run.test(dataset)
    chosen: list[Sample] = []
    for kind in (False, True):
        of_kind = [sample for sample in test.samples if sample.defective is kind]
        chosen += of_kind[:: max(1, -(-2 * len(of_kind) // _MAX_SEARCHED))]
    scores = scorer.score_files([sample.path for sample in chosen]).astype(np.float64)
    run.remarks.append(f"{method} scored {len(chosen)} of the {len(test)} test images.")
    defective = np.array([bool(sample.defective) for sample in chosen])
    n_train = sum(one.split == "train" and one.defective is False for one in dataset.samples)
    return _record(scores, defective, np.zeros(len(scores), np.bool_)) | {"n_train": n_train}


def _by_both_tails(
    scores: NDArray[np.float64], defective: NDArray[np.bool_], calibration: Calibration | None
) -> float | None:
    """AUROC of how unusual each score is among those of held-out training images, on either side."""
    if calibration is None or min(calibration.scores) == max(calibration.scores):
        return None
    return auroc(unusualness(scores, calibration.scores), defective)


def _record(scores: NDArray[np.float64], defective: NDArray[np.bool_], leaked: NDArray[np.bool_]) -> dict[str, Any]:
    kept = {"scores": scores.tolist(), "defective": defective.tolist(), "leaked": int(leaked.sum())}
    return {**_worth(scores, defective, leaked), **kept}


def _worth(
    scores: NDArray[np.float64], defective: NDArray[np.bool_], leaked: NDArray[np.bool_]
) -> dict[str, float | None]:
    area = auroc(scores, defective)
    scaled = min_max(scores)
    return {
        "AUROC": area,
        "AUPR": average_precision(scores, defective),
        "without leaks": auroc(scores[~leaked], defective[~leaked]) if leaked.any() else None,
        "either way": None if area is None else max(area, 1 - area),
        "min-max normal": float(scaled[~defective].mean()),
        "min-max defective": float(scaled[defective].mean()),
    }


def _pick(record: RunRecord) -> Mapping[str, float | None]:
    return {column: record.measured.get(column) for column in _COLUMNS}


def _pick_baseline(name: str, record: RunRecord) -> Mapping[str, float | None]:
    values: Mapping[str, float | None] = record.measured[name]
    return values


def _counts(results: Results, domain: str) -> tuple[str, ...]:
    for method in _STEPS:
        for record in results.of(f"{domain}: {method}"):
            defective = record.measured["defective"]
            tested = f"{defective.count(False)} normal and {defective.count(True)} defective test images"
            return (f"{record.measured['n_train']} normal images are fitted on; {tested}.",)
    return ()
