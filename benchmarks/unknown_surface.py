"""The head of "unknown surface": a logistic regression on pooled features of concrete-crack's second encoder.

export BLEMISH_DATA=… BLEMISH_WEIGHTS=… CRACK_SOURCES=…      # as for wild_cracks.py
export FOREIGN_PICTURES=…     # opencv-doc, lomiri-wallpapers-16.04, openclipart-png of Debian 12, by dpkg-deb -x
python benchmarks/unknown_surface.py fit concrete-crack.blemish --work features/ --out with-head.blemish
python benchmarks/unknown_surface.py fit concrete-crack.blemish --work features/ --leave-one-out      # the table alone
python benchmarks/unknown_surface.py measure with-head.blemish castings/ chests/ walls/

The detector may have a head already: it is replaced. Known are the training images of every crack source, unaltered and
out of focus, moved, dark, noisy, compressed, enlarged, in grey, painted, but every fifth. The threshold is what 3 % of
the unaltered images exceed, each judged by a head that never learned its kind of surface. Foreign are pictures whose
licences let weights be shipped, and drawn ones (foreign_pictures.py). Of every image there are also views: another
scale, a crop, grey or not, JPEG or not. Features are kept in --work for each detector; they take 10 minutes of a core.
"""

from __future__ import annotations

import argparse
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

import blemish
from blemish.datasets import Source, read_dataset, require_shippable
from blemish.detectors import Detector
from blemish.detectors.looking import tile_batches
from blemish.detectors.telemetry import import_onnxruntime
from blemish.images import ReadOptions, read_image
from blemish.synthesis import draw_image
from foreign_pictures import KINDS, draw
from foreign_scenes import SCENES
from surface_head import Family, Head, pooled, with_head, without_head
from wild_domains import RECIPE

Image = NDArray[np.uint8]

MAX_UNKNOWN = 0.03  # of each domain's held-out images
PER_SOURCE = 150
DRAWN_PER_SOURCE = 400  # most varied, and what the limit hangs on
ALTERED_PER_SOURCE = 40
PAINTED_PER_SOURCE = 60
BARE = 900
SCENES_OF_WALLS = "scenes"
"""A domain that is learned and sets no threshold: in small scenes a window or the sky may be most of the picture."""
PER_KIND = 120
PER_SCENE = 80
_TILES = 6  # of an image at most
_LONGEST_PX = 1600
_CARD = "\nWhat shows no known surface was learned from drawn pictures and from:\n\n"
_LARGE = ReadOptions(max_megapixels=200)  # a flag among the clip art

SKIPPED = ("home", "building", "graf", "left", "right", "mask", "tmpl", "templ", "aloeGT")
"""Pictures of opencv-doc that show walls, or the same thing many times."""
_OPENCV = "OpenCV contributors, sample pictures of Debian's opencv-doc 4.6.0"
_LOMIRI = "Berasategi, Freespace, Engelhardt, Mudgal, Mede 2018, Debian's lomiri-wallpapers-16.04"
_CLIP = "Open Clip Art Library, Debian's openclipart-png 0.18"
_SKIMAGE = "scikit-image contributors, sample pictures of scikit-image"
FOREIGN = {
    "opencv": (Source(name="OpenCV samples", licence="Apache-2.0", attribution=_OPENCV, weight=1), "opencv-doc", 6),
    "lomiri": (Source(name="Lomiri wallpapers", licence="CC-BY-4.0", attribution=_LOMIRI, weight=1), "backgrounds", 12),
    "clipart": (Source(name="clip art", licence="CC-PDDC", attribution=_CLIP, weight=1), "openclipart", 1),
    "skimage": (Source(name="scikit-image samples", licence="BSD-3-Clause", attribution=_SKIMAGE, weight=1), "", 6),
}
_BY = ("Berasategi", "freespace", "Engelhardt", "Mudgal", "Mede")
_SAMPLES = "astronaut camera cell chelsea chessboard_GRAY clock_motion coffee coins color grass horse hubble_deep_field"
_SAMPLES += " ihc logo microaneurysms moon motorcycle_left page phantom retina rocket text"


