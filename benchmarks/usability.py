"""Which photos count as unusable, and whether spoilt copies that do not are still judged as their originals are.

    python benchmarks/usability.py limits  [--half measuring] [--images 60]    unaltered photos and copies, set by set
    python benchmarks/usability.py answers [--half measuring] [--images 100]   concrete-crack on copies and originals

Photos are those of BLEMISH_DATA, drawn by a hash of their names: every other one belongs to the tuning half, on which
the limits were chosen, the rest to the measuring half. Copies are made of a photo reduced to 1600 px at most.
"""

from __future__ import annotations

import argparse
import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.detectors import Detector, load
from blemish.images import UsabilityLimits, read_image, usability
from blemish.locations import data_dir

from machine import describe_machine

Pixels = NDArray[np.uint8]
SETS = {
    "deepcrack": "deepcrack/*/images/*",
    "casting": "casting/*/*/*",
    "chest-xray": "chest-xray/*/*/*",
    "magnetic-tile": "magnetic-tile/*/images/*.jpg",
    "brickwork": "brickwork/*/*",
    "metu": "metu/*/*",
    "open-cracks": "open-cracks/*/images/*",
    "steel": "steel-sd900/images/*",
}
CRACKED = ("deepcrack", "brickwork", "metu")
_LARGEST_PX = 1600
BEFORE = UsabilityLimits(dark_level=40, max_clipped_fraction=1)


def scaled(factor: float, plus: float = 0) -> Callable[[Pixels], Pixels]:
    return lambda image: np.clip(image.astype(np.float32) * factor + plus, 0, 255).astype(np.uint8)


def blurred(fraction: float) -> Callable[[Pixels], Pixels]:
    return lambda image: cv2.GaussianBlur(image, (0, 0), fraction * max(image.shape[:2]))


COPIES: dict[str, Callable[[Pixels], Pixels]] = {
    "unaltered": lambda image: image,
    "× .3": scaled(0.3),
    "× .2": scaled(0.2),
    "× .1": scaled(0.1),
    "+ 100 levels": scaled(1, 100),
    "+ 150 levels": scaled(1, 150),
    "× 3": scaled(3),
    "× 4": scaled(4),
    "× 6": scaled(6),
    "blurred, 1 % of the side": blurred(0.01),
    "blurred, 2 %": blurred(0.02),
    "blurred, 4 %": blurred(0.04),
}


def photos(name: str, half: str, count: int) -> list[Path]:
    """So many photos of one half of a set, always the same."""
    root = data_dir()
    if root is None:
        raise SystemExit("BLEMISH_DATA is not set.")
    files = [path for path in root.glob(SETS[name]) if path.suffix.lower() in {".jpg", ".jpeg", ".png"}]
    files.sort(key=lambda path: hashlib.sha1(str(path.relative_to(root)).encode()).digest())
    return files[half == "measuring" :: 2][:count]


def read(path: Path) -> Pixels:
    image = read_image(path)
    scale = _LARGEST_PX / max(image.shape[:2])
    return image if scale >= 1 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def limits(half: str, count: int) -> None:
    """How many of each kind of copy are usable, set by set: by the limits before these were chosen, and now."""
    before: dict[str, Counter[str]] = defaultdict(Counter)
    usable: dict[str, Counter[str]] = defaultdict(Counter)
    totals: Counter[str] = Counter()
    for name in SETS:
        for path in photos(name, half, count):
            image = read(path)
            totals[name] += 1
            for copy, make in COPIES.items():
                spoilt = make(image)
                if usability(spoilt, BEFORE) is None:  # which are wider in everything
                    before[copy][name] += 1
                    usable[copy][name] += usability(spoilt, UsabilityLimits()) is None
    print(f"| usable, of | {' | '.join(f'{name} ({totals[name]})' for name in SETS)} | all ({totals.total()}) |")
    print("|---" * (len(SETS) + 2) + "|")
    for copy in COPIES:
        cells = [f"{before[copy][name]} → {usable[copy][name]}" for name in SETS]
        print(f"| {copy} | {' | '.join(cells)} | {before[copy].total()} → {usable[copy].total()} |")


def answer(detector: Detector, image: Pixels) -> tuple[bool, NDArray[np.bool_]]:
    """Whether an image passes, and what is outlined in it."""
    found = detector.inspect_pixels(image)
    mask = found.mask if found.mask is not None else np.zeros(image.shape[:2], np.uint8)
    return found.verdict == "pass", mask > 0


def answers(half: str, count: int) -> None:
    """Of the copies that are usable: verdicts that differ from the original's, and how far outlines agree."""
    container = load("concrete-crack").container
    detector = Detector(
        replace(container, spec=container.spec.model_copy(update={"usability": UsabilityLimits.none()}))
    )
    usable, same, lost = Counter[str](), Counter[str](), Counter[str]()
    overlaps: dict[str, list[float]] = defaultdict(list)
    for name in CRACKED:
        for path in photos(name, half, -(-count // len(CRACKED))):
            image = read(path)
            passes, outlined = answer(detector, image)
            for copy, make in COPIES.items():
                spoilt = make(image)
                is_usable = usability(spoilt, UsabilityLimits()) is None
                copy_passes, copy_outlined = answer(detector, spoilt)
                key = f"{copy}, {'usable' if is_usable else 'unusable'}"
                usable[key] += 1
                same[key] += copy_passes == passes
                lost[key] += copy_passes and not passes
                if outlined.any():
                    union = (outlined | copy_outlined).sum()
                    overlaps[key].append(float((outlined & copy_outlined).sum() / union))
    print("| copy | photos | same verdict | passes, original does not | median overlap of outlines |")
    print("|---|---|---|---|---|")
    for key in usable:
        overlap = f"{np.median(overlaps[key]):.2f}" if overlaps[key] else "–"
        print(f"| {key} | {usable[key]} | {same[key]} | {lost[key]} | {overlap} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["limits", "answers"])
    parser.add_argument("--half", choices=["tuning", "measuring"], default="measuring")
    parser.add_argument("--images", type=int, default=60)
    options = parser.parse_args()
    {"limits": limits, "answers": answers}[options.what](options.half, options.images)
    print(describe_machine())


if __name__ == "__main__":
    main()
