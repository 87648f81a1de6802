"""Pictures of surfaces with and without cracks, drawn from a seed, with the exact truth about them."""

from blemish.datasets.synthesis.cracks import SyntheticCrack
from blemish.datasets.synthesis.distractors import DISTRACTORS
from blemish.datasets.synthesis.scenes import SynthesisSettings, SyntheticImage, draw_image
from blemish.datasets.synthesis.surfaces import SURFACES
from blemish.datasets.synthesis.writing import SynthesisCounts, write_synthesis

__all__ = [
    "DISTRACTORS",
    "SURFACES",
    "SynthesisCounts",
    "SynthesisSettings",
    "SyntheticCrack",
    "SyntheticImage",
    "draw_image",
    "write_synthesis",
]
