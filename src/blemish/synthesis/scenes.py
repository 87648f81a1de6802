"""A drawn image: surface, objects on it, cracks, objects in front, camera; and the truth about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from blemish.errors import SettingsError, did_you_mean
from blemish.synthesis.camera import Homography, project, random_camera, random_homography
from blemish.synthesis.canvas import Canvas, random_light
from blemish.synthesis.crack_paint import HALO_PX, paint_cracks, ragged_look, random_look, weathered_look
from blemish.synthesis.crack_paths import NETWORKS, CrackPath, draw_network
from blemish.synthesis.cracks import SyntheticCrack, crack_field, measure
from blemish.synthesis.distractors import DISTRACTORS, IN_FRONT, ON_SURFACE
from blemish.synthesis.noise import Generator, log_uniform
from blemish.synthesis.surfaces import NEVER_CRACKED, SURFACES, draw_surface

MIN_SIZE_PX = 32
"""No image is smaller."""

MAX_DISTRACTORS = 12
"""No image has more."""

_SURFACE_WEIGHTS = {
    "concrete": 4.0,
    "shuttering": 1.5,
    "render": 2.5,
    "painted": 1.0,
    "asphalt": 3.0,
    "aggregate": 1.2,
    "stone": 1.2,
    "brick": 2.5,
    "paving": 1.2,
    "tiles": 1.0,
    "rubble": 0.8,
    "wood": 0.4,
    "metal": 0.3,
    "ground": 0.5,
}

# What fools a crack detector most comes most.
_DISTRACTOR_WEIGHTS = dict.fromkeys(DISTRACTORS, 1.0) | {
    "joint": 2.0,
    "shadow": 1.5,
    "branch_shadow": 1.5,
    "twig": 1.5,
    "cable": 1.5,
    "scratch": 1.5,
    "edge": 1.5,
    "lettering": 0.7,
    "window": 0.7,
    "dapple": 0.6,
    "picture_frame": 0.5,
}

_NETWORK_WEIGHTS = {"single": 4.0, "branched": 2.5, "star": 0.8, "several": 1.2, "map": 1.2, "stepped": 1.5}


class SynthesisSettings(BaseModel):
    """What is drawn, how often and how large."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    crack_fraction: float = Field(0.5, ge=0, le=1, description="fraction of images with cracks, where not asked for")
    crack_width_px: tuple[float, float] = Field(
        (0.8, 60.0), description="mean width of main cracks, log-uniform; never above an eighth of the shorter side"
    )
    min_mask_width_px: float = Field(
        1.0, ge=0, description="thinner cracks are this wide in the mask, else it would fall apart into dots"
    )
    light_crack_fraction: float = Field(
        0.03, ge=0, le=1, description="fraction of cracks filled lighter than the surface"
    )
    ragged_fraction: float = Field(
        0.0, ge=0, le=1, description="fraction of images whose cracks are broken up by the grain, as on worn asphalt"
    )
    distractors_mean: float = Field(1.8, ge=0, description="mean number of distractors on an image (Poisson)")
    uncracked_distractors_mean: float = Field(3.2, ge=0, description="the same on images without cracks")
    surfaces: Mapping[str, float] = Field(_SURFACE_WEIGHTS, description="weight of each surface by name; absent is 0")
    distractors: Mapping[str, float] = Field(
        _DISTRACTOR_WEIGHTS, description="weight of each distractor by name; absent is 0"
    )
    networks: Mapping[str, float] = Field(_NETWORK_WEIGHTS, description="weight of each crack network; absent is 0")
    grain_px: tuple[float, float] = Field((0.7, 7.0), description="size of the surface's grain, log-uniform")
    perspective_fraction: float = Field(0.35, ge=0, le=1, description="fraction of images taken askew")
    min_contrast: float = Field(
        0.02, ge=0, description="a crack that changes the image by less (of full brightness) is not in the truth"
    )
    min_visibility: float = Field(
        0.5,
        ge=0,
        description="nor is one that changes it by less than this many standard deviations of the texture more",
    )

    @model_validator(mode="after")
    def _known_and_ordered(self) -> Self:
        for given, known in ((self.surfaces, SURFACES), (self.distractors, DISTRACTORS), (self.networks, NETWORKS)):
            for name, weight in given.items():
                if name not in known:
                    raise SettingsError(f'The synthesis knows no "{name}".{did_you_mean(name, known)}')
                if weight < 0:
                    raise SettingsError(f'The weight of "{name}" is {weight:g}; it must be 0 or more.')
            if not sum(given.values()) > 0:
                raise SettingsError(f"Nothing is left to draw of {', '.join(known)}; give one a weight above 0.")
        for what, (low, high) in (("crack width", self.crack_width_px), ("grain", self.grain_px)):
            if not 0 < low <= high:
                raise SettingsError(
                    f"The {what} is to lie between {low:g} and {high:g} px; both must be above 0, the second not less."
                )
        return self


