"""What the mask files of a data set mean: decided once, from all of them, and said in the notes."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from blemish.datasets.mask_values import Census, decide, merged, read_layer, take_census
from blemish.datasets.masks import FileMask, OutlineMask, UnionMask
from blemish.datasets.readers.layout import Found
from blemish.datasets.sample import ClassMask, MaskSource, Sample
from blemish.errors import DataError

Drawing = FileMask | OutlineMask


def with_settled_meanings(found: Found) -> Found:
    """Every mask file with the meaning that the values of all like files have together.

    Like are files of one depth, JPEGs apart from the others, and layers with opacity apart from those without. A file
    that cannot be read is left as it is: whoever needs it reports it.

    Raises:
        DataError: the values can be read in more than one way.
    """
    paths = sorted({mask.path for sample in found.samples for mask in _files(sample) if mask.meaning is None})
    if not paths:
        return found
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        counted = dict(zip(paths, pool.map(_census, paths), strict=True))
    by_kind: dict[tuple[int, bool, bool], list[Census]] = defaultdict(list)
    for census in counted.values():
        if census is not None:
            by_kind[census.kind].append(census)
    meanings = {kind: decide(merged(censuses)) for kind, censuses in sorted(by_kind.items())}
    by_path = {path: meanings[census.kind] for path, census in counted.items() if census is not None}

    def settled(drawing: Drawing) -> Drawing:
        if not isinstance(drawing, FileMask) or drawing.meaning is not None:
            return drawing
        return replace(drawing, meaning=by_path.get(drawing.path))

    samples = [with_drawings(sample, settled) for sample in found.samples]
    notes = [meaning.note for meaning in meanings.values() if meaning.note]
    return replace(found, samples=samples, notes=[*found.notes, *dict.fromkeys(notes)])


def with_drawings(sample: Sample, change: Callable[[Drawing], Drawing]) -> Sample:
    """The sample with every mask file and outline, also inside unions, replaced by what ``change`` makes of it."""

    def changed(source: MaskSource) -> MaskSource:
        if isinstance(source, UnionMask):
            return UnionMask(tuple(changed(part) for part in source.parts))
        return change(source) if isinstance(source, FileMask | OutlineMask) else source

    if not sample.masks:
        return sample
    return replace(sample, masks=tuple(ClassMask(mask.label, changed(mask.source)) for mask in sample.masks))


def drawings(sample: Sample) -> Iterator[Drawing]:
    """Every mask file and outline of a sample."""
    waiting = [mask.source for mask in sample.masks or ()]
    while waiting:
        source = waiting.pop()
        if isinstance(source, UnionMask):
            waiting += source.parts
        elif isinstance(source, FileMask | OutlineMask):
            yield source


def _files(sample: Sample) -> Iterator[FileMask]:
    return (drawing for drawing in drawings(sample) if isinstance(drawing, FileMask))


def _census(path: Path) -> Census | None:
    try:
        return take_census(read_layer(path), path.name)
    except DataError:
        return None
