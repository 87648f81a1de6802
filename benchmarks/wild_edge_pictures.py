"""Outlines of a detector with and without its edges, beside the label, for docs/concrete-crack.md.

    python benchmarks/wild_edge_pictures.py --out opinions/ --jpg docs/pictures/crack-edges.jpg

Of each surface the masked validation image whose outline loses the median part of its area; the detectors are those of
`wild_cracks.py opinion`, each trained without the surface.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import blemish
from blemish.detectors import Detector
from blemish.images.writing import write_jpeg
from wild_cracks import network_without
from wild_domains import validation_set
from wild_edges import without_edges
from wild_scoring import Rule

SIDE_PX, TIMES = 160, 2
KINDS = {"structures": "train", "pavements": "train", "drone": "train", "drawn": "test"}
COLOURS = {"without edges": (230, 60, 40), "with edges": (60, 200, 60), "label": (60, 190, 230)}
TRIED = 40


def main() -> None:
    """Draw a column a surface: the outline without edges, with them, and the label."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="where the detectors of `wild_cracks.py opinion` lie")
    parser.add_argument("--jpg", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pixel", type=float, default=0.4352)
    parser.add_argument("--peak", type=float, default=0.9914)
    options = parser.parse_args()
    rule = Rule(options.pixel, options.peak, min_area_px=160, gap_px=16)
    columns = [column(name, split, options, rule) for name, split in KINDS.items()]
    write_jpeg(options.jpg, np.hstack(columns), quality=88)


def column(name: str, split: str, options: argparse.Namespace, rule: Rule) -> NDArray[np.uint8]:
    """Three cells, one above the other, uint8 RGB."""
    with_edges = blemish.load(network_without("asphalt" if name == "drawn" else name, options))
    container = with_edges.container
    plain = Detector(replace(container, graph=without_edges(container.graph)))
    seen = []
    for sample in validation_set(name, options.out, split=split).samples:
        if len(seen) == TRIED:
            break
        pixels = sample.read_image()
        truth = sample.read_mask(*pixels.shape[:2]) if sample.masks else None
        if truth is None or not truth.any():
            continue
        masks = [rule.outline(_map_of(each, pixels)) for each in (plain, with_edges)]
        if masks[1].any():
            seen.append((masks[1].sum() / masks[0].sum(), pixels, [*masks, truth]))
    seen.sort(key=lambda one: one[0])
    _, pixels, masks = seen[len(seen) // 2]
    part = _part(masks[0])
    return np.vstack(
        [_cell(pixels[part], mask[part], colour) for mask, colour in zip(masks, COLOURS.values(), strict=True)]
    )


def _map_of(detector: Detector, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    anomaly_map = detector.score(pixels)[1]
    assert anomaly_map is not None
    return anomaly_map


def _part(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """A square around the middle of what is outlined."""
    corners = (
        int(np.clip(np.median(where) - SIDE_PX // 2, 0, side - SIDE_PX))
        for where, side in zip(np.nonzero(mask), mask.shape, strict=True)
    )
    top, left = corners
    return np.s_[top : top + SIDE_PX, left : left + SIDE_PX]


def _cell(pixels: NDArray[np.uint8], mask: NDArray[np.bool_], colour: tuple[int, int, int]) -> NDArray[np.uint8]:
    large = cv2.resize(pixels, None, fx=TIMES, fy=TIMES, interpolation=cv2.INTER_CUBIC)
    outlined = cv2.resize(mask.astype(np.uint8), None, fx=TIMES, fy=TIMES, interpolation=cv2.INTER_NEAREST)
    lines, _ = cv2.findContours(outlined, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(large, lines, -1, colour, 1)
    return np.ascontiguousarray(np.pad(large, ((2, 2), (2, 2), (0, 0)), constant_values=255), np.uint8)


if __name__ == "__main__":
    main()
