"""Drawn cracks on an image of a real surface: its texture is real, and the mask is exact."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.synthesis.canvas import new_canvas, random_light
from blemish.synthesis.crack_paint import HALO_PX, paint_cracks, ragged_look, random_look
from blemish.synthesis.crack_paths import draw_network
from blemish.synthesis.cracks import crack_field
from blemish.synthesis.noise import log_uniform
from blemish.synthesis.scenes import SynthesisSettings, visible_changes

SETTINGS = SynthesisSettings(
    crack_width_px=(0.8, 9.0),
    networks={"single": 5.0, "branched": 2.0, "star": 0.4, "several": 1.2, "map": 0.8},
    ragged_fraction=0.45,
    light_crack_fraction=0.02,
    min_visibility=0.3,
)
"""Thin cracks, often broken up by the grain, and faint ones."""

# A crack's opacity is multiplied by something from here to one.
_FAINTEST = 0.45
_STREAM = 77


def draw_cracks_on(
    image: NDArray[np.uint8], seed: int, *, settings: SynthesisSettings = SETTINGS
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """An image with cracks drawn on it, through a lens as sharp as they need and a JPEG, and their mask.

    The same arguments always give the same image. Surfaces and distractors of ``settings`` are not looked at.

    Args:
        image: RGB, uint8 (H, W, 3), of a surface without cracks; of one with cracks, the mask says nothing of those.
        seed: 0 or more.
        settings: of the cracks.

    Returns:
        RGB, uint8 (H, W, 3), and bool (H, W), True where a pixel's centre lies in a visible drawn crack.
    """
    rng = np.random.default_rng([seed, _STREAM])
    shape = image.shape[:2]
    colour = np.ascontiguousarray(np.moveaxis(image, 2, 0), dtype=np.float32) / np.float32(255)
    before = colour.copy()
    light, grain_px = random_light(rng), log_uniform(rng, 1, 4)
    canvas = new_canvas(colour, light, grain_px, before.mean(axis=(1, 2)))
    thinnest_px, widest_px = settings.crack_width_px
    width_px = log_uniform(rng, thinnest_px, max(min(widest_px, min(shape) / 20), thinnest_px))
    names = list(settings.networks)
    weights = np.array([settings.networks[name] for name in names])
    kind = names[int(rng.choice(len(names), p=weights / weights.sum()))]
    field = crack_field(draw_network(rng, (shape[0], shape[1]), kind, width_px, [], 1.0), shape, margin_px=HALO_PX)
    look = random_look(rng, width_px, settings.light_crack_fraction)
    if rng.random() < settings.ragged_fraction:
        look = ragged_look(look, rng)
    paint_cracks(canvas, field, look, rng)
    change = np.moveaxis(canvas.colour - before, 0, 2)
    change = np.asarray(cv2.GaussianBlur(change, (0, 0), min(rng.uniform(0.35, 1.2), 0.35 + 0.4 * width_px)))
    change *= np.float32(rng.uniform(_FAINTEST, 1.0))
    cracked = np.clip(np.moveaxis(before, 0, 2) + change, 0, 1)
    visible = visible_changes(change.mean(axis=2), before.mean(axis=0), settings)
    drawn = np.rint(cracked * 255).astype(np.uint8)
    _, packed = cv2.imencode(".jpg", drawn[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(70, 97))])
    decoded = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), dtype=np.uint8)
    return np.ascontiguousarray(decoded[..., ::-1]), field.mask(settings.min_mask_width_px) & visible
