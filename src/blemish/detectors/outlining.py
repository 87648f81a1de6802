"""From a map to regions and their mask: in one go, or cluster by cluster where the image is large."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from blemish.detectors.large import Scan
from blemish.detectors.schema import ClassThreshold, DetectorSpec, Thresholds
from blemish.images.tiling import cut
from blemish.images.windows import ImageWindows
from blemish.measurement.clusters import find_regions_by_clusters
from blemish.measurement.regions import Region, find_regions
from blemish.measurement.small_components import remove_small_components

# Above this, clusters take an eighth of the time: what is outlined is a small part of an image.
_BY_CLUSTERS_FROM_PX = 1_000_000


def outline_maps(
    spec: DetectorSpec, maps: NDArray[np.float32] | None, pixels: NDArray[np.uint8]
) -> tuple[tuple[Region, ...], NDArray[np.bool_] | None, NDArray[np.bool_] | None]:
    """What a detector's thresholds make of its maps.

    Args:
        spec: the detector's.
        maps: float32 (H, W), or (K, H, W) of its classes; None outlines nothing.
        pixels: the image, uint8 RGB (H, W, 3).

    Returns:
        Regions, worst first; masks of the classes, bool (K, H, W), None of fewer than two; the mask of everything,
        bool (H, W), None where nothing is outlined for want of a map or a threshold.
    """
    thresholds = spec.thresholds
    if maps is None or thresholds.pixel is None:
        return (), None, None
    if maps.ndim == 2:
        label = spec.classes[0] if len(spec.classes) == 1 else None
        peak = -np.inf if thresholds.peak is None else thresholds.peak
        limit = ClassThreshold(label=label or "", pixel=thresholds.pixel, min_area_px=thresholds.min_area_px)
        found, mask = outline(maps, limit, thresholds, pixels, min_peak=peak, label=label)
        return found, None, mask
    regions: list[Region] = []
    masks = []
    for one, label in zip(maps, spec.classes, strict=True):
        of_label = thresholds.of_class(label)
        assert of_label is not None
        of_class, mask = outline(one, of_label, thresholds, pixels, label=label)
        regions += of_class
        masks.append(mask)
    return tuple(sorted(regions, key=lambda region: -region.score)), np.stack(masks), np.logical_or.reduce(masks)


def outline(
    one_map: NDArray[np.float32],
    limit: ClassThreshold,
    of_all: Thresholds,
    pixels: NDArray[np.uint8],
    *,
    min_peak: float = -np.inf,
    label: str | None = None,
) -> tuple[tuple[Region, ...], NDArray[np.bool_]]:
    """Regions of one map, worst first, and their mask.

    Args:
        one_map: float32 (H, W).
        limit: from where on a pixel is defective, and how large a region is at least.
        of_all: what goes for every class: which components are dropped alone, and which pieces are one region.
        pixels: the image, uint8 RGB (H, W, 3).
        min_peak: regions that nowhere reach it are dropped.
        label: class name given to every region.
    """
    mask = remove_small_components(one_map >= limit.pixel, of_all.window_px)
    if mask.size < _BY_CLUSTERS_FROM_PX:
        return find_regions(
            mask,
            one_map,
            gap_px=of_all.gap_px,
            min_area_px=limit.min_area_px,
            min_peak=min_peak,
            label=label,
            pixels=pixels,
        )
    regions = find_regions_by_clusters(
        mask,
        lambda box: cut(one_map, box),
        cut_pixels=lambda box: cut(pixels, box),
        gap_px=of_all.gap_px,
        min_area_px=limit.min_area_px,
        min_peak=min_peak,
        label=label,
    )
    return regions, mask


def outline_scan(
    scan: Scan, windows: ImageWindows, spec: DetectorSpec
) -> tuple[tuple[Region, ...], NDArray[np.bool_] | None]:
    """Regions of an image that was scanned in bands, worst first, and their mask; None without a pixel threshold."""
    limits = spec.thresholds
    if scan.mask is None:
        return (), None
    regions = find_regions_by_clusters(
        scan.mask,
        scan.near.cut,
        cut_pixels=windows.read,
        gap_px=limits.gap_px,
        min_area_px=limits.min_area_px,
        min_peak=-np.inf if limits.peak is None else limits.peak,
        label=spec.classes[0] if spec.classes else None,
    )
    return regions, scan.mask
