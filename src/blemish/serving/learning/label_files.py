"""What a labelling tool sends back, arranged so that the readers of `blemish.datasets` read it.

Its files, and beside them the store's own images under the names that the files use. Nothing of the sender's is taken
for an image, and a name that is none of a finding is said before anything is read.
"""

from __future__ import annotations

import os
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

from blemish.datasets.readers.json_files import load_object
from blemish.errors import DataError
from blemish.serving.inspecting import clean_name

# Label Studio puts eight digits before the name of what was uploaded to it.
_PREFIX = re.compile(r"^[0-9a-f]{8}-")
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Known:
    """A finding that labels can be about."""

    id: str
    name: str
    sha: str


class Names:
    """Findings by the names that a labelling tool may have given their images.

    Args:
        findings: the newest first.
    """

    def __init__(self, findings: Sequence[Known]) -> None:
        self._by_name: dict[str, list[Known]] = defaultdict(list)
        self._by_end: dict[str, list[Known]] = defaultdict(list)
        self._by_stem: dict[str, list[Known]] = defaultdict(list)
        for each in findings:
            self._by_name[each.name].append(each)
            self._by_end[PurePosixPath(each.name).name].append(each)
            self._by_stem[PurePosixPath(each.name).stem].append(each)

    def find(self, name: str) -> Known | None:
        """The newest finding about the image of that name; None where there is none.

        Raises:
            DataError: several images have that name.
        """
        end = PurePosixPath(name.replace("\\", "/")).name
        by_end = self._by_end.get(end) or self._by_end.get(_PREFIX.sub("", end))
        found = self._by_name.get(name) or by_end or self._by_stem.get(end) or []
        if len({each.sha for each in found}) > 1:
            raise DataError(f'Several images are called "{end}": name the "job" that the labels are about.')
        return found[0] if found else None


def arrange(sent: Path, names: Names, image_of: Callable[[str], Path], folder: Path) -> tuple[str, dict[Path, Known]]:
    """Arrange labels for `blemish.datasets.read_dataset`.

    Args:
        sent: folder of what was sent: CVAT for images (XML), COCO, or labelme (JSON).
        names: the findings.
        image_of: where the content of a digest lies.
        folder: an empty folder.

    Returns:
        The layout's name, and the finding of each image in ``folder``.

    Raises:
        DataError: no labels in it, labels of several kinds, damaged ones, or of images that nobody has inspected here.
    """
    by_kind: dict[str, list[tuple[Path, list[str]]]] = defaultdict(list)
    for file in sorted(path for path in sent.rglob("*") if path.suffix.lower() in {".xml", ".json"}):
        if (read := _names_in(file)) is not None:
            by_kind[read[0]].append((file, read[1]))
    if len(by_kind) != 1:
        raise DataError(
            "Send labels of one kind, CVAT for images 1.1 (XML), COCO or labelme (JSON), alone or as a zip."
        )
    ((layout, files),) = by_kind.items()
    if layout != "labelme" and len(files) > 1:
        raise DataError(f"The archive holds {len(files)} files of labels ({layout}); send them one by one.")
    strangers = [name for _, wanted in files for name in wanted if names.find(name) is None]
    if strangers:
        raise DataError(
            f"{len(strangers)} images of the labels have no finding here, such as {', '.join(strangers[:_SHOWN])}; "
            "label images that were exported from this service."
        )
    placed: dict[Path, Known] = {}
    for number, (file, wanted) in enumerate(files):
        if layout == "labelme":
            wanted, target = [f"{number:06}.png"], folder / f"{number:06}.json"
        else:
            target = folder / file.name
        shutil.copyfile(file, target)
        for name, own in zip(wanted, _found(files[number][1], names), strict=True):
            path = folder / name
            if path not in placed:
                _link(image_of(own.sha), path)
                placed[path] = own
    return layout, placed


def _found(wanted: Sequence[str], names: Names) -> Iterator[Known]:
    for name in wanted:
        known = names.find(name)
        assert known is not None
        yield known


def _names_in(file: Path) -> tuple[str, list[str]] | None:
    """The layout of a file and the images that it names; None where it holds no labels. Raises DataError: damaged."""
    if file.suffix.lower() == ".xml":
        try:
            root = ElementTree.fromstring(file.read_bytes())
        except (ElementTree.ParseError, ValueError) as error:
            raise DataError(f'"{file.name}" is not valid XML: it is damaged or cut off.') from error
        entries = [entry.get("name", "") for entry in root.findall("image")]
        return ("cvat", [_checked(name) for name in entries]) if root.tag == "annotations" else None
    document = load_object(file, "JSON of labels")
    if {"shapes", "imagePath"} <= document.keys():
        # The file is called like its image; the path in it leads to where that lay on another machine.
        return "labelme", [file.stem]
    if {"images", "annotations", "categories"} <= document.keys():
        try:
            return "coco", [_checked(str(image["file_name"])) for image in document["images"]]
        except (KeyError, TypeError) as error:
            raise DataError(f'"{file.name}" is not valid COCO: each image needs a "file_name".') from error
    return None


def _checked(name: str) -> str:
    if clean_name(name) != name.replace("\\", "/"):
        raise DataError(f'"{name[:100]}" is no name of an image here.')
    return name.replace("\\", "/")


def _link(source: Path, target: Path) -> None:
    if not source.is_file():
        raise DataError(f'The image "{target.name}" is gone from the store; restore it from a backup.')
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
