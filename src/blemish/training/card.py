"""The model card inside a detector: what it is, what it learned from, what it must not be trusted with."""

from __future__ import annotations

from blemish.detectors import DetectorSpec

_NOTES = {
    "masks": "It finds what was outlined in its training images; other kinds of defects it has never seen may pass.",
    "normal": "It knows only normal images; anything unlike them scores high, defect or not.",
    "few-labels": "It knows normal images and the few defects that it was shown; others may score lower than those.",
    "labels": "It knows whole images only; what it highlights is a hint, not an outline.",
}


def model_card(name: str, spec: DetectorSpec, *, learns_from: str, summary: str, fit: str) -> str:
    """Markdown for ``card.md``."""
    made, limits = spec.provenance, spec.thresholds
    settings = "\n".join(f"| {key} | {value} |" for key, value in spec.settings.items())
    guarantee = (
        f"p-values against {len(spec.calibration.scores)} scores ({spec.calibration.source})"
        if spec.calibration
        else "none: no normal images were set aside, so a verdict guarantees no false-alarm rate"
    )
    return f"""# {name}

{summary}

- Method: `{spec.method}`, classes: {", ".join(spec.classes) or "defect"}
- Training data: {made.data}, {made.n_train} images, {made.n_held_out} more set aside to stop and to choose thresholds
- Data fingerprint: `{made.fingerprint}`, seed {made.seed}
- Fit: {fit}
- Thresholds as trained: pixel {limits.pixel}, reject {limits.reject} ({limits.source})
- Calibration: {guarantee}

## Limits

{_NOTES[learns_from]}
Images of another scale, lighting or material than the training images need a test of their own before this
detector is trusted.

## Settings

| setting | value |
|---|---|
{settings}

## Made with

{", ".join(f"{package} {version}" for package, version in made.libraries.items())}
"""
