"""The model card inside a detector: what it is, what it was trained on, what it must not be trusted with."""

from __future__ import annotations

from dataclasses import dataclass

from blemish.detectors import DetectorSpec
from blemish.methods import MethodInfo
from blemish.training.report import FitReport


@dataclass(frozen=True, slots=True)
class Words:
    """How a model card speaks of a kind of data.

    Attributes:
        items: what was trained on.
        place: what an anomaly map has one value for.
        limits: what needs a test of its own before the detector is trusted there.
    """

    items: str
    place: str
    limits: str


_NOTES = {
    "masks": "It finds what was outlined in its training {items}; other kinds of defects may pass.",
    "normal": "It knows only normal {items}; anything unlike them scores high, defect or not.",
    "few-labels": "It knows normal {items} and a few labelled defects; other defects may score lower than those.",
    "labels": "It was trained on labels of whole {items}; what it highlights is a hint, not an outline.",
}


def model_card(name: str, spec: DetectorSpec, *, info: MethodInfo, report: FitReport, words: Words) -> str:
    """Markdown for ``card.md``."""
    made, limits = spec.provenance, spec.thresholds
    settings = "\n".join(f"| {key} | {value} |" for key, value in spec.settings.items())
    guarantee = (
        f"p-values against {len(spec.calibration.scores)} scores ({spec.calibration.source})"
        if spec.calibration
        else f"none: no normal {words.items} were held out for it, so a verdict guarantees no false-alarm rate"
    )
    sources = "".join(f"  - {source.describe()}\n" for source in made.sources)
    return f"""# {name}

{info.summary}

- Method: `{spec.method}`, classes: {", ".join(spec.classes) or "defect"}
- Training data: {made.data}, {made.n_train} {words.items}, {made.n_held_out} more held out for stopping and thresholds
{sources}- Data fingerprint: `{made.fingerprint}`, seed {made.seed}
- Fit: {report.describe()}
- Thresholds as trained: {words.place} {limits.pixel}, reject {limits.reject} ({limits.source})
- Calibration as trained: {guarantee}

## Limits

{_NOTES[info.learns_from].format(items=words.items)}
{words.limits}

## Settings

| setting | value |
|---|---|
{settings}

## Made with

{", ".join(f"{package} {version}" for package, version in made.libraries.items())}
"""
