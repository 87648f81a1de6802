"""Crack inpainting on DeepCrack, published and improved, beside the supervised U-Net; the paper's tables and figures.

    BLEMISH_DATA=… BLEMISH_WEIGHTS=… python benchmarks/crack_inpainting.py --forms published improved --seeds 0 1 2
    BLEMISH_DATA=… BLEMISH_WEIGHTS=… python benchmarks/crack_inpainting.py --forms turned --seeds 0 1 2
    BLEMISH_DATA=… python benchmarks/crack_inpainting.py --tables --pictures docs/pictures

The first line trains and measures; a finished (form, seed) is never computed again, so a killed run goes on where it
was. The second takes the networks of the improved form and averages over the image turned and mirrored in eight ways
(`--set tta=all`). The third trains nothing: it prints the tables over the seeds that are there and draws the figure
pages. The supervised rows come from detectors that `benchmarks/deepcrack_unet.py` left in `--supervised` as
seed0.blemish, …

Thresholds, window and area are chosen on images set aside from the 300 training images, never on the 237 test images.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

import blemish
from blemish.datasets import Dataset, Sample, read_dataset
from blemish.detectors import Detector
from blemish.evaluation import CrackMetrics, PixelMetrics, ThresholdSweep
from blemish.files import write_text
from blemish.images import image_size_px, read_image
from blemish.inspection import choose_split
from blemish.locations import data_dir
from blemish.measurement import find_regions
from blemish.measurement.small_components import remove_small_components
from blemish.reports.image_tables import draw_table, mark_errors
from blemish.training.recipes import parse_assignments

from machine import describe_machine

METHODS = {"published": "crack-inpainting", "improved": "crack-matting"}
SUPERVISED = "supervised"
TURNED = "turned"
# The paper's own thresholds, of D and of the supervised U-Net's probability.
THRESHOLDS = {"published": (0.01, 0.05, 0.1, 0.11, 0.15), "improved": (0.1, 0.25, 0.5, 0.75, 0.9)}
SUPERVISED_THRESHOLDS = (0.1, 0.4, 0.75, 0.9)
WINDOWS_PX = (3, 5, 9, 15, 21)
AREAS_PX = (5, 10, 20, 40, 80)
ROW = ("precision", "recall", "accuracy", "f1", "f1_2px", "f1_5px")
OWN = ("f1", "f1_2px", "f1_5px", "precision", "recall", "iou", "average_precision", "auroc")
CRACKS = ("ods_2px", "ois_2px", "centre_line_iou_4px", "length_recall_2px")
# Of the test images, ranked by the published form's F1: failures are shown as well.
SHOWN = (0.02, 0.25, 0.5, 0.75, 0.98)

Mask = NDArray[np.bool_]
Clean = Callable[[Mask], Mask]


def run(form: str, seed: int, out: Path, data: Dataset, settings: dict, supervised: Path) -> dict:
    """Train where needed and measure, or read the record of an earlier run."""
    record_file = out / form / f"seed{seed}.json"
    if record_file.is_file():
        return json.loads(record_file.read_text())
    started = time.perf_counter()
    if form == SUPERVISED:
        detector, thresholds = blemish.load(supervised / f"seed{seed}.blemish"), SUPERVISED_THRESHOLDS
    else:
        file = out / form / f"seed{seed}.blemish"
        if form == TURNED:
            detector = turned(out / "improved", seed, held_out(data, seed))
            file.parent.mkdir(parents=True, exist_ok=True)
            detector.save(file)
        else:
            detector = blemish.train(METHODS[form], data, file, settings=settings, seed=seed, say=print)
        thresholds = THRESHOLDS["improved" if form == TURNED else form]
    record = {"form": form, "seed": seed, "fit_s": time.perf_counter() - started, "machine": describe_machine()}
    record |= measure(detector, held_out(data, seed), choose_split(data, "test"), thresholds)
    write_text(record_file, json.dumps(record, indent=1))
    return record


def turned(folder: Path, seed: int, aside: Dataset) -> Detector:
    """The improved form's detector with ``tta=all``: the same weights, another graph, thresholds chosen again."""
    from blemish.training.export import export_graph
    from blemish.training.thresholds import choose_thresholds

    given = blemish.load(folder / f"seed{seed}.blemish")
    spec = given.spec.model_copy(update={"settings": given.spec.settings | {"tta": "all"}})
    method = load_network(given.with_spec(spec), folder / f"seed{seed}.training" / "weights.safetensors")
    detector = Detector(replace(given.container, spec=spec, graph=export_graph(method.graph(), spec.input)))
    return detector.with_thresholds(choose_thresholds(detector, aside))