class Encoder:
    """Features of images by the encoder of a detector's second opinion, kept in files."""

    def __init__(self, detector: Detector, folder: Path) -> None:
        graph = without_head(detector.container.graph)
        model = pooled(graph)
        del model.graph.output[:]
        model.graph.output.append(helper.make_tensor_value_info("pooled", TensorProto.FLOAT, None))
        onnxruntime = import_onnxruntime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(model.SerializeToString(), options)
        self._input = detector.spec.input
        self._folder = folder / hashlib.sha256(graph).hexdigest()[:12]

    def family(
        self, name: str, images: Iterable[tuple[str, Image]], seen: Callable[[Image, str], Iterable[Image]]
    ) -> Family:
        """Features of what is to be `seen` of every image."""
        file = self._folder / f"{name}.npz"
        if not file.is_file():
            found = [
                (row, number, view)
                for number, (key, image) in enumerate(images)
                for view, pixels in enumerate(seen(image, key))
                for row in self._rows(pixels)
            ]
            rows, image_of, view_of = zip(*found, strict=True)
            self._folder.mkdir(parents=True, exist_ok=True)
            np.savez(file, rows=np.stack(rows), image=np.array(image_of), view=np.array(view_of))
            print(f"{name}: {len(set(image_of))} images", flush=True)
        with np.load(file) as arrays:
            return Family(arrays["rows"], arrays["image"], arrays["view"])

    def _rows(self, pixels: NDArray[np.uint8]) -> Iterator[NDArray[np.float32]]:
        wanted = self._input
        boxes = wanted.boxes(*pixels.shape[:2])
        tiles = [tile for _, batch in tile_batches(pixels, boxes, wanted.multiple_of) for tile in batch]
        for tile in tiles[:: max(1, -(-len(tiles) // _TILES))]:
            yield self._session.run(["pooled"], {"image": tile[None]})[0][0]


def _reduced(image: NDArray[np.uint8], longest_px: int) -> NDArray[np.uint8]:
    factor = min(1.0, longest_px / max(image.shape[:2]))
    small = image if factor == 1 else cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small, np.uint8)


def with_views(count: int) -> Callable[[Image, str], Iterator[Image]]:
    """An image and that many views of it."""

    def seen(image: Image, key: str) -> Iterator[Image]:
        yield _reduced(image, _LONGEST_PX)
        yield from views(image, count, key)

    return seen


def views(image: Image, count: int, key: str) -> Iterator[Image]:
    """The same picture from nearer and farther, in part, in grey, compressed, lighter and darker."""
    rng = np.random.default_rng(list(hashlib.sha256(key.encode()).digest()))
    for _ in range(count):
        factor = min(1, _LONGEST_PX / max(image.shape[:2])) * np.exp(rng.uniform(np.log(0.35), np.log(1.6)))
        factor = max(factor, 160 / min(image.shape[:2]))
        how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
        view = cv2.resize(image, None, fx=factor, fy=factor, interpolation=how)
        side = rng.integers(192, 513)
        top, left = (int(rng.integers(0, max(1, length - side + 1))) for length in view.shape[:2])
        view = view[top : top + side, left : left + side]
        if rng.random() < 0.5:
            view = np.repeat(cv2.cvtColor(view, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
        if rng.random() < 0.5:
            packed = cv2.imencode(".jpg", view, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(50, 96))])[1]
            view = cv2.imdecode(packed, cv2.IMREAD_COLOR)
        if rng.random() < 0.3:
            view = np.clip(view * rng.uniform(0.6, 1.3) + rng.uniform(-20, 20), 0, 255)
        yield np.ascontiguousarray(view, np.uint8)


def altered(image: Image, key: str) -> Iterator[Image]:
    """The same surface, in colour and grey: out of focus, moved, in bad light, noisy, compressed, from nearer."""
    rng = np.random.default_rng(list(hashlib.sha256(("altered" + key).encode()).digest()))
    for number in range(2):
        view = _reduced(image, 640).astype(np.float32)
        if number == 1:
            view = np.repeat(view.mean(axis=2, keepdims=True), 3, axis=2)
        for step in rng.choice(len(ALTERATIONS), int(rng.integers(1, 3)), replace=False):
            view = ALTERATIONS[step](view, rng)
        yield np.clip(view, 0, 255).astype(np.uint8)


def painted(image: Image, key: str) -> Iterator[Image]:
    """The same surface in another colour, as of paint or brick: colour alone makes no surface a foreign one."""
    rng = np.random.default_rng(list(hashlib.sha256(("painted" + key).encode()).digest()))
    view = _reduced(image, 640).astype(np.float32)
    grey = view.mean(axis=2, keepdims=True)
    if rng.random() < 0.4:
        view = grey + (view - grey) * np.float32(rng.uniform(2, 5))
    else:
        hue = rng.uniform(0, 22) if rng.random() < 0.6 else rng.uniform(0, 180)
        colour = np.uint8([[[hue, rng.uniform(80, 235), 255]]])
        paint = cv2.cvtColor(colour, cv2.COLOR_HSV2RGB).astype(np.float32) / 255
        # A part of the surface stays as it is, as mortar and bare concrete do.
        grid = rng.normal(size=(6, 6)).astype(np.float32)
        cloud = cv2.resize(grid, (view.shape[1], view.shape[0]), interpolation=cv2.INTER_CUBIC)
        bare = (cloud > rng.uniform(-0.5, 3)).astype(np.float32)[..., None]
        view = view * bare + grey * paint * np.float32(rng.uniform(0.8, 1.4)) * (1 - bare)
    yield np.clip(view, 0, 255).astype(np.uint8)


def _enlarged(view: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    part = view[: view.shape[0] // 2, : view.shape[1] // 2]
    return np.asarray(cv2.resize(part, None, fx=2 * rng.uniform(0.8, 1.5), fy=2, interpolation=cv2.INTER_CUBIC))


def _compressed(view: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(12, 50))]
    packed = cv2.imencode(".jpg", np.clip(view, 0, 255).astype(np.uint8), quality)[1]
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.float32)


ALTERATIONS: tuple[Callable[[NDArray[np.float32], np.random.Generator], NDArray[np.float32]], ...] = (
    lambda view, rng: np.asarray(cv2.GaussianBlur(view, (0, 0), rng.uniform(0.8, 4))),
    lambda view, rng: np.asarray(cv2.blur(view, (int(rng.integers(3, 20)), 1))),
    lambda view, rng: view * np.float32(rng.uniform(0.25, 0.7)),
    lambda view, rng: view * np.float32(rng.uniform(0.3, 0.7)) + np.float32(rng.uniform(40, 120)),
    lambda view, rng: view + rng.normal(0, rng.uniform(4, 25), (*view.shape[:2], 1)).astype(np.float32),
    _enlarged,
    _compressed,
)


def known_families(encoder: Encoder) -> dict[str, list[Family]]:
    """By domain: the training images of each source of concrete-crack."""
    by_domain: dict[str, dict[Path, list[Path]]] = {}
    for sample in read_dataset(RECIPE).samples:
        if sample.split != "test":
            by_domain.setdefault(domain_of(sample.path), {}).setdefault(sample.path.parent, []).append(sample.path)
    found = {
        domain: [
            encoder.family(f"{kind}-{domain}-{number}", _read(_some(paths, count)), seen)
            for number, paths in enumerate(folders.values())
            for kind, seen, count in (
                ("known", with_views(1), DRAWN_PER_SOURCE if domain == "drawings" else PER_SOURCE),
                ("altered", altered, ALTERED_PER_SOURCE),
                ("painted", painted, PAINTED_PER_SOURCE),
            )
        ]
        for domain, folders in by_domain.items()
    }
    found[SCENES_OF_WALLS] = [encoder.family("known-drawings-bare", bare_walls(), with_views(0))]
    return found


def bare_walls() -> Iterator[tuple[str, Image]]:
    """Small drawn walls without a crack, with windows, sky, frames and leaves around them."""
    for number in range(BARE):
        side_px = int(np.random.default_rng(number).integers(128, 289))
        yield f"bare{number}", draw_image(5000 + number, size_px=side_px, cracked=False).image


def domain_of(path: Path) -> str:
    """The kind of surface, from where an image lies."""
    text = path.as_posix()
    if "/sdnet" in text:
        return "pavements" if "Pavements" in text or path.name.startswith("P") else "structures"
    words = {"/drawn": "drawings", "uav_cc0": "drone", "sut_crack": "asphalt", "textures": "textures"}
    return next((name for word, name in words.items() if word in text), "metu")


def foreign_families(encoder: Encoder) -> dict[str, Family]:
    """Pictures of anything else, by where they come from or what is drawn."""
    found = {}
    for name, (_, _, n_views) in FOREIGN.items():
        found[name] = encoder.family(f"foreign-{name}", _read(_some(foreign_pictures(name), 300)), with_views(n_views))
    for kind in KINDS:
        count = {"noise": 60, "radiographs": 400}.get(kind, PER_SCENE if kind in SCENES else PER_KIND)
        drawn = ((f"{kind}{seed}", draw(kind, seed)) for seed in range(count))
        found[kind] = encoder.family(f"foreign-drawn-{kind}", drawn, with_views(1))
    return found


def foreign_pictures(name: str) -> list[Path]:
    """The files of a source of foreign pictures, without those of other licences and those that show walls."""
    if name == "skimage":
        import skimage

        folder = Path(skimage.__file__).parent / "data"
        return sorted(path for path in folder.iterdir() if path.stem in _SAMPLES.split())
    root = Path(os.environ["FOREIGN_PICTURES"])
    paths = [path for path in sorted(root.rglob("*")) if path.suffix in (".jpg", ".png")]
    paths = [path for path in paths if f"/{FOREIGN[name][1]}/" in path.as_posix()]
    if name == "opencv":
        return [path for path in paths if path.parent.name in ("data", "text") and not path.name.startswith(SKIPPED)]
    return [path for path in paths if path.stem.endswith(_BY)] if name == "lomiri" else paths


def _some(paths: list[Path], count: int) -> list[Path]:
    order = np.random.default_rng(0).permutation(len(paths))[:count]
    return [paths[number] for number in sorted(order)]


def _read(paths: Iterable[Path]) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    return ((str(path), read_image(path, _LARGE)) for path in paths)


def threshold(known: dict[str, list[Family]], foreign: dict[str, Family]) -> float:
    """The score that `MAX_UNKNOWN` of the known images exceed, each judged by a head that never learned its domain."""
    return float(np.quantile(np.concatenate(list(left_out(known, foreign).values())), 1 - MAX_UNKNOWN))


def left_out(known: dict[str, list[Family]], foreign: dict[str, Family]) -> dict[str, NDArray[np.float64]]:
    """The scores of each domain's images by a head that did not learn it."""
    scores = {}
    for domain, families in known.items():
        if domain != SCENES_OF_WALLS:
            head = Head.fit(_fitted(known, without=domain), foreign.values())
            scores[domain] = np.concatenate([family.images(head(family.rows)) for family in families])
    return scores


def _fitted(known: dict[str, list[Family]], without: str = "") -> list[Family]:
    return [each.part(False) for domain, families in known.items() if domain != without for each in families]


def _of_domain(head: Head, families: list[Family]) -> NDArray[np.float64]:
    return np.concatenate([part.images(head(part.rows)) for part in (family.part(True) for family in families)])


def leave_one_out(known: dict[str, list[Family]], foreign: dict[str, Family]) -> None:
    """Each family without having been learned: foreign ones found, known ones called unknown."""
    limit = threshold(known, foreign)
    print(f"Threshold {limit:.2f}\n| left out | images | views |\n|---|---|---|")
    for name, family in foreign.items():
        head = Head.fit(_fitted(known), [other for key, other in foreign.items() if key != name])
        whole, seen = (family.images(head(family.rows), unaltered=each) for each in (True, False))
        print(f"| {name}, found | {np.mean(whole > limit):.3f} | {np.mean(seen > limit):.3f} |", flush=True)
    for domain, scores in left_out(known, foreign).items():
        print(f"| {domain}, called unknown | {np.mean(scores > limit):.3f} | |", flush=True)


def fit(options: argparse.Namespace) -> None:
    """Fit the head and write the detector with it, or print what leaving families out gives."""
    detector = blemish.load(options.detector)
    encoder = Encoder(detector, options.work)
    known, foreign = known_families(encoder), foreign_families(encoder)
    if options.leave_one_out:
        leave_one_out(known, foreign)
        return
    head, limit = Head.fit(_fitted(known), foreign.values()), threshold(known, foreign)
    spec, container = detector.spec, detector.container
    counts = {name: len(np.unique(foreign[name].image)) for name in FOREIGN}
    learned = [source.model_copy(update={"n_images": counts[name]}) for name, (source, _, _) in FOREIGN.items()]
    sources = (*(one for one in spec.provenance.sources if one.name not in {new.name for new in learned}), *learned)
    require_shippable(sources)
    update = {
        "knows_surfaces": True,
        "thresholds": spec.thresholds.model_copy(update={"surface": limit}),
        "provenance": spec.provenance.model_copy(update={"sources": sources}),
    }
    credited = "".join(f"- {source.describe()}\n" for source in learned)
    card = f"{container.card.split(_CARD)[0]}{_CARD}{credited}"
    made = replace(
        container, graph=with_head(without_head(container.graph), head), card=card, spec=spec.model_copy(update=update)
    )
    Detector(made).save(options.out)
    called = ", ".join(f"{name} {np.mean(_of_domain(head, those) > limit):.3f}" for name, those in known.items())
    print(f"Wrote {options.out}: unknown above {limit:.3f}; of held-out images {called}.")


def measure(options: argparse.Namespace) -> None:
    """How many images of each folder show an unknown surface."""
    for folder in options.folders:
        found = blemish.inspect(folder, detector=options.detector).findings
        unknown = sum(one.verdict == "unknown surface" for one in found)
        unusable = sum(one.verdict == "unusable" for one in found)
        print(
            f"{folder}: {unknown} of {len(found)} unknown ({unknown / len(found):.1%}), {unusable} unusable", flush=True
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    fitting = verbs.add_parser("fit", help="a head for a detector")
    fitting.add_argument("detector")
    fitting.add_argument("--work", type=Path, required=True, help="where features are kept")
    result = fitting.add_mutually_exclusive_group(required=True)
    result.add_argument("--out", type=Path, help="detector file to write")
    result.add_argument("--leave-one-out", action="store_true")
    measuring = verbs.add_parser("measure", help="a detector with a head, on folders of images")
    measuring.add_argument("detector")
    measuring.add_argument("folders", nargs="+", type=Path)
    options = parser.parse_args()
    {"fit": fit, "measure": measure}[options.verb](options)


if __name__ == "__main__":
    main()
