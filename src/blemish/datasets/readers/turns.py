"""Images with an EXIF orientation and masks drawn on the stored pixels: which way up is the mask?

A quarter turn shows in the sizes, and `FileMask` and `OutlineMask` see it when they read. A half turn or a mirror does
not: there the quarter-turned images of the same set decide, since one tool drew all masks. METU's segmentation set
needs this.
"""

from __future__ import annotations

from dataclasses import replace

from blemish.datasets.masks import OutlineMask, stored_view
from blemish.datasets.readers.layout import Found
from blemish.datasets.readers.mask_meanings import drawings, with_drawings
from blemish.datasets.sample import Sample
from blemish.images.orientation import QUARTER_TURNS
from blemish.text import counted

_WITH_EXIF = {".jpg", ".jpeg"}


def with_settled_turns(found: Found) -> Found:
    """Masks marked as drawn on stored pixels, where the quarter-turned images of the set show that they were."""
    turned = {sample.path: turn for sample in found.samples if (turn := _orientation(sample)) > 1}
    if not turned:
        return found
    quarter = [sample for sample in found.samples if turned.get(sample.path) in QUARTER_TURNS]
    as_stored = sum(_fits_stored(sample) for sample in quarter)
    half = len(turned) - len(quarter)
    if not quarter and half:
        sentence = "their masks are taken as drawn on the image as shown."
        return replace(found, notes=[*found.notes, f"{counted(half, 'image')} turned or mirrored by EXIF: {sentence}"])
    is_stored = 2 * as_stored > len(quarter)
    sentence = "stored pixels and are turned with them." if is_stored else "image as shown."
    note = f"{counted(len(turned), 'image')} turned by EXIF: their masks were drawn on the {sentence}"
    samples = [_as_stored(each) if is_stored and each.path in turned else each for each in found.samples]
    return replace(found, samples=samples, notes=[*found.notes, note])


def _orientation(sample: Sample) -> int:
    has_drawings = any(drawings(sample))
    view = stored_view(sample.path) if has_drawings and sample.path.suffix.lower() in _WITH_EXIF else None
    return view[0] if view is not None else 1


def _fits_stored(sample: Sample) -> bool:
    view = stored_view(sample.path)
    masks = [
        (1, drawing.size_px) if isinstance(drawing, OutlineMask) else stored_view(drawing.path)
        for drawing in drawings(sample)
    ]
    return view is not None and view[1][0] != view[1][1] and all(mask == (1, view[1]) for mask in masks)


def _as_stored(sample: Sample) -> Sample:
    return with_drawings(sample, lambda drawing: replace(drawing, as_stored=True))