def held_out(data: Dataset, seed: int) -> Dataset:
    """The training images that `blemish.train` set aside under this seed."""
    from blemish.training.splits import split_masked_images

    return split_masked_images(data, seed=seed, say=lambda _: None).held_out


def measure(detector: Detector, aside: Dataset, test: Dataset, thresholds: tuple[float, ...]) -> dict:
    """Choose on ``aside``, measure on ``test``."""
    raw = ThresholdSweep(thresholds)
    by_window = {px: ThresholdSweep(thresholds, clean=windows(px), tolerances_px=()) for px in WINDOWS_PX}
    by_area = {px: ThresholdSweep(thresholds, clean=pieces(px), tolerances_px=()) for px in AREAS_PX}
    for _, anomaly_map, truth in maps(detector, aside):
        for sweep in (raw, *by_window.values(), *by_area.values()):
            sweep.add(anomaly_map, truth)
    threshold = raw.best().threshold
    place = thresholds.index(threshold)
    window_px, area_px = (
        max(sweeps, key=lambda px: sweeps[px].rows()[place].confusion.f1 or 0.0) for sweeps in (by_window, by_area)
    )

    ways = {
        "raw": ThresholdSweep(thresholds),
        "windows": ThresholdSweep(thresholds, clean=windows(window_px)),
        "pieces": ThresholdSweep(thresholds, clean=pieces(area_px)),
    }
    own, cracks = PixelMetrics(), CrackMetrics()
    limit = detector.spec.thresholds.pixel
    assert limit is not None
    for _, anomaly_map, truth in maps(detector, test):
        for sweep in ways.values():
            sweep.add(anomaly_map, truth)
        own.add(anomaly_map, truth, anomaly_map >= limit)
        cracks.add(anomaly_map, truth, anomaly_map >= limit)
    pixel = own.result()
    return {
        "own_threshold": limit,
        "own": pixel.to_record() | pixel.details() | cracks.result().details(),
        "best_aside": threshold,
        "window_px": window_px,
        "area_px": area_px,
        "sweeps": {name: [row.to_record() for row in sweep.rows()] for name, sweep in ways.items()},
    }


def maps(detector: Detector, dataset: Dataset) -> Iterator[tuple[Sample, NDArray[np.float32], Mask]]:
    """Each image's map and label."""
    for sample in dataset.samples:
        pixels = read_image(Path(sample.path))
        _, anomaly_map = detector.score(pixels)
        assert anomaly_map is not None
        yield sample, anomaly_map, sample.read_mask(*pixels.shape[:2])


def windows(window_px: int) -> Clean:
    return partial(remove_small_components, window_px=window_px)


def pieces(min_area_px: int) -> Clean:
    def clean(mask: Mask) -> Mask:
        return find_regions(mask, mask.astype(np.float32), min_area_px=min_area_px)[1]

    return clean


def print_tables(records: dict[str, list[dict]]) -> None:
    """The paper's tables, then all forms side by side; mean ± standard deviation over the seeds."""
    for form, numbers in (("published", 4), ("improved", None), (SUPERVISED, 5), (TURNED, None)):
        if records.get(form):
            title = f"Table {numbers}. {form}" if numbers else form
            print(f"\n{title}, by threshold, no cleaning; {seeds_of(records[form])}\n")
            print_sweep(records[form], "raw")
    if records.get("published"):
        print(f"\nRemoval of specks, published; {seeds_of(records['published'])}\n")
        print_cleaning(records["published"])
    print("\nEach at its own threshold, of best F1 on images set aside from training\n")
    names = (*OWN, *CRACKS)
    print("| form | seeds | " + " | ".join(names) + " | threshold | fit, s |")
    print("|---" * (len(names) + 4) + "|")
    for form, found in records.items():
        if found:
            cells = " | ".join(spread([each["own"][name] for each in found]) for name in names)
            limit = spread([each["own_threshold"] for each in found])
            fit = "" if form == SUPERVISED else f"{statistics.mean(each['fit_s'] for each in found):.0f}"
            print(f"| {form} | {len(found)} | {cells} | {limit} | {fit} |")


