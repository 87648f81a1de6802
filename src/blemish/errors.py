"""Everything that blemish raises on purpose.

Each message is one sentence for the person at the keyboard: what was wrong, where, and what would be right.
The command line prints it without a traceback and ends with exit code 2.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class BlemishError(Exception):
    """Base of every error that is the input's fault and not the program's."""


class ImageError(BlemishError):
    """A file cannot be read as an image, or is not safe to read."""


class DataError(BlemishError):
    """A data set's folder, table or mask is missing, inconsistent or unusable."""


class DetectorError(BlemishError):
    """A ``.blemish`` file is missing, damaged, too new, or asked for something it cannot do."""


class SettingsError(BlemishError):
    """A setting, method or recipe does not exist or has an impossible value."""


class WeightsError(BlemishError):
    """Pretrained weights cannot be found or do not fit."""


class WeightsNotFoundError(WeightsError):
    """Nobody named a weights file, and none is to be had on this machine: a network without weights may stand in."""


class MissingExtraError(BlemishError):
    """A part of blemish was asked for whose optional packages are not installed."""


def install_hint(extra: str) -> str:
    """How an extra is installed: no package index has blemish, so the command is given in its checkout.

    >>> install_hint("train")
    'in a checkout of blemish, pip install ".[train]"'
    """
    return f'in a checkout of blemish, pip install ".[{extra}]"'


def newer_schema(what: str, version: int, readable: int) -> str:
    """Sentence about a file of a later version: ``what`` begins it, as in ``"wall.blemish" was made``."""
    return (
        f"{what} by a newer blemish (schema {version}, this one reads up to {readable}); "
        "in a newer checkout of blemish, pip install ."
    )


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """End of a sentence that helps after a typo: the nearest choice, or all of them.

    >>> did_you_mean("evalute", ["evaluate", "train"])
    ' Did you mean "evaluate"?'
    """
    known = sorted(choices)
    near = difflib.get_close_matches(word, known, n=1)
    if near:
        return f' Did you mean "{near[0]}"?'
    return f" Known: {', '.join(known)}." if known else ""
