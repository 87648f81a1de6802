"""What every folder reader shares: listing a folder, and the names that data sets use for splits, images and masks."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from blemish.datasets.sample import Split
from blemish.images import IMAGE_SUFFIXES
from blemish.images.listing import is_passed_over
from blemish.text import counted

NORMAL_NAMES = (
    "good", "normal", "free", "ok", "ok_front", "negative", "no_defect", "no_defects", "defect_free", "non_defective",
    "no_crack", "no_cracks", "non_crack", "noncrack", "uncracked", "crack_free", "healthy", "intact", "normal", "clean",
    "정상", "양품",
)  # fmt: skip
UNLABELLED = "unlabelled"
DEFECT = "defect"

IMAGE_FOLDERS = ("images", "image", "imgs", "img", "photos", "jpegimages", "rgb")
MASK_FOLDERS = (
    "masks", "mask", "labels", "label", "lab", "gt", "ground_truth", "groundtruth", "segmentation", "segmentations",
    "annotations", "bw",
)  # fmt: skip
_SPLITS: dict[str, Split] = {
    "train": "train", "training": "train",
    "val": "val", "valid": "val", "validation": "val",
    "test": "test", "testing": "test",
}  # fmt: skip
_MASK_SUFFIX = re.compile(r"[_-](mask|gt|label|lab|seg|ground_?truth|bw)$", re.IGNORECASE)
_PAPERS = {".md", ".txt", ".rst", ".pdf", ".bib", ".html", ".yaml", ".yml"}


@dataclass(frozen=True, slots=True)
class Listing:
    """One folder's entries, sorted by name, without hidden files.

    Attributes:
        folder: the folder itself.
        folders: its sub-folders.
        images: its image files.
        others: its other files, without read-me files and the like.
    """

    folder: Path
    folders: tuple[Path, ...]
    images: tuple[Path, ...]
    others: tuple[Path, ...]

    def find(self, names: Collection[str]) -> Path | None:
        """The sub-folder that has one of these names (lower case), the first name first."""
        by_name = {folder.name.casefold(): folder for folder in self.folders}
        return next((by_name[name] for name in names if name in by_name), None)


class NormalNames:
    """Which class names mean "without a defect"; case, spaces and hyphens do not matter."""

    def __init__(self, names: Collection[str] | None = None) -> None:
        self.given = tuple(names) if names is not None else None
        self._known = {_plain(name) for name in (names if names is not None else NORMAL_NAMES)}

    def __contains__(self, label: str) -> bool:
        return _plain(label) in self._known


def look(folder: Path) -> Listing:
    """List one folder, not its sub-folders."""
    folders, images, others = [], [], []
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if is_passed_over(entry.name):
                continue
            path = folder / entry.name
            if entry.is_dir():
                if not (entry.is_symlink() and _leads_up(path)):
                    folders.append(path)
            elif path.suffix.lower() in IMAGE_SUFFIXES:
                images.append(path)
            elif path.suffix.lower() not in _PAPERS and path.suffix:
                others.append(path)
    return Listing(folder, tuple(folders), tuple(images), tuple(others))


def _leads_up(link: Path) -> bool:
    """Whether a link leads to a folder that it lies in: its images are being looked at already."""
    return link.parent.resolve().is_relative_to(link.resolve())


def has_images(folder: Path) -> bool:
    """Whether an image lies directly in this folder."""
    with os.scandir(folder) as entries:
        return any(
            Path(entry.name).suffix.lower() in IMAGE_SUFFIXES and not is_passed_over(entry.name) and entry.is_file()
            for entry in entries
        )


def holds_images(folder: Path) -> bool:
    """Whether an image lies anywhere below this folder."""
    for _, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not is_passed_over(name)]
        if any(Path(name).suffix.lower() in IMAGE_SUFFIXES and not is_passed_over(name) for name in names):
            return True
    return False


def split_of(name: str) -> Split | None:
    """The split that a folder or cell of this name stands for: train, val or test, or None."""
    return _SPLITS.get(name.strip().casefold())


def split_folders(listing: Listing) -> dict[Path, Split]:
    """Sub-folders that are named like a split, in the order of their names."""
    found = ((folder, split_of(folder.name)) for folder in listing.folders)
    return {folder: split for folder, split in found if split is not None}


def is_reserved(name: str) -> bool:
    """Whether a folder name means a split, images or masks, and so can be no class."""
    plain = name.casefold()
    return plain in _SPLITS or plain in IMAGE_FOLDERS or plain in MASK_FOLDERS


def masks_by_stem(folder: Path) -> dict[str, Path]:
    """Mask files by the stem of the image that they belong to: ``a.png``, ``a_mask.png`` and ``a_gt.png`` are for a."""
    files = look(folder).images
    by_stem = {image_stem(path): path for path in reversed(files)}
    # A mask of exactly the image's name wins over one with a suffix.
    return by_stem | {composed(path.stem): path for path in reversed(files)}


def mask_of(image: Path, masks: dict[str, Path]) -> Path | None:
    """The mask of an image among `masks_by_stem`."""
    return masks.get(composed(image.stem))


def image_stem(mask: Path) -> str:
    """Stem of the image that a mask file belongs to: "a" for ``a.png``, ``a_mask.png`` and ``a_GT.bmp``."""
    return _MASK_SUFFIX.sub("", composed(mask.stem))


def composed(name: str) -> str:
    """A name in composed Unicode; macOS takes accents and Korean syllables apart, so equal names differ in bytes."""
    return unicodedata.normalize("NFC", name)


def with_splits_in_words(layout: str, splits: Iterable[Split | None]) -> str:
    """``with_splits_in_words("images + masks", ["test", "train"])`` is "images + masks, split into train, test"."""
    found = set(splits)
    names = [split for split in ("train", "val", "test") if split in found]
    return f"{layout}, split into {', '.join(names)}" if names else layout


def note_on_files(paths: Iterable[Path], what: str) -> list[str]:
    """One sentence about files that were left out, or none: "Left out 2 files that are not images, such as …"."""
    files = list(paths)
    if not files:
        return []
    return [f"Left out {counted(len(files), 'file')} {what}{_example(files)}."]


def note_on_folders(paths: Iterable[Path]) -> list[str]:
    """One sentence about folders that the layout has no place for, or none."""
    folders = list(paths)
    if not folders:
        return []
    return [f"Left out {counted(len(folders), 'folder')} that the layout has no place for{_example(folders)}."]


def note_on_unlisted(images: Iterable[Path]) -> list[str]:
    """One sentence about images that lie beside those that a label file lists, or none."""
    listed = set(images)
    others = [path for folder in sorted({path.parent for path in listed}) for path in look(folder).images]
    return note_on_files([path for path in others if path not in listed], "that no label file names")


def _example(paths: list[Path]) -> str:
    return f': "{paths[0].name}"' if len(paths) == 1 else f', such as "{paths[0].name}"'


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", composed(name).strip().casefold())
