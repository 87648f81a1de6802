"""What a decision says about an image: the one rule by which reviews become labels.

| verdict | approved (it is right) | rejected (it is wrong) |
|---|---|---|
| reject, review | defective, as outlined | normal: a false alarm |
| pass | normal | defective, extent not known: a missed defect |
| none, something outlined | defective, as outlined | normal |
| none, nothing outlined; unusable, unknown surface | says nothing | says nothing |

A corrected finding is what its mask says: defective there, or normal where the mask is empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blemish.findings import UNDECIDED, Finding
from blemish.reports.annotations import UNNAMED
from blemish.reports.outlines import outline_components
from blemish.serving.answers import State

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Label:
    """What a person has said about an image.

    Attributes:
        defective: whether it shows a defect.
        label: the class of its defects where the extent is not known.
        masks: bool (H, W) by class; empty where it is normal; None where the extent is not known.
    """

    defective: bool
    label: str
    masks: Mapping[str, Mask] | None


def says_defective(state: State, finding: Finding, *, outlined: bool) -> bool | None:
    """Whether an approved or rejected finding's image is defective.

    Args:
        state: of the finding.
        finding: what the detector said.
        outlined: whether it outlined anything.

    Returns:
        None where the decision does not tell.
    """
    if state not in {"approved", "rejected"} or finding.verdict in UNDECIDED:
        return None
    if finding.verdict is None and not outlined:
        return None
    flagged = finding.verdict != "pass"
    return flagged if state == "approved" else not flagged


def label_of(state: State, finding: Finding, found: Mask | None, corrected: Mask | None) -> Label | None:
    """The label that a decision gives an image.

    Args:
        state: of the finding.
        finding: what the detector said.
        found: what it outlined; None where it outlined nothing.
        corrected: what a person drew; None where nobody did.

    Returns:
        None where the decision says nothing about the image.
    """
    if corrected is not None:
        defective: bool | None = bool(corrected.any())
        extent = corrected if defective else None
    else:
        defective = says_defective(state, finding, outlined=found is not None)
        extent = found if state == "approved" else None
    if defective is None:
        return None
    name = finding.label or next((region.label for region in finding.regions if region.label), None) or UNNAMED
    if not defective:
        return Label(False, name, {})
    return Label(True, name, None if extent is None else _by_class(extent, finding, name))


def _by_class(mask: Mask, finding: Finding, usual: str) -> dict[str, Mask]:
    """A mask's components by the class of the region that the detector found there; ``usual`` where it found none."""
    names: Sequence[str] = sorted({region.label for region in finding.regions if region.label})
    if len(names) < 2:
        return {usual: mask}
    masks: dict[str, Mask] = {}
    flat_size, shape = mask.size, mask.shape
    for component in outline_components(mask, finding.regions):
        name = usual if component.region is None else component.region.label or usual
        flat = masks.setdefault(name, np.zeros(flat_size, np.bool_))
        for first, length in component.runs.tolist():
            flat[first : first + length] = True
    return {name: flat.reshape(shape, order="F") for name, flat in masks.items()}
