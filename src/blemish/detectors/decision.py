"""From the image itself, its score and its outlines to one verdict, so that what is said and what is drawn agree."""

from __future__ import annotations

from dataclasses import dataclass

from blemish.calibration import verdict
from blemish.detectors.schema import Thresholds
from blemish.findings import Verdict


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided about an image.

    Attributes:
        verdict: None where the detector has no threshold to decide by.
        notes: what the score alone does not explain.
    """

    verdict: Verdict | None
    notes: tuple[str, ...] = ()


def decide(
    score: float,
    thresholds: Thresholds,
    *,
    regions: int = 0,
    surface: float | None = None,
    unusable: str | None = None,
) -> Decision:
    """The verdict on an image.

    Args:
        score: raw image score, finite.
        thresholds: of the detector.
        regions: how many were outlined. With any, an image whose score would pass goes to review: pixels and images
            are decided by different thresholds, and an outlined defect must not stand under "pass".
        surface: how unlike the surfaces that the detector knows the image is; None where it does not tell. Of an
            unknown surface neither the score nor the outlines are known to mean anything: it neither passes nor is it
            rejected. What they say stands in the note.
        unusable: why the image cannot be judged, from `blemish.images.usability`; None where it can be.
    """
    if unusable is not None:
        return Decision("unusable", (unusable,))
    by_score = None
    if thresholds.reject is not None or thresholds.review is not None:
        by_score = verdict(score, review=thresholds.review, reject=thresholds.reject)
    if surface is not None and thresholds.surface is not None and surface > thresholds.surface:
        return Decision("unknown surface", (_unlike(surface, thresholds.surface, by_score),))
    if by_score == "pass" and regions:
        outlined = "1 region is" if regions == 1 else f"{regions} regions are"
        return Decision("review", (f"{outlined} outlined although the image score passes",))
    if by_score in {"review", "reject"} and not regions and thresholds.pixel is not None:
        return Decision(by_score, ("nothing is outlined: the image score alone decides",))
    return Decision(by_score)


def _unlike(surface: float, limit: float, by_score: Verdict | None) -> str:
    if by_score is None:
        return (
            f"unlike the surfaces that this detector knows ({surface:.3g}, limit {limit:.3g}): its score and its "
            "outlines may mean nothing here"
        )
    return (
        f"unlike the surfaces that this detector knows ({surface:.3g}, limit {limit:.3g}): its score and its outlines "
        f"may mean nothing here; by its score alone it would be {by_score}"
    )
