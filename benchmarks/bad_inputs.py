"""Pictures that people hand in though no crack can be told from them as usual, and what an inspection says of each.

export CRACK_SOURCES=sources/                        # as for wild_cracks.py; its test photos are altered here
python benchmarks/bad_inputs.py --images 12 --detector concrete-crack --out bad/

writes the altered photos by kind, bad/found of `blemish inspect`, bad/row.jpg of one photo in all kinds, and prints a
table of verdicts and warnings. Half of the photos show a crack: test photos of asphalt, drone close-ups and concrete.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

import blemish
from blemish.datasets import read_dataset
from blemish.findings import UNDECIDED, Finding
from blemish.images import read_image
from blemish.images.writing import write_jpeg
from wild_domains import RECIPE

Image = NDArray[np.uint8]
_SIDE_PX = 512


def _taken(levels: NDArray[np.floating], rng: Generator, noise: float) -> Image:
    """What a camera makes of grey levels: noise, and the ends of its scale."""
    return np.clip(levels + rng.normal(0, noise, levels.shape), 0, 255).astype(np.uint8)


def _cloud(rng: Generator, side_px: int, cells: int) -> NDArray[np.float32]:
    grid = rng.normal(size=(cells, cells)).astype(np.float32)
    return np.asarray(cv2.resize(grid, (side_px, side_px), interpolation=cv2.INTER_CUBIC), np.float32)


def motion(image: Image, rng: Generator) -> Image:
    """Moved by 9 to 25 px while the shutter was open, with the noise of the camera after it."""
    length = int(rng.integers(9, 26))
    kernel = np.zeros((length, length), np.float32)
    cv2.line(kernel, (0, int(rng.integers(0, length))), (length - 1, length // 2), 1.0, 1)
    return _taken(cv2.filter2D(image.astype(np.float32), -1, kernel / kernel.sum()), rng, 2.5)


def defocus(image: Image, rng: Generator) -> Image:
    """Out of focus by a disc of 2.5 to 6 px, with noise after it."""
    radius = rng.uniform(2.5, 6)
    rows, columns = np.mgrid[-8:9, -8:9]
    disc = (np.hypot(rows, columns) <= radius).astype(np.float32)
    return _taken(cv2.filter2D(image.astype(np.float32), -1, disc / disc.sum()), rng, 2.5)


def night(image: Image, rng: Generator) -> Image:
    """By a lamp in the dark: a cone of warm light, the rest black, much noise."""
    side = image.shape[0]
    rows, columns = np.mgrid[:side, : image.shape[1]] - rng.uniform(0.3, 0.7, 2)[:, None, None] * side
    cone = np.exp(-((np.hypot(rows, columns) / (side * rng.uniform(0.2, 0.45))) ** 2))[..., None]
    light = (0.04 + rng.uniform(0.35, 0.8) * cone) * np.array([1.0, 0.85, 0.6])
    return _taken(image * light, rng, 9)


def wet(image: Image, rng: Generator) -> Image:
    """Wet patches, darker, and the sky mirrored in them at full scale."""
    side = image.shape[0]
    film = _cloud(rng, side, 5)
    water = 1 / (1 + np.exp(-8 * (film - rng.uniform(-0.4, 0.2))))
    glint = np.clip(_cloud(rng, side, 40) + _cloud(rng, side, 9) - 0.6, 0, None) * (water > 0.5)
    levels = image * (1 - 0.5 * water[..., None]) + 380 * cv2.GaussianBlur(glint, (0, 0), 1.5)[..., None]
    return _taken(levels, rng, 2)


def thermal(image: Image, rng: Generator) -> Image:
    """A thermal camera's picture of it: soft, in a palette, with its scale."""
    grey = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (0, 0), rng.uniform(2, 4))
    levels = cv2.normalize(grey.astype(np.float32) + 25 * _cloud(rng, len(grey), 4), None, 0, 255, cv2.NORM_MINMAX)
    palette = [cv2.COLORMAP_INFERNO, cv2.COLORMAP_JET, cv2.COLORMAP_HOT][rng.integers(3)]
    picture = cv2.applyColorMap(levels.astype(np.uint8), palette)
    ramp = np.repeat(np.linspace(255, 0, 300).astype(np.uint8)[:, None], 14, axis=1)
    picture[60:360, -40:-26] = cv2.applyColorMap(ramp, palette)
    cv2.putText(picture, "21.4 C", (12, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 255, 255), 1, cv2.LINE_AA)
    return np.ascontiguousarray(picture[..., ::-1])


