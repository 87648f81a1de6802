"""Pictures of surfaces with and without cracks, drawn from a seed, with the exact truth about them."""

from blemish.synthesis.cracks import SyntheticCrack
from blemish.synthesis.cracks_on_images import draw_cracks_on
from blemish.synthesis.distractors import DISTRACTORS
from blemish.synthesis.scenes import SynthesisSettings, SyntheticImage, draw_image
from blemish.synthesis.surfaces import SURFACES
from blemish.synthesis.writing import SynthesisCounts, write_synthesis

__all__ = [
    "DISTRACTORS",
    "SURFACES",
    "SynthesisCounts",
    "SynthesisSettings",
    "SyntheticCrack",
    "SyntheticImage",
    "draw_cracks_on",
    "draw_image",
    "write_synthesis",
]
