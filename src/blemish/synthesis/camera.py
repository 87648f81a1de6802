"""From a scene to an image: perspective, lighting, lens, sensor, and what the web does to pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.synthesis.crack_paths import CrackPath
from blemish.synthesis.noise import Field, Generator, grain, log_uniform, value_noise
from blemish.synthesis.strokes import normals

Homography = NDArray[np.float64]


def random_homography(rng: Generator, shape: tuple[int, int], *, strength: float) -> Homography:
    """A camera that looks at the surface askew: scene pixel to image pixel, (3, 3).

    The image stays covered: the far side shrinks towards the middle only as far as the scene is enlarged first.

    Args:
        rng: source of chance.
        shape: (height, width) of scene and image.
        strength: 0 is straight on; .5 shows the far side at about half the scale of the near one.
    """
    height, width = shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float64)
    turn = rng.normal(0, 0.06)
    squeeze = strength * rng.uniform(0.3, 1.0)
    far = rng.choice([0, 0, 0, 1, 2, 3])  # mostly the top is far, as on a road
    pairs = ((0, 1), (1, 2), (2, 3), (3, 0))
    centre = np.array([width, height]) / 2
    placed = corners - centre
    grow = 1 + squeeze * 0.9
    placed = placed * grow
    a, b = pairs[far]
    middle = (placed[a] + placed[b]) / 2
    for corner in (a, b):
        placed[corner] = middle * (1 - 0.12 * squeeze) + (placed[corner] - middle) * (1 - squeeze * 0.5)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    placed = placed @ rotation.T * (1 + abs(np.sin(turn))) + centre
    return np.asarray(
        cv2.getPerspectiveTransform(corners.astype(np.float32), placed.astype(np.float32)), dtype=np.float64
    )


def project(path: CrackPath, homography: Homography) -> CrackPath:
    """A crack as the camera sees it: its centre line, and the distances to its edges across it."""
    side = normals(path.points)
    edges = [path.points, path.points + side * path.right_px[:, None], path.points - side * path.left_px[:, None]]
    seen = cv2.perspectiveTransform(np.concatenate(edges)[None].astype(np.float64), homography)[0]
    middle, right, left = np.split(seen, 3)
    across = normals(middle)
    return replace(
        path,
        points=middle,
        right_px=((right - middle) * across).sum(axis=1),
        left_px=((middle - left) * across).sum(axis=1),
    )


@dataclass(frozen=True)
class Camera:
    """One way of taking and publishing an image. Brightness from 0 to 1.

    Attributes:
        blur_px: standard deviation of defocus.
        motion_px: length of motion blur, along ``motion_rad``.
        motion_rad: direction of motion.
        reduce: the image is shrunk to this fraction of its size and enlarged again.
        sharpen: strength of unsharp masking.
        exposure: mean brightness that the exposure meter aims at.
        metering: 0 leaves the brightness as it is, 1 reaches that mean.
        contrast: slope about the mean.
        gamma: tone curve.
        balance: RGB gains.
        saturation: 0 is grey.
        noise: standard deviation of sensor noise at mid-grey.
        noise_size_px: its grain.
        quality: of the JPEG, or 0 for none.
        gradient: brightness change across the image.
        vignette: darkening of the corners.
    """

    blur_px: float
    motion_px: float
    motion_rad: float
    reduce: float
    sharpen: float
    exposure: float
    metering: float
    contrast: float
    gamma: float
    balance: NDArray[np.float32]
    saturation: float
    noise: float
    noise_size_px: float
    quality: int
    gradient: float
    vignette: float

    def look(self, image: Field) -> Field:
        """Lens and resampling: what happens to the place of light. float32 (H, W) or (H, W, 3), new array."""
        if self.blur_px > 0.25:
            image = np.asarray(cv2.GaussianBlur(image, (0, 0), self.blur_px), dtype=np.float32)
        if self.motion_px > 1.2:
            size = int(np.ceil(self.motion_px)) // 2 * 2 + 3
            kernel = np.zeros((size, size), dtype=np.float32)
            centre = size // 2
            away = self.motion_px / 2 * np.array([np.cos(self.motion_rad), np.sin(self.motion_rad)])
            ends = [tuple(int(v) for v in np.rint((centre + sign * away) * 16)) for sign in (-1, 1)]
            cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_AA, 4)
            image = np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), dtype=np.float32)
        if self.reduce < 0.99:
            height, width = image.shape[:2]
            small = (max(8, round(width * self.reduce)), max(8, round(height * self.reduce)))
            reduced = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
            image = np.asarray(cv2.resize(reduced, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.float32)
        return image

    def expose(self, image: Field, rng: Generator) -> NDArray[np.uint8]:
        """Light, sensor and JPEG: float32 (H, W, 3) RGB to uint8 (H, W, 3) RGB."""
        shape = image.shape[:2]
        if self.sharpen > 0:
            image = image + np.float32(self.sharpen) * (image - cv2.GaussianBlur(image, (0, 0), 1.2))
        mean = float(image.mean())
        gain = (self.exposure / max(mean, 0.02)) ** self.metering
        if self.saturation != 1:
            image = np.asarray(cv2.transform(image, self._colour_mix()), dtype=np.float32)
        light = self._illumination(shape, rng)
        speckle = grain(rng, shape, self.noise_size_px) * np.float32(self.noise)
        blotch = value_noise(rng, shape, 2.5) * np.float32(self.noise * 0.5 * (self.saturation > 0))
        tints = rng.normal(0, 0.6, 3)
        planes = []
        for plane, balance, tint in zip(cv2.split(image), self.balance, tints, strict=True):
            # Contrast about the mean, then exposure, white balance and the light's own gradient.
            lit = plane * np.float32(self.contrast * gain) + np.float32(mean * gain * (1 - self.contrast))
            lit *= light * np.float32(balance)
            lit = cv2.pow(np.clip(lit, 0, 1), self.gamma)
            if self.noise > 0:
                lit += (speckle + blotch * np.float32(tint)) * cv2.sqrt(np.clip(lit, 0.05, 1))
            planes.append(lit)
        exposed = np.clip(np.rint(cv2.merge(planes) * np.float32(255)), 0, 255).astype(np.uint8)
        if self.quality:
            _, packed = cv2.imencode(".jpg", exposed[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, self.quality])
            decoded = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), dtype=np.uint8)
            exposed = np.ascontiguousarray(decoded[..., ::-1])
        return np.asarray(exposed)

    def _colour_mix(self) -> NDArray[np.float32]:
        grey = np.tile(np.array([0.299, 0.587, 0.114]), (3, 1))
        return (self.saturation * np.eye(3) + (1 - self.saturation) * grey).astype(np.float32)

    def _illumination(self, shape: tuple[int, int], rng: Generator) -> Field:
        height, width = shape
        turn = rng.uniform(0, 2 * np.pi)
        x = np.linspace(-1, 1, width, dtype=np.float32)[None]
        y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
        slope = np.float32(self.gradient / 2) * (x * np.float32(np.cos(turn)) + y * np.float32(np.sin(turn)))
        return np.asarray((1 + slope) * (1 - np.float32(self.vignette / 2) * (x**2 + y**2)), dtype=np.float32)


def random_camera(rng: Generator, *, thinnest_px: float) -> Camera:
    """Anything from a sharp studio picture to a small, oversharpened JPEG of an old phone.

    Args:
        rng: source of chance.
        thinnest_px: width of the thinnest thing that must stay visible; blur is limited by it.
    """
    limit = 0.35 + 0.5 * thinnest_px
    blur = min(log_uniform(rng, 0.3, 4.0) if rng.random() < 0.7 else 0.0, limit)
    grey = rng.random() < 0.12
    return Camera(
        blur_px=blur,
        motion_px=min(log_uniform(rng, 2, 9), 2.5 * limit) if rng.random() < 0.08 else 0.0,
        motion_rad=rng.uniform(0, np.pi),
        reduce=max(rng.uniform(0.4, 0.95), min(1.0, 0.9 / limit)) if rng.random() < 0.25 else 1.0,
        sharpen=rng.uniform(0.3, 2.0) if rng.random() < 0.35 else 0.0,
        exposure=float(np.clip(rng.normal(0.54, 0.1), 0.2, 0.8)),
        metering=rng.uniform(0.3, 0.9),
        contrast=float(np.exp(rng.normal(0.08, 0.22))),
        gamma=float(np.exp(rng.normal(0, 0.15))),
        balance=np.exp(rng.normal(0, 0.04) * np.array([1, 0.1, -1]) + rng.normal(0, 0.01, 3)).astype(np.float32),
        saturation=0.0 if grey else float(rng.uniform(0.5, 1.35)),
        noise=log_uniform(rng, 0.003, 0.05) if rng.random() < 0.75 else 0.0,
        noise_size_px=rng.uniform(1.0, 2.2),
        quality=int(rng.integers(35, 97)) if rng.random() < 0.9 else 0,
        gradient=float(abs(rng.normal(0, 0.25))) if rng.random() < 0.6 else 0.0,
        vignette=float(rng.uniform(0.1, 0.45)) if rng.random() < 0.25 else 0.0,
    )