def screenshot(image: Image, rng: Generator) -> Image:
    """The photo in a window of a program, with menus, lists and text around it."""
    picture = np.full((800, 1280, 3), 240, np.uint8)
    picture[:34] = (52, 60, 74)
    picture[34:70] = 222
    cv2.rectangle(picture, (0, 70), (260, 800), (250, 250, 250), -1)
    dark, light = (40.0, 40.0, 40.0), (235.0, 235.0, 235.0)
    cv2.putText(picture, "Inspection 2024 - DSC_0417.JPG", (16, 23), 0, 0.5, light, 1, cv2.LINE_AA)
    cv2.putText(picture, "File  Edit  View  Tools  Help", (16, 57), 0, 0.45, dark, 1, cv2.LINE_AA)
    for row in range(20):
        text = f"DSC_{rng.integers(400, 500):04d}.JPG  {rng.uniform(2, 9):.1f} MB"
        cv2.putText(picture, text, (14, 104 + 33 * row), 0, 0.42, dark, 1, cv2.LINE_AA)
    top, left = int(rng.integers(90, 200)), int(rng.integers(300, 700))
    picture[top : top + _SIDE_PX, left : left + _SIDE_PX] = image
    cv2.putText(picture, "100 %   512 x 512   sRGB", (left, top + _SIDE_PX + 30), 0, 0.42, dark, 1, cv2.LINE_AA)
    return picture


def drawing(image: Image, rng: Generator) -> Image:
    """A crack sketched on paper and photographed: a jagged line with branches, soft light, noise."""
    paper = np.full((_SIDE_PX, _SIDE_PX), 225, np.float32) + 10 * _cloud(rng, _SIDE_PX, 3)
    for _ in range(int(rng.integers(1, 4))):
        steps = rng.normal(0, 9, (40, 2)) + rng.normal(0, 8, 2)
        points = rng.uniform(100, 400, 2) + np.cumsum(steps, axis=0)
        cv2.polylines(paper, [points.astype(np.int32)], False, 60.0, int(rng.integers(1, 4)), cv2.LINE_AA)
    return _taken(np.repeat(paper[..., None], 3, axis=2), rng, 2)


def photo_of_photo(image: Image, rng: Generator) -> Image:
    """A print of it on a table, askew, with a white border and a lamp's reflection."""
    side = 800
    table = np.array([120.0, 85.0, 55.0]) + 10 * np.repeat(_cloud(rng, side, 60)[:, :1], side, axis=1)[..., None]
    framed = cv2.copyMakeBorder(image, 22, 22, 22, 22, cv2.BORDER_CONSTANT, value=(250, 250, 248))
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    goal = side * (0.12 + 0.76 * corners + rng.uniform(-0.07, 0.07, (4, 2))).astype(np.float32)
    how = cv2.getPerspectiveTransform(corners * len(framed), goal)
    laid = cv2.warpPerspective(framed.astype(np.float32), how, (side, side))
    inside = cv2.warpPerspective(np.ones(framed.shape[:2], np.float32), how, (side, side))[..., None]
    levels = table * (1 - inside) + laid * inside * 0.85 + 10
    glare = np.clip(_cloud(rng, side, 4) - 0.9, 0, None)[..., None] * inside
    return _taken(cv2.GaussianBlur(levels + 250 * glare, (0, 0), 0.8), rng, 3)


