"""A detector in use: images of any size in, `Inspection`s out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from blemish.bundled import locate
from blemish.detectors.answers import check_answer
from blemish.detectors.condition import Condition, condition_of
from blemish.detectors.container import Container, read_container, write_container
from blemish.detectors.decision import decide
from blemish.detectors.large import Scan
from blemish.detectors.looking import ImagePrediction, graph_inputs, look
from blemish.detectors.measuring import Measuring
from blemish.detectors.outlining import outline_maps, outline_scan
from blemish.detectors.result import Cutouts, Inspection
from blemish.detectors.runtime import OnnxRuntime, Precision, Prediction, RuntimeName
from blemish.detectors.runtimes import start_runtime
from blemish.detectors.schema import DetectorSpec, Thresholds
from blemish.detectors.sources import ImageLike, ImageSource, source_of
from blemish.detectors.trial import ensure_tried
from blemish.errors import BlemishError, DetectorError
from blemish.findings import UNDECIDED, Finding
from blemish.images import (
    BitRange,
    LoadedImage,
    ReadOptions,
    list_images,
)
from blemish.images.options import DEFAULT_OPTIONS
from blemish.images.windows import HeldWindows, ImageWindows
from blemish.measurement.clusters import CLUSTERED_FROM_PX
from blemish.measurement.regions import Region
from blemish.reports.overlays import map_range_of
from blemish.text import printable


class Detector:
    """One ``.blemish`` file, ready to inspect.

    The answer for an image is the same alone, in a batch or in a folder: nothing is scaled by what else is seen.

    Args:
        container: the file's content.
        path: where it came from, for messages.
        threads: cores that the graph may use; None takes all that are allowed.
        images_at_once: how many images `blemish.inspection.stream.inspect_stream` scores side by side; they share
            the cores. More than one is faster for many images, and slower for each.
        runtime: what runs the graph. ``auto`` takes the fastest that answers alike, measured once on each machine (see
            `blemish.detectors.runtimes`); the attribute says which. ``openvino`` and ``openvino-fast`` need the extra
            openvino; the latter computes in bfloat16 where the processor does, which moves scores, so calibrate with
            the runtime that will be used.
    """

    def __init__(
        self,
        container: Container,
        *,
        path: Path | None = None,
        threads: int | None = None,
        images_at_once: int = 1,
        runtime: RuntimeName = "onnxruntime",
    ) -> None:
        self.container = container
        self.path = path
        self.images_at_once = images_at_once
        self.runtime, self._run = start_runtime(runtime, container, threads=threads, calls_at_once=images_at_once)

    def __repr__(self) -> str:
        spec, limits = self.spec, self.spec.thresholds
        file = "no file" if self.path is None else f'"{self.path}"'
        classes = f", classes {', '.join(spec.classes)}" if spec.classes else ""
        decided = {"pixel": limits.pixel, "review": limits.review, "reject": limits.reject}
        said = [f"{name} {value:.4g}" for name, value in decided.items() if value is not None]
        return printable(
            f"<Detector {spec.method} from {file}{classes}; images {spec.input.describe()}; "
            f"{', '.join(said) or 'no thresholds'}; {self.runtime} in {self.precision}>"
        )

    @property
    def spec(self) -> DetectorSpec:
        """Settings, thresholds, calibration and provenance."""
        return self.container.spec

    @property
    def precision(self) -> Precision:
        """In which numbers the graph is computed on this machine: ``int8`` where the file holds such a graph."""
        return "int8" if self.spec.precision == "int8" else self._run.precision

    @overload
    def inspect(
        self,
        image: ImageLike,
        *,
        bit_range: BitRange | None = None,
        max_megapixels: float | None = None,
        measuring: Measuring | None = None,
    ) -> Inspection: ...

    @overload
    def inspect(
        self,
        image: list[Any] | tuple[Any, ...],
        *,
        bit_range: BitRange | None = None,
        max_megapixels: float | None = None,
        measuring: Measuring | None = None,
    ) -> list[Inspection]: ...

    def inspect(
        self,
        image: ImageLike | list[Any] | tuple[Any, ...],
        *,
        bit_range: BitRange | None = None,
        max_megapixels: float | None = None,
        measuring: Measuring | None = None,
    ) -> Inspection | list[Inspection]:
        """Inspect one image, or several, and measure what was outlined: cracks, by a detector of cracks.

        All answers with their arrays are kept in memory, up to 100 MB for an image of 12 megapixels: thousands of
        images are for `blemish.inspect`, which writes findings, overlays and a report, too.

        Args:
            image: a path, the bytes of an image file, an open binary file, or an array: RGB or grey uint8 / uint16 /
                float in [0, 1], (H, W), (H, W, 3) or (H, W, 4). A list of these and of folders, or one folder.
            bit_range: for files of more than 8 bits, the values that become black and white; None takes the
                detector's own, and where it has none the full scale that the file states.
            max_megapixels: larger images are refused; None refuses those above 500, or of a suspicious size.
            measuring: what is measured, in which scale; None: what the detector finds, in pixels.

        Returns:
            The answer; for a list or a folder a list of them, in which an image that cannot be inspected has its
            ``error``. A type checker takes a path for that of one image: for a folder write ``[folder]``.

        Raises:
            ImageError: the one image cannot be read, or a folder holds none.

        Example:
            >>> detector = blemish.load("concrete-crack")             # doctest: +SKIP
            >>> detector.inspect("wall.jpg").verdict                  # doctest: +SKIP
            'reject'
            >>> [found.score for found in detector.inspect(["a.jpg", "b.jpg"])]    # doctest: +SKIP
            [0.98, 0.02]
        """
        how = Measuring() if measuring is None else measuring
        options = ReadOptions(bit_range, max_megapixels)
        if not isinstance(image, list | tuple) and not _is_folder(image):
            return how.measure(self.inspect_source(source_of(image), options), self.spec.thresholds.pixel)
        found = []
        for source in _listed(image if isinstance(image, list | tuple) else [image]):
            try:
                answer = self.inspect_source(source, options)
            except BlemishError as error:
                found.append(failed(source, str(error)))
            else:
                found.append(how.measure(answer, self.spec.thresholds.pixel))
        return found

    def inspect_source(self, source: ImageSource, options: ReadOptions = DEFAULT_OPTIONS) -> Inspection:
        """Read an image and inspect it, without measuring.

        Raises:
            ImageError: it cannot be read.
            DetectorError: the graph fails, or gives what its detector does not say that it gives.
        """
        return self.inspect_loaded(source, self.read(source, self.read_options(options)))

    def read(self, source: ImageSource, options: ReadOptions, *, whole: bool = False) -> LoadedImage | ImageWindows:
        """An image for `inspect_loaded`; to be looked at part by part where it is very large.

        Args:
            source: the image.
            options: how files are read.
            whole: read all of it in any case: the answer then has its arrays at full size.

        Raises:
            ImageError: it cannot be read.
        """
        spec = self.spec
        in_parts = spec.input.tile_px is not None and spec.localises and len(spec.classes) < 2 and not whole
        in_parts = in_parts and not spec.thresholds.window_px  # that looks farther than from cluster to cluster
        windows = source.windows(options) if in_parts else None
        if windows is not None:
            return windows
        image = source.load(options)
        is_large = image.pixels.shape[0] * image.pixels.shape[1] >= CLUSTERED_FROM_PX
        return HeldWindows(image) if in_parts and is_large else image

    def read_options(self, asked: ReadOptions) -> ReadOptions:
        """How image files are read for this detector: as asked, with its own bit range where none is asked for."""
        return asked if asked.bit_range is not None else replace(asked, bit_range=self.spec.input.bit_range)

    def inspect_loaded(self, source: ImageSource, image: LoadedImage | ImageWindows) -> Inspection:
        """`inspect_source` for an image that has been read already, or can be part by part."""
        answer = self.inspect_pixels(image.pixels) if isinstance(image, LoadedImage) else self.inspect_windows(image)
        return answer.saying(
            **source.facts,
            notes=image.notes + answer.notes,
            likely_range=image.likely_range,
            capture=image.capture,
        )

    def inspect_windows(self, windows: ImageWindows) -> Inspection:
        """Inspect a very large image part by part; the answer's pixels and map are reduced, its mask is not.

        Raises:
            ImageError: a part of it cannot be read.
            DetectorError: as `inspect_pixels`.
        """
        scan = Scan(windows, self.spec, self.answer)
        condition = condition_of(scan.picture, self.spec, windows)
        regions, mask = ((), None) if condition.unusable else outline_scan(scan, windows, self.spec)
        return Inspection(
            finding=self._finding(windows.size_px, ImagePrediction(scan.score, None, scan.surface), regions, condition),
            pixels=scan.picture,
            anomaly_map=scan.small_map,
            mask=mask,
            crack_mask=self._cracks_of(mask, None),
            map_range=self._map_range,
            cutouts=Cutouts(windows.read, scan.near.cut, scan.shrink, windows.held),
        )

    def inspect_pixels(self, pixels: NDArray[np.uint8]) -> Inspection:
        """Inspect one image, uint8 RGB (H, W, 3).

        Raises:
            DetectorError: the graph fails, or gives what its detector does not say that it gives.
        """
        condition = condition_of(pixels, self.spec)
        seen = self._look(pixels)
        anomaly_map = None if seen.maps is None else self.spec.union(seen.maps)
        regions, class_masks, mask = outline_maps(self.spec, None if condition.unusable else seen.maps, pixels)
        return Inspection(
            finding=self._finding(pixels.shape[:2], seen, regions, condition),
            pixels=pixels,
            anomaly_map=anomaly_map,
            mask=mask,
            class_masks=class_masks,
            crack_mask=self._cracks_of(mask, class_masks),
            map_range=self._map_range,
        )

    @property
    def _map_range(self) -> tuple[float, float] | None:
        # Without a pixel threshold the image's own is the only fixed point on the scale.
        limits = self.spec.thresholds
        return map_range_of(limits.reject if limits.pixel is None else limits.pixel)

    def _finding(
        self,
        size_px: tuple[int, ...],
        seen: ImagePrediction,
        regions: tuple[Region, ...],
        condition: Condition,
    ) -> Finding:
        """What is said about an image of that height and width."""
        score, p_value = self._judged(seen.score)
        limits = self.spec.thresholds
        decision = decide(score, limits, regions=len(regions), surface=seen.surface, unusable=condition.unusable)
        return Finding(
            image="image",
            name="image",
            size_px=(size_px[1], size_px[0]),
            precision=self.precision,
            score=score,
            p_value=None if decision.verdict in UNDECIDED else p_value,
            surface_score=seen.surface,
            verdict=decision.verdict,
            label=None if decision.verdict in {"pass", *UNDECIDED} else self._label(seen.maps, regions),
            regions=regions,
            problems=tuple(condition.warnings),
            notes=seen.notes + decision.notes + tuple(condition.warnings.values()),
        )

    def score(self, pixels: NDArray[np.uint8]) -> tuple[float, NDArray[np.float32] | None]:
        """Raw image score and raw map at the image's size, float32 (H, W) or (K, H, W); None without localisation.

        Where the calibration decides by both tails, this is not the score of `inspect`, which then is its unusualness.
        """
        seen = self._look(pixels)
        return seen.score, seen.maps

    def _judged(self, raw: float) -> tuple[float, float | None]:
        """The score that is decided by, and its p-value; None without calibration."""
        if self.spec.calibration is None:
            return raw, None
        scores, p_values = self.spec.calibration.judged(np.array([raw]))
        return float(scores[0]), float(p_values[0])

    def reconstruct(self, pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]] | None:
        """An image as the graph sees it and what a generative method makes of it; None for other methods.

        Args:
            pixels: uint8 RGB (H, W, 3).

        Returns:
            Both uint8 RGB, at the size of the graph's input.

        Raises:
            DetectorError: the graph fails, or gives no image of that size.
        """
        if self.spec.input.size_px is None:
            return None
        (seen,) = self.graph_inputs(pixels)
        runtime = self._run if isinstance(self._run, OnnxRuntime) else OnnxRuntime(self.container.graph)
        made = runtime.reconstruct(seen)
        return None if made is None else (seen[0], made[0])

    def _look(self, pixels: NDArray[np.uint8]) -> ImagePrediction:
        return look(pixels, self.spec, self.answer)

    def graph_inputs(self, pixels: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
        """What the graph is given of an image, uint8 RGB (H, W, 3): resized, or in tiles; uint8 (1, h, w, 3) each."""
        return graph_inputs(pixels, self.spec.input)

    def answer(self, batch: NDArray[np.uint8]) -> Prediction:
        """What the graph says about inputs of one shape, uint8 (N, h, w, 3).

        Raises:
            DetectorError: it fails, or gives what its detector does not say that it gives.
        """
        return check_answer(self._run(batch), self.spec, batch.shape)

    def with_thresholds(self, thresholds: Thresholds) -> Detector:
        """The same detector deciding elsewhere; the file it came from stays as it is until `save`."""
        return self.with_spec(self.spec.model_copy(update={"thresholds": thresholds}))

    def with_spec(self, spec: DetectorSpec) -> Detector:
        """The same graph under another description."""
        other = copy(self)
        other.container = replace(self.container, spec=spec)
        return other

    def save(self, path: Path) -> None:
        """Write the ``.blemish`` file."""
        write_container(Path(path), self.container)

    def _cracks_of(
        self, mask: NDArray[np.bool_] | None, class_masks: NDArray[np.bool_] | None
    ) -> NDArray[np.bool_] | None:
        """The part of a mask that is cracks; None where the detector finds none."""
        if mask is None or class_masks is None or not self.spec.finds_cracks:
            return mask if self.spec.finds_cracks else None
        chosen = [label in self.spec.crack_classes for label in self.spec.classes]
        return np.asarray(class_masks[chosen].any(axis=0))

    def _label(self, maps: NDArray[np.float32] | None, regions: tuple[Region, ...]) -> str | None:
        if maps is None or maps.ndim == 2:
            return None
        if self.spec.thresholds.pixel is not None:
            return regions[0].label if regions else None
        # Without outlines it is a classifier's: the mean of a class activation map is the class's log-odds.
        return self.spec.classes[int(maps.mean(axis=(1, 2)).argmax())]


def load(
    path: Path | str,
    *,
    threads: int | None = None,
    images_at_once: int = 1,
    runtime: RuntimeName = "onnxruntime",
) -> Detector:
    """Load a ``.blemish`` file, or a bundled detector by its name (``concrete-crack``).

    The options are those of `Detector`.

    Raises:
        DetectorError: it is missing, damaged, altered, of a newer schema, or its graph is refused or cannot be run.
        MissingExtraError: the runtime is not installed.
    """
    container = read_container(Path(path))
    if container.spec.series is not None:
        raise DetectorError(f'"{path}" looks at sensor series, not at images; score with "blemish series score".')
    file = locate(path)
    ensure_tried(container, file)
    return Detector(container, path=file, threads=threads, images_at_once=images_at_once, runtime=runtime)


def failed(source: ImageSource, reason: str) -> Inspection:
    """The answer for an image that could not be inspected."""
    return Inspection(Finding(**source.facts, error=reason))


def _listed(given: Iterable[ImageLike]) -> Iterator[ImageSource]:
    """Sources of images and of all that folders hold."""
    for one in given:
        yield from map(source_of, list_images([Path(str(one))]).images if _is_folder(one) else [one])


def _is_folder(given: object) -> bool:
    return isinstance(given, str | Path) and Path(given).is_dir()
