"""A Matplotlib figure written to PNG, in one style for all plots; Matplotlib is imported when one is drawn."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from blemish.errors import MissingExtraError, install_hint
from blemish.files import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NORMAL, DEFECTIVE, OTHERS = "#5b7c99", "#d1495b", ("#edae49", "#00798c", "#8d6a9f", "#7a9e4f", "#a26769", "#30638e")
# Class names may be Korean, Japanese or Chinese; the default font has none of their letters.
_WIDE_FONTS = (
    "Noto Sans CJK KR",
    "Noto Sans KR",
    "NanumGothic",
    "Malgun Gothic",
    "Apple SD Gothic Neo",
    "Baekmuk Gulim",
)


@contextmanager
def png_figure(target: Path, *, width_in: float = 5.0, height_in: float = 3.6, title: str = "") -> Iterator[Figure]:
    """A figure to draw on, written to ``target`` as PNG when the block ends well.

    Args:
        target: PNG file, written whole or not at all.
        width_in: width, inches at 150 dots per inch.
        height_in: height.
        title: above everything.

    Raises:
        MissingExtraError: Matplotlib is not installed.
        BlemishError: the file cannot be written.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
        from matplotlib.font_manager import get_font_names
    except ImportError as error:
        raise MissingExtraError(f"Plots need Matplotlib: {install_hint('train')}.") from error
    installed = set(get_font_names())
    fonts = ["DejaVu Sans", *(name for name in _WIDE_FONTS if name in installed)]
    with mpl.rc_context(
        {
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": 10,
            "font.size": 9,
            "font.family": fonts,
            "legend.frameon": False,
            "text.parse_math": False,  # a $ in a class name is a $
        }
    ):
        figure = Figure(figsize=(width_in, height_in), layout="constrained")
        if title:
            figure.suptitle(title, fontsize=11)
        yield figure
        with replacing(target) as temporary, warnings.catch_warnings():
            # Where no font has a letter a box is drawn in its place; a warning for each would not help anybody.
            warnings.filterwarnings("ignore", message="Glyph")
            figure.savefig(temporary, dpi=150, format="png")


def class_colours(names: list[str]) -> dict[str, str]:
    """A colour for each class: the first is the normal one, the second the defective one."""
    palette = (NORMAL, DEFECTIVE, *OTHERS)
    return {name: palette[i % len(palette)] for i, name in enumerate(names)}