def screen(image: Image, rng: Generator) -> Image:
    """It on a monitor, photographed: the pattern of the pixels, a blue cast, light in its glass."""
    side = image.shape[0]
    rows, columns = np.mgrid[:side, : image.shape[1]].astype(np.float32)
    period, turn = rng.uniform(2.1, 3.2), rng.uniform(0.01, 0.12)
    phases = [2 * np.pi * along / period for along in (columns + turn * rows, rows - turn * columns)]
    grid = 0.5 * (np.cos(phases[0]) + np.cos(phases[1]))
    levels = image * (1 + 0.22 * grid[..., None]) * np.array([0.85, 0.95, 1.15]) + 20
    return _taken(cv2.GaussianBlur(levels, (0, 0), 0.6) + 18 * _cloud(rng, side, 3)[..., None], rng, 2)


KINDS: dict[str, Callable[[Image, Generator], Image]] = {
    "unaltered": lambda image, rng: image,
    "motion blur": motion,
    "out of focus": defocus,
    "night": night,
    "wet": wet,
    "thermal palette": thermal,
    "screenshot": screenshot,
    "drawing of a crack": drawing,
    "photo of a print": photo_of_photo,
    "photo of a monitor": screen,
}


def test_photos(count: int) -> list[tuple[Path, bool]]:
    """Test photos of 448 px and more, as many with a crack as without."""
    found: dict[bool, list[Path]] = {False: [], True: []}
    for sample in read_dataset(RECIPE).samples:
        text = sample.path.as_posix()
        if sample.split == "test" and any(word in text for word in ("uav_cc0", "sut_crack", "sdnet_clean")):
            found["sdnet_clean" not in text].append(sample.path)
    rng = np.random.default_rng(0)
    return [
        (paths[number], cracked)
        for cracked, paths in found.items()
        for number in sorted(rng.permutation(len(paths))[: count // 2])
    ]


def _row(folder: Path, found: Sequence[Finding]) -> Image:
    """The last cracked photo in all kinds, with verdict and problems below each; two lines of five."""
    tiles = []
    for kind in KINDS:
        last = max((one for one in found if one.image.startswith(f"{kind}/")), key=lambda one: one.image)
        pixels = read_image(folder / last.image)
        shrink = 232 / max(pixels.shape[:2])
        small = cv2.resize(pixels, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        tile = np.full((286, 240, 3), 255, np.uint8)
        tile[4 : 4 + small.shape[0], 4 : 4 + small.shape[1]] = small
        for row, text in enumerate((kind, ", ".join((last.verdict or "", *last.problems)))):
            cv2.putText(tile, text, (5, 254 + 21 * row), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (20, 20, 20), 1, cv2.LINE_AA)
        tiles.append(tile)
    return np.vstack([np.hstack(tiles[:5]), np.hstack(tiles[5:])])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=12)
    parser.add_argument("--detector", default="concrete-crack")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    photos = test_photos(options.images)
    for kind, alter in KINDS.items():
        for number, (path, cracked) in enumerate(photos):
            image = cv2.resize(read_image(path), (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_CUBIC)
            altered = alter(image, np.random.default_rng([list(KINDS).index(kind), number]))
            name = f"{number:03d}-{'cracked' if cracked else 'clean'}.jpg"
            write_jpeg(options.out / "photos" / kind / name, altered)
    found = blemish.inspect(options.out / "photos", detector=options.detector, out=options.out / "found").findings
    print("| photos | cracked | crack-free | warned or undecided | cracked, passed silently |\n|---|---|---|---|---|")
    for kind in KINDS:
        own = [one for one in found if one.image.startswith(f"{kind}/")]
        cells = [
            ", ".join(f"{n} {verdict}" for verdict, n in Counter(o.verdict for o in those).most_common())
            for those in ([one for one in own if word in one.image] for word in ("cracked", "clean"))
        ]
        silent = [one for one in own if one.verdict not in UNDECIDED and not one.problems]
        passed = sum(one.verdict == "pass" and "cracked" in one.image for one in silent)
        print(f"| {kind} | {' | '.join(cells)} | {len(own) - len(silent)} of {len(own)} | {passed} |", flush=True)
    write_jpeg(options.out / "row.jpg", _row(options.out / "photos", found))


if __name__ == "__main__":
    main()