def print_sweep(records: list[dict], way: str) -> None:
    print("| threshold | " + " | ".join(ROW) + " | best aside |")
    print("|---" * (len(ROW) + 2) + "|")
    for rows in zip(*(each["sweeps"][way] for each in records), strict=True):
        cells = " | ".join(spread([row[name] for row in rows]) for name in ROW)
        chosen = sum(each["best_aside"] == rows[0]["threshold"] for each in records)
        print(f"| {rows[0]['threshold']:g} | {cells} | {chosen} of {len(records)} |")


def print_cleaning(records: list[dict]) -> None:
    sizes = {
        "raw": "before",
        "windows": f"windows of {', '.join(str(each['window_px']) for each in records)} px",
        "pieces": f"pieces under {', '.join(str(each['area_px']) for each in records)} px²",
    }
    print("| threshold | specks | " + " | ".join(ROW) + " |")
    print("|---" * (len(ROW) + 2) + "|")
    for place, row in enumerate(records[0]["sweeps"]["raw"]):
        for way, name in sizes.items():
            rows = [each["sweeps"][way][place] for each in records]
            cells = " | ".join(spread([each[figure] for each in rows]) for figure in ROW)
            print(f"| {row['threshold']:g} | {name} | {cells} |")


def spread(values: list[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "–"
    mean = f"{statistics.mean(known):.4f}"
    return f"{mean} ± {statistics.stdev(known):.4f}" if len(known) > 1 else mean


def seeds_of(records: list[dict]) -> str:
    return f"seed{'' if len(records) == 1 else 's'} {', '.join(str(each['seed']) for each in records)}"


def draw(folder: Path, out: Path, data: Dataset, records: dict[str, list[dict]], supervised: Path) -> None:
    """The paper's figures 5 to 9 for both forms, and every form beside the others on the same images."""
    test = choose_split(data, "test").where(shows_a_crack)
    f1 = f1_of_images(blemish.load(out / "published" / f"seed{records['published'][0]['seed']}.blemish"), test)
    order = np.argsort(f1, kind="stable")
    chosen = [int(order[round(fraction * (len(order) - 1))]) for fraction in SHOWN]
    samples = [test.samples[place] for place in chosen]
    captions = [f"{Path(each.path).stem}\nF1 {f1[place]:.2f}" for each, place in zip(samples, chosen, strict=True)]
    for form in METHODS:
        if records.get(form):
            draw_steps(folder / f"inpainting-{form}.png", out, records[form][0], samples)
    detectors = {
        form: blemish.load(out / form / f"seed{found[0]['seed']}.blemish")
        for form, found in records.items()
        if found and form != SUPERVISED
    }
    if records.get(SUPERVISED):
        detectors[SUPERVISED] = blemish.load(supervised / f"seed{records[SUPERVISED][0]['seed']}.blemish")
    try:
        detectors["bundled"] = blemish.load("concrete-crack")
    except blemish.errors.BlemishError as error:
        print(f"Without the bundled detector: {error}")
    rows = []
    for sample in samples:
        pixels = read_image(Path(sample.path))
        truth = sample.read_mask(*pixels.shape[:2])
        masks = [detector.inspect_pixels(pixels).mask for detector in detectors.values()]
        rows.append([pixels, truth, *(mark_errors(pixels, mask, truth) for mask in masks if mask is not None)])
    target = folder / "inpainting-forms.png"
    title = "green found, red false, blue missed; images from worst to best of the published form"
    draw_table(target, ["image", "label", *detectors], rows, captions=captions, title=title)
    print(f"Drew {target}.")


def shows_a_crack(sample: Sample) -> bool:
    return bool(sample.read_mask(*image_size_px(sample.path)).any())


def f1_of_images(detector: Detector, test: Dataset) -> NDArray[np.float64]:
    """F1 of the pixels of each image, 0 where nothing is found."""
    metrics = PixelMetrics()
    limit = detector.spec.thresholds.pixel
    assert limit is not None
    for _, anomaly_map, truth in maps(detector, test):
        metrics.add(anomaly_map, truth, anomaly_map >= limit)
    return np.array([each.f1 or 0.0 for each in metrics.result().per_image])


def draw_steps(target: Path, out: Path, record: dict, samples: list[Sample]) -> None:
    """Input, restored, difference, thresholded, cleaned, label, prediction: one image a row."""
    form, seed = record["form"], record["seed"]
    detector = blemish.load(out / form / f"seed{seed}.blemish")
    method = load_network(detector, out / form / f"seed{seed}.training" / "weights.safetensors")
    threshold = record["best_aside"]
    rows = []
    for sample in samples:
        pixels = read_image(Path(sample.path))
        truth = sample.read_mask(*pixels.shape[:2])
        _, anomaly_map = detector.score(pixels)
        assert anomaly_map is not None
        normal = restore(method, pixels)
        seen = pixels if normal.ndim == 3 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        brighter = np.clip(normal.astype(np.float32) - seen.astype(np.float32), 0, 255).reshape(*truth.shape, -1)
        found = anomaly_map >= threshold
        cleaned = remove_small_components(found, record["window_px"])
        rows.append(
            [
                pixels,
                normal,
                # Twice the brightening: most cracks take less than half of the scale.
                np.clip(brighter.mean(axis=2) / 255 * 2, 0, 1),
                found,
                cleaned,
                mark_errors(pixels, truth, truth),
                mark_errors(pixels, cleaned, truth),
            ]
        )
    headings = ["input", "restored", "difference ×2", f"map ≥ {threshold:g}", f"specks {record['window_px']} px"]
    draw_table(target, [*headings, "label", "prediction"], rows, captions=[Path(each.path).stem for each in samples])
    print(f"Drew {target}.")


def load_network(detector: Detector, weights: Path) -> Any:
    """The method under torch, which can restore images: a detector's graph gives the map alone."""
    from blemish.methods import get_method
    from blemish.methods.networks.pixels import IMAGENET
    from blemish.training.backbones import start_from

    kind: Any = get_method(detector.spec.method)
    method = kind(kind.Settings.model_validate(detector.spec.settings), detector.spec.classes, lambda *_: IMAGENET)
    start_from(method, weights)
    return method.eval()


def restore(method: Any, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The image without its cracks, uint8 (H, W) or (H, W, 3)."""
    import torch

    with torch.inference_mode():
        normal = method.restore(torch.from_numpy(pixels[None]))[0].permute(1, 2, 0).numpy()
    return np.clip(np.rint(normal.squeeze() * 255), 0, 255).astype(np.uint8)


def known_records(out: Path) -> dict[str, list[dict]]:
    files = {form: sorted((out / form).glob("seed*.json")) for form in (*METHODS, SUPERVISED, TURNED)}
    return {form: [json.loads(file.read_text()) for file in found] for form, found in files.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--forms", nargs="+", choices=[*METHODS, SUPERVISED, TURNED], default=list(METHODS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out/crack-inpainting"))
    parser.add_argument("--supervised", type=Path, default=Path("benchmarks/out/deepcrack"))
    parser.add_argument("--set", dest="assignments", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--tables", action="store_true", help="train nothing, print what is there")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="draw the figure pages of the first seed")
    parser.add_argument("--show", type=Path, metavar="DATA", help="draw them of these images, not of DeepCrack's")
    options = parser.parse_args()
    root = data_dir()
    if root is None:
        raise SystemExit("Set BLEMISH_DATA to the folder that holds deepcrack/.")
    data = read_dataset(root / "deepcrack")
    settings = parse_assignments(options.assignments)
    if options.tables:
        for seed in range(len(list(options.supervised.glob("seed*.blemish")))):
            run(SUPERVISED, seed, options.out, data, {}, options.supervised)
    else:
        for seed in options.seeds:
            for form in options.forms:
                run(form, seed, options.out, data, settings, options.supervised)
    records = known_records(options.out)
    print(f"\n{describe_machine()}")
    print_tables(records)
    if options.pictures is not None:
        if not records["published"]:
            raise SystemExit(f"There is no measured crack-inpainting in {options.out}; train it first.")
        shown = data if options.show is None else read_dataset(options.show)
        draw(options.pictures, options.out, shown, records, options.supervised)


if __name__ == "__main__":
    main()
