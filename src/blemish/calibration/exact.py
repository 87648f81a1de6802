"""Exact one-sided bounds of a fraction that was counted (Clopper and Pearson, Biometrika 26, 1934)."""

from __future__ import annotations


def at_least(count: int, n: int, confidence: float) -> float:
    """The lower bound of a fraction of which ``count`` of ``n`` were seen, at a confidence in (0, 1).

    >>> round(at_least(59, 59, 0.95), 3)
    0.95
    """
    from scipy.special import betaincinv  # here, so that loading a detector need not wait for it

    return float(betaincinv(count, n - count + 1, 1 - confidence)) if count else 0.0


def at_most(count: int, n: int, confidence: float) -> float:
    """The upper bound of a fraction of which ``count`` of ``n`` were seen, at a confidence in (0, 1).

    >>> round(at_most(0, 299, 0.95), 3)
    0.01
    """
    return 1.0 - at_least(n - count, n, confidence)
