"""The layouts that are known, and the one door to them: `read_dataset`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from blemish.datasets.readers.class_folders import CLASS_FOLDERS, CLASSES_WITH_MASKS, METU
from blemish.datasets.readers.coco import COCO
from blemish.datasets.readers.contradictions import with_contradictions_settled
from blemish.datasets.readers.cvat import CVAT
from blemish.datasets.readers.dagm import DAGM
from blemish.datasets.readers.folders import NormalNames, holds_images, look
from blemish.datasets.readers.groups import with_groups
from blemish.datasets.readers.kolektor import KOLEKTOR
from blemish.datasets.readers.label_map import with_label_map
from blemish.datasets.readers.labelme import LABELME
from blemish.datasets.readers.layout import Found, Layout
from blemish.datasets.readers.manifest import MANIFEST
from blemish.datasets.readers.mask_meanings import with_settled_meanings
from blemish.datasets.readers.mixture_recipe import is_mixture, read_mixture
from blemish.datasets.readers.mixtures import refuse_mixture
from blemish.datasets.readers.mvtec import MVTEC
from blemish.datasets.readers.mvtec_ad2 import MVTEC_AD2
from blemish.datasets.readers.paired import IMAGES_AND_MASKS, MASKS_BESIDE, METU_SEGMENTATION
from blemish.datasets.readers.sagemaker import SAGEMAKER
from blemish.datasets.readers.severstal import SEVERSTAL
from blemish.datasets.readers.turns import with_settled_turns
from blemish.datasets.readers.unlabelled import UNLABELLED_IMAGES
from blemish.datasets.readers.unread_labels import find_unread_labels
from blemish.datasets.readers.via import VIA
from blemish.datasets.readers.visa import VISA
from blemish.datasets.readers.voc_boxes import VOC_BOXES
from blemish.datasets.readers.voc_masks import VOC_MASKS
from blemish.datasets.readers.yolo import YOLO
from blemish.datasets.sample import Dataset, Sample
from blemish.errors import DataError, did_you_mean
from blemish.images import ReadOptions
from blemish.images.options import DEFAULT_OPTIONS
from blemish.text import counted

# The first that recognises a path reads it, so the particular stand before the general.
LAYOUTS: tuple[Layout, ...] = (
    MANIFEST,
    SEVERSTAL,
    COCO,
    SAGEMAKER,
    VIA,
    CVAT,
    MVTEC,
    MVTEC_AD2,
    VISA,
    DAGM,
    KOLEKTOR,
    VOC_MASKS,
    METU_SEGMENTATION,
    IMAGES_AND_MASKS,
    YOLO,
    LABELME,
    VOC_BOXES,
    MASKS_BESIDE,
    METU,
    CLASSES_WITH_MASKS,
    CLASS_FOLDERS,
    UNLABELLED_IMAGES,
)
# Whose folders mean something else to the others: a mixture there is none.
_GENERAL = {
    METU_SEGMENTATION,
    IMAGES_AND_MASKS,
    METU,
    CLASSES_WITH_MASKS,
    CLASS_FOLDERS,
    MASKS_BESIDE,
    UNLABELLED_IMAGES,
}


def read_dataset(
    path: Path | str,
    *,
    layout: str | None = None,
    normal_names: Collection[str] | None = None,
    options: ReadOptions = DEFAULT_OPTIONS,
) -> Dataset:
    """Read a data set, whatever its layout on disk.

    Images are not opened yet. Mask files are looked through once: what their values mean is decided for all of them.

    Args:
        path: a folder, a table (CSV), a COCO file (JSON), or a mixture recipe (YAML) that names several of them.
        layout: name of the layout, where it should not be recognised by itself.
        normal_names: the classes that are free of defects; None knows ``good``, ``normal``, ``ok``, ``Negative`` and
            the like.
        options: how its images will be read.

    Returns:
        The data set; its notes say what was left out and what is not known.

    Raises:
        DataError: missing, empty, mixed or unknown layout, or a table that names missing files.
    """
    root = Path(path).expanduser()
    if not root.exists():
        raise DataError(f'There is nothing at "{root}"; give a folder of images, a table (CSV) or a COCO file (JSON).')
    if layout is None and is_mixture(root):
        return read_mixture(root, options, read_dataset)
    try:
        dataset = _read(root, layout, NormalNames(normal_names))
    except OSError as error:
        raise DataError(f'"{error.filename}" cannot be read: {error.strerror}.') from error
    return replace(dataset, samples=tuple(replace(sample, options=options) for sample in dataset.samples))


def _read(root: Path, layout: str | None, names: NormalNames) -> Dataset:
    chosen = _recognise(root) if layout is None else _named(layout, root)
    found = with_label_map(chosen.read(root, names), root, names)
    if not found.samples:
        raise DataError(f'"{root}" holds no images in the places where the layout "{chosen.name}" has them.')
    _refuse_doubles(found, root)
    _refuse_unknown_names(found, names, root)
    found = replace(found, samples=[_normal_by_name(sample, names) for sample in found.samples])
    if all(sample.defective is False for sample in found.samples):
        found.notes.append("One class only: every image is normal.")
    found = with_contradictions_settled(with_settled_meanings(with_settled_turns(with_groups(found, root))))
    unread = find_unread_labels(found.samples)
    if unread:
        found.notes.append(f'{counted(len(unread), "label file")} not understood, such as "{unread[0].name}".')
    name = root.resolve().stem if root.is_file() else root.resolve().name
    samples = tuple(sorted(found.samples, key=lambda sample: sample.path))
    return Dataset(name, root, found.layout, samples, found.classes, tuple(found.notes), unread)


def _recognise(root: Path) -> Layout:
    for layout in LAYOUTS:
        if layout.recognise(root):
            if layout in _GENERAL:
                refuse_mixture(root)
            return layout
    if root.is_file():
        raise DataError(f'"{root}" is no data set; give its folder, a table (CSV) or a COCO file (JSON). {_known()}')
    if not holds_images(root):
        raise DataError(f'The folder "{root}" holds no images.')
    inner = [folder.name for folder in look(root).folders if any(layout.recognise(folder) for layout in LAYOUTS)]
    if inner:
        raise DataError(f'"{root}" holds several data sets; give one of them: {", ".join(inner)}.')
    raise DataError(f'The layout of "{root}" is not known. {_known()}')


def _named(name: str, root: Path) -> Layout:
    by_name = {layout.name: layout for layout in LAYOUTS}
    if name not in by_name:
        raise DataError(f'There is no layout "{name}".{did_you_mean(name, by_name)}')
    if not by_name[name].recognise(root):
        raise DataError(f'"{root}" is not laid out as "{name}"; expected {by_name[name].description}.')
    return by_name[name]


def _known() -> str:
    return "Known layouts: " + "; ".join(f"{layout.name} ({layout.description})" for layout in LAYOUTS) + "."


def _normal_by_name(sample: Sample, names: NormalNames) -> Sample:
    """What nothing marks is normal where its class, such as "unlabelled", was given as normal."""
    if names.given is None or sample.defective is not None or sample.masks is not None or sample.label not in names:
        return sample
    return replace(sample, defective=False, masks=())


def _refuse_doubles(found: Found, root: Path) -> None:
    doubles = [path for path, count in Counter(sample.path for sample in found.samples).items() if count > 1]
    if doubles:
        raise DataError(f'"{root}" names "{doubles[0]}" more than once; each image may stand in one row only.')


def _refuse_unknown_names(found: Found, names: NormalNames, root: Path) -> None:
    labels = sorted({sample.label for sample in found.samples})
    for name in names.given or ():
        if not any(label in NormalNames([name]) for label in labels):
            raise DataError(f'"{root}" has no class "{name}".{did_you_mean(name, labels)}')
