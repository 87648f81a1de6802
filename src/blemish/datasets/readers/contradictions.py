"""Images that their label calls normal while their mask marks something: left open, so that none passes for normal."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from blemish.datasets.masks import FileMask
from blemish.datasets.readers.layout import Found
from blemish.datasets.readers.mask_meanings import drawings
from blemish.datasets.sample import Sample
from blemish.errors import DataError
from blemish.text import counted


def with_contradictions_settled(found: Found) -> Found:
    """Normal images without their masks, once these are known to be empty; the truth of the others is not known.

    A mask that cannot be read leaves its image normal, as the label says.
    """
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        samples = list(pool.map(_settled, found.samples))
    marked = [sample.path for sample, before in zip(samples, found.samples, strict=True) if _is_open(sample, before)]
    if not marked:
        return replace(found, samples=samples)
    note = (
        f'{counted(len(marked), "image")} normal by label but marked by mask, such as "{marked[0].name}": '
        "taken as neither until one of the two is corrected."
    )
    return replace(found, samples=samples, notes=[*found.notes, note])


def _is_open(sample: Sample, before: Sample) -> bool:
    return before.defective is False and sample.defective is None


def _settled(sample: Sample) -> Sample:
    if sample.defective is not False or not sample.masks:
        return sample
    is_marked = any(_marks(drawing) for drawing in drawings(sample) if isinstance(drawing, FileMask))
    return replace(sample, defective=None, masks=None) if is_marked else replace(sample, masks=())


def _marks(mask: FileMask) -> bool:
    try:
        return mask.marks_anything()
    except DataError:
        return False
