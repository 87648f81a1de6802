"""Pascal VOC boxes: an XML file for each image, beside it or in ``Annotations/``, as NEU-DET has them too."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from blemish.datasets.readers.folders import UNLABELLED, NormalNames, with_splits_in_words
from blemish.datasets.readers.label_places import LabelPlace, label_places
from blemish.datasets.readers.layout import Found, Layout
from blemish.datasets.readers.outlines import Drawn, Outlines
from blemish.datasets.readers.voc_masks import listed_splits
from blemish.datasets.sample import Sample
from blemish.errors import DataError
from blemish.text import counted

_LOOKED_AT = 5


def _places(root: Path) -> list[LabelPlace]:
    places = label_places(root, ".xml")
    files = [label for place in places for _, label in place.pairs(".xml") if label is not None][:_LOOKED_AT]
    return places if files and all(_is_voc(file) for file in files) else []


def _is_voc(file: Path) -> bool:
    try:
        return _parse(file).tag == "annotation"
    except DataError:
        return False


def _parse(file: Path) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(file.read_bytes())
    except OSError as error:
        raise DataError(f'The file "{file}" cannot be read: {error.strerror}.') from error
    except (ElementTree.ParseError, ValueError) as error:
        raise DataError(f'"{file}" is not valid XML: it is damaged or cut off.') from error


def _read(root: Path, names: NormalNames) -> Found:
    outlines = Outlines(names)
    bare: list[Sample] = []
    splits = listed_splits(root, "Main")
    for place in _places(root):
        for image, file in place.pairs(".xml"):
            split = place.split or splits.get(image.stem)
            if file is None:
                bare.append(Sample(image, UNLABELLED, split=split))
                continue
            labels = [(each.findtext("name") or "").strip() for each in _parse(file).iter("object")]
            if not all(labels):
                raise DataError(f'"{file}" has an object without a name, so its class is not known.')
            outlines.add(image, [Drawn(label) for label in labels], split)
    notes = [f"{counted(len(bare), 'image')} without an XML file: not known whether defective."] * bool(bare)
    samples = outlines.samples + bare
    words = with_splits_in_words("Pascal VOC boxes", (sample.split for sample in samples))
    return Found(words, samples, outlines.classes(), notes + outlines.notes())


VOC_BOXES = Layout(
    "voc-boxes",
    "Pascal VOC: an XML file with boxes for each image, beside it or in Annotations/",
    lambda path: path.is_dir() and bool(_places(path)),
    _read,
)
