"""Cracks that are not outlined: what the second opinion says of whole images, and what a limit on it finds.

An image in which the network outlines nothing may still go to review, by what the opinion says of it
(`wild_opinion.Opinion`). Looked at are images of surfaces that neither network nor opinion learned from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

EXTRA = (0.0025, 0.005, 0.01, 0.02)
"""Fractions of a domain's crack-free images that may be doubted beside those that are outlined."""


@dataclass(frozen=True)
class Images:
    """The images of a domain: cracked or not, outlined or not, bool (n,), and the opinion's logit of each (n,)."""

    cracked: NDArray[np.bool_]
    outlined: NDArray[np.bool_]
    logits: NDArray[np.float64]

    def doubted(self, limit: float) -> tuple[float, float | None]:
        """Fractions of cracked and of crack-free images (None without any) outlined, or with the logit at a limit."""
        flagged = self.outlined | (self.logits >= limit)
        clean = flagged[~self.cracked]
        return float(flagged[self.cracked].mean()), float(clean.mean()) if clean.size else None


def scaling(domains: Mapping[str, Images]) -> tuple[float, float]:
    """Platt scaling from the opinion's logit of an image to that of a crack in it: cracked and not weigh the same."""
    logits = np.concatenate([one.logits for one in domains.values()])[:, None]
    cracked = np.concatenate([one.cracked for one in domains.values()])
    fitted = LogisticRegression(C=1e6, class_weight="balanced").fit(logits, cracked)
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def limits(domains: Mapping[str, Images]) -> dict[float, float]:
    """For each of `EXTRA` the lowest limit that doubts no more of any domain's crack-free images without an outline."""
    plain = [one.logits[~one.cracked & ~one.outlined] for one in domains.values()]
    return {extra: max(float(np.quantile(each, 1 - extra)) for each in plain if each.size) for extra in EXTRA}
