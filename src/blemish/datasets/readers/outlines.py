"""Annotated objects of an image, as COCO, YOLO, labelme, VIA and VOC have them, made into a sample."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from blemish.datasets.coco_masks import PolygonMask
from blemish.datasets.masks import OutlineMask, UnionMask
from blemish.datasets.readers.folders import NormalNames
from blemish.datasets.sample import ClassMask, MaskSource, Sample, Split
from blemish.text import counted

FREE = "good"
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Drawn:
    """One annotated object.

    Attributes:
        label: its class.
        source: its extent; None where only a box, a point or a line is known.
        is_broken: it has an outline that cannot be right, and is left out.
    """

    label: str
    source: MaskSource | None = None
    is_broken: bool = False


@dataclass(slots=True)
class Outlines:
    """Collects the samples of one data set, and what has to be said about them.

    Attributes:
        names: the classes that are normal.
        samples: those made so far.
    """

    names: NormalNames
    samples: list[Sample] = field(default_factory=list)
    _broken: list[str] = field(default_factory=list)

    def polygon(self, label: str, numbers: Sequence[float], image: Path, size_px: tuple[int, int], where: str) -> Drawn:
        """An object with one outline.

        Args:
            label: its class.
            numbers: x0, y0, x1, y1, … in pixels.
            image: the image.
            size_px: (height, width) of the image as the annotation has it.
            where: what messages call the annotation.
        """
        if not self.is_outline(numbers, where):
            return Drawn(label, is_broken=True)
        polygon = PolygonMask((tuple(map(float, numbers)),), *size_px, where)
        return Drawn(label, OutlineMask(polygon, image, size_px, where))

    def is_outline(self, numbers: Sequence[float], where: str) -> bool:
        """Whether numbers are at least three points; if not, the annotation is noted as left out."""
        if len(numbers) >= 6 and len(numbers) % 2 == 0 and all(map(math.isfinite, numbers)):
            return True
        self.leave_out(where)
        return False

    def leave_out(self, where: str) -> None:
        """Note an annotation that cannot be right."""
        self._broken.append(where)

    def add(self, image: Path, drawn: Iterable[Drawn], split: Split | None, group: str | None = None) -> None:
        """Add an image with its objects; one without any is normal.

        Where the extent of one object is not known, that of the image is not; a broken outline is left out of the
        others, and leaves the extent unknown where it was the only one. Objects of a normal class are no defects.
        """
        objects = [each for each in drawn if each.label not in self.names]
        sources: dict[str, list[MaskSource]] = defaultdict(list)
        for each in objects:
            sources[each.label] += [each.source] if each.source is not None else []
        is_known = all(each.source is not None or each.is_broken for each in objects)
        masks = tuple(
            ClassMask(label, UnionMask(tuple(parts)) if len(parts) > 1 else parts[0])
            for label, parts in sources.items()
            if parts
        )
        has_extent = is_known and bool(masks or not objects)
        label = "+".join(sources) or FREE
        self.samples.append(
            Sample(image, label, bool(objects), masks=masks if has_extent else None, split=split, group=group)
        )

    def classes(self, declared: Iterable[str] = ()) -> tuple[str, ...]:
        """Names of the defect classes that occur: the declared ones in their order, then the others by name."""
        used = {label for sample in self.samples if sample.defective for label in sample.label.split("+")}
        used |= {mask.label for sample in self.samples for mask in sample.masks or ()}
        first = [label for label in dict.fromkeys(declared) if label in used]
        return (*first, *sorted(used - set(first)))

    def notes(self) -> list[str]:
        """What was left out, and where only boxes are known."""
        notes = []
        if self._broken:
            which = "; ".join(self._broken[:_SHOWN]) + ("; …" if len(self._broken) > _SHOWN else "")
            notes.append(f"Left out {counted(len(self._broken), 'outline')} that cannot be right: {which}.")
        boxes = sum(bool(sample.defective) and sample.masks is None for sample in self.samples)
        notes += [f"{counted(boxes, 'image')} with boxes but no usable outline: extent not known."] * bool(boxes)
        return notes