@dataclass(frozen=True)
class SyntheticImage:
    """A drawn image and everything that is true of it.

    Attributes:
        image: RGB, uint8 (H, W, 3).
        mask: bool (H, W), True where the pixel's centre lies in a visible crack.
        cracks: each visible stretch of crack.
        surface: name of the surface.
        distractors: names of what else was drawn, in order.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    cracks: tuple[SyntheticCrack, ...]
    surface: str
    distractors: tuple[str, ...]


def draw_image(
    seed: int,
    *,
    size_px: tuple[int, int] | int = 512,
    cracked: bool | None = None,
    settings: SynthesisSettings | None = None,
) -> SyntheticImage:
    """Draw one image. The same arguments always give the same image.

    The cracked and the normal image of a seed have the same surface (unless it is one that never cracks), distractors
    (the normal one may have more), view and camera.

    Args:
        seed: 0 or more.
        size_px: side, or (height, width), of the image; at least 32.
        cracked: with cracks or without; None draws it by ``settings.crack_fraction``.
        settings: what is drawn; the defaults if None.

    Returns:
        The image. A cracked one may rarely show none: a hidden crack is not in the truth.

    Raises:
        SettingsError: the seed is negative or the size too small.
    """
    settings = settings or SynthesisSettings()
    shape = (size_px, size_px) if isinstance(size_px, int) else size_px
    _check(seed, shape)
    plan, surface_rng, view_rng, crack_rng, camera_rng = (np.random.default_rng([seed, stream]) for stream in range(5))
    with_cracks = bool(plan.random() < settings.crack_fraction) if cracked is None else cracked
    surface = _pick_surface(plan, settings, with_cracks)
    grain_px = log_uniform(plan, *settings.grain_px) * max(0.35, min(1.0, min(shape) / 400))
    widest = min(settings.crack_width_px[1], max(min(shape) / 8, settings.crack_width_px[0]))
    width_px = log_uniform(plan, settings.crack_width_px[0], widest)
    canvas = draw_surface(surface, surface_rng, shape, grain_px, random_light(plan))
    canvas.shade_relief(log_uniform(plan, 0.25, 1.2))
    wanted = _pick_distractors(plan, settings, with_cracks)
    # One more distractor leaves the others as they are.
    streams = {name: np.random.default_rng([seed, 5 + number]) for number, name in enumerate(wanted)}
    for name in filter(ON_SURFACE.__contains__, wanted):
        ON_SURFACE[name](canvas, streams[name])
    homography = _turn_camera(canvas, view_rng, settings)
    camera = random_camera(camera_rng, thinnest_px=width_px)
    np.clip(canvas.colour, 0, 1, out=canvas.colour)
    normal = canvas.colour.copy() if with_cracks else canvas.colour
    paths: list[CrackPath] = []
    if with_cracks:
        paths = _plan_cracks(canvas, crack_rng, width_px, settings, homography)
        field = crack_field(paths, shape, margin_px=HALO_PX)
        look = random_look(crack_rng, width_px, settings.light_crack_fraction)
        if surface == "weathered":
            look = weathered_look(look, crack_rng)
        if settings.ragged_fraction > 0 and crack_rng.random() < settings.ragged_fraction:
            look = ragged_look(look, crack_rng)
        paint_cracks(canvas, field, look, crack_rng)
        change = (canvas.colour - normal).mean(axis=0)
    for name in filter(wanted.__contains__, IN_FRONT):
        IN_FRONT[name](canvas, streams[name])
    np.clip(canvas.colour, 0, 1, out=canvas.colour)
    image = camera.expose(camera.look(cv2.merge(list(canvas.colour))), camera_rng)
    if not with_cracks:
        return SyntheticImage(image, np.zeros(shape, dtype=np.bool_), (), surface, tuple(wanted))
    visible = visible_changes(camera.look(change * (1 - canvas.hidden)), camera.look(normal.mean(axis=0)), settings)
    visible &= canvas.hidden < 0.5
    mask = field.mask(settings.min_mask_width_px) & visible
    return SyntheticImage(image, mask, measure(paths, visible), surface, tuple(wanted))


def _check(seed: int, shape: tuple[int, int]) -> None:
    if seed < 0:
        raise SettingsError(f"The seed is {seed}; it must be 0 or more.")
    if min(shape) < MIN_SIZE_PX:
        raise SettingsError(f"An image of {shape[0]}x{shape[1]} px is too small to draw; take at least {MIN_SIZE_PX}.")


def _pick_surface(rng: Generator, settings: SynthesisSettings, with_cracks: bool) -> str:
    surface = _pick(rng, settings.surfaces)
    can_crack = {name: weight for name, weight in settings.surfaces.items() if name not in NEVER_CRACKED}
    second = _pick(rng, can_crack) if sum(can_crack.values()) > 0 else surface
    return second if with_cracks and surface in NEVER_CRACKED else surface


def _pick_distractors(rng: Generator, settings: SynthesisSettings, with_cracks: bool) -> list[str]:
    """Names without repetition; a normal image has those of the cracked one of its seed, and perhaps more."""
    mean = settings.distractors_mean if with_cracks else settings.uncracked_distractors_mean
    # Inverting the Poisson distribution, so that the same draw gives the normal image no fewer.
    chances = np.exp(-mean) * np.cumprod([1.0] + [mean / k for k in range(1, MAX_DISTRACTORS + 1)])
    count = int(np.searchsorted(np.cumsum(chances), rng.random()))
    return list(dict.fromkeys(_pick(rng, settings.distractors) for _ in range(MAX_DISTRACTORS)))[:count]


def _pick(rng: Generator, weights: Mapping[str, float]) -> str:
    """A name with a chance in proportion to its weight; the order of the mapping does not matter."""
    names = sorted(weights)
    chances = np.array([weights[name] for name in names], dtype=np.float64)
    return names[int(rng.choice(len(names), p=chances / chances.sum()))]


def _turn_camera(canvas: Canvas, rng: Generator, settings: SynthesisSettings) -> Homography | None:
    """Look at the surface askew, sometimes."""
    askew, strength = rng.random() < settings.perspective_fraction, rng.uniform(0.1, 1.0)
    if not askew:
        return None
    homography = random_homography(rng, canvas.shape, strength=strength)
    for plane in canvas.colour:
        plane[:] = cv2.warpPerspective(
            plane, homography, canvas.shape[::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        )
    canvas.joints = [cv2.perspectiveTransform(path[None], homography)[0] for path in canvas.joints]
    return homography


def _plan_cracks(
    canvas: Canvas, rng: Generator, width_px: float, settings: SynthesisSettings, homography: Homography | None
) -> list[CrackPath]:
    weights = dict(settings.networks)
    if not canvas.joints and sum(weights.values()) > weights.get("stepped", 0):
        weights["stepped"] = 0.0
    elif canvas.joints and weights.get("stepped", 0) > 0:
        weights["stepped"] *= 4  # masonry cracks along its joints
    kind = _pick(rng, weights)
    paths = draw_network(rng, canvas.shape, kind, width_px, canvas.joints, canvas.joint_px)
    # Joints are given as the camera sees them; any other way is planned on the surface.
    seen_already = homography is None or (kind == "stepped" and canvas.joints)
    return paths if seen_already or homography is None else [project(path, homography) for path in paths]


def visible_changes(
    change: NDArray[np.float32], texture: NDArray[np.float32], settings: SynthesisSettings
) -> NDArray[np.bool_]:
    """Where a crack, if there is one, shows in the image.

    Args:
        change: what the cracks change in brightness after the lens, float32 (H, W).
        texture: the brightness of the surface without them, after the lens, float32 (H, W).
        settings: the least contrast.
    """
    # A crack is seen as a whole: along some pixels, its strongest change counts.
    strongest = cv2.dilate(np.abs(change), np.ones((13, 13), dtype=np.uint8))
    mean = cv2.blur(texture, (25, 25))
    spread = cv2.sqrt(np.maximum(cv2.blur(texture * texture, (25, 25)) - mean * mean, 0))
    return np.asarray(strongest >= np.float32(settings.min_contrast) + np.float32(settings.min_visibility) * spread)
