"""Things that look like cracks and are not, by name: those on the surface, and those in front of it."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from blemish.synthesis import distractors_lines as lines
from blemish.synthesis import distractors_marks as marks
from blemish.synthesis import distractors_objects as objects
from blemish.synthesis.canvas import Canvas
from blemish.synthesis.noise import Generator

DrawDistractor = Callable[[Canvas, Generator], None]

ON_SURFACE: MappingProxyType[str, DrawDistractor] = MappingProxyType(
    {
        "joint": lines.joint,
        "scratch": lines.scratch,
        "drawn_line": lines.drawn_line,
        "ridge": lines.ridge,
        "dents": lines.dents,
        "stain": marks.stain,
        "water_run": marks.water_run,
        "moss": marks.moss,
        "rust": marks.rust,
        "paint_mark": marks.paint_mark,
        "lettering": marks.lettering,
        "tyre_mark": marks.tyre_mark,
        "sealant": marks.sealant,
        "patch": marks.patch,
        "spall": marks.spall,
        "flaking": marks.flaking,
        "tie_holes": objects.tie_holes,
    }
)
"""Drawn before the cracks, which run through them."""

IN_FRONT: MappingProxyType[str, DrawDistractor] = MappingProxyType(
    {
        "cable": lines.cable,
        "twig": lines.twig,
        "grass": lines.grass,
        "leaves": objects.leaves,
        "shadow": objects.shadow,
        "branch_shadow": objects.branch_shadow,
        "dapple": objects.dapple,
        "edge": objects.edge,
        "metalwork": objects.metalwork,
        "window": objects.window,
        "picture_frame": objects.picture_frame,
    }
)
"""Drawn after the cracks, in this order: they shade or hide them."""

DISTRACTORS: MappingProxyType[str, DrawDistractor] = MappingProxyType({**ON_SURFACE, **IN_FRONT})
"""Every distractor by name."""
