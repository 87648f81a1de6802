"""``blemish calibrate``: a guaranteed false-alarm rate from normal images, without training again."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from blemish.cli.options import (
    BitRangeOption,
    DetectorArgument,
    ForceOption,
    MaxMegapixelsOption,
    RuntimeChoice,
    RuntimeOption,
    ThreadsOption,
    read_options,
)
from blemish.errors import DataError


def calibrate(
    detector: DetectorArgument,
    normals: Annotated[list[Path], typer.Option(help="Good images, or folders of them, unseen in training.")],
    alpha: Annotated[float, typer.Option(help="Reject at most this fraction of normal images.")] = 0.01,
    confidence: Annotated[float, typer.Option(help="With which that holds for this calibration.")] = 0.95,
    marginal: Annotated[
        bool, typer.Option("--marginal", help="The weaker guarantee: on average over calibrations only.")
    ] = False,
    review_alpha: Annotated[
        float | None, typer.Option(help="Reject or review at most this fraction; five times alpha by default.")
    ] = None,
    pixels: Annotated[
        bool, typer.Option("--pixels", help="Also set the pixel threshold: outlines on at most alpha of normal images.")
    ] = False,
    groups: Annotated[
        bool,
        typer.Option("--groups", help="Also calibrate each sub-folder (or group of groups.csv) by itself: FILE-GROUP."),
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write a new file instead of changing this one.", metavar="FILE")
    ] = None,
    bit_range: BitRangeOption = None,
    max_megapixels: MaxMegapixelsOption = None,
    force: ForceOption = False,
    threads: ThreadsOption = None,
    runtime: RuntimeOption = RuntimeChoice.ONNXRUNTIME,
) -> None:
    """Set thresholds from normal images, with a guarantee about false alarms."""
    from blemish.cli.progress import ticking
    from blemish.cli.tables import thresholds_line
    from blemish.cpu import images_at_once
    from blemish.datasets import groups_of_images, list_normal_images
    from blemish.detectors import load, require_free
    from blemish.inspection import calibrate_groups

    options = read_options(bit_range, max_megapixels)
    if out is not None:
        require_free(out, force=force)
    listed = list_normal_images(normals)
    for note in listed.notes:
        typer.echo(note, err=True)
    group_of = groups_of_images(listed.paths, normals) if groups else dict.fromkeys(listed.paths)
    files = _group_files(out or detector, sorted({group for group in group_of.values() if group is not None}))
    for file in files.values():
        require_free(file, force=force)
    at_once = images_at_once(len(group_of), threads)
    loaded = load(detector, threads=threads, images_at_once=at_once, runtime=runtime.value)
    with ticking("Calibrating", len(group_of)) as advance:
        common, own = calibrate_groups(
            loaded,
            group_of,
            alpha=alpha,
            confidence=None if marginal else confidence,
            review_alpha=review_alpha,
            pixels=pixels,
            options=options,
            say=lambda sentence: typer.echo(sentence, err=True),
            on_progress=advance,
        )
    for file, calibrated in {out or detector: common, **{files[group]: one for group, one in own.items()}}.items():
        calibrated.save(file)
        typer.echo(f"{file}: {thresholds_line(calibrated.spec.thresholds)}")


def _group_files(common: Path, groups: list[str]) -> dict[str, Path]:
    """The file of each group, beside the common one. Raises DataError where two groups would share one."""
    files: dict[str, Path] = {}
    for group in groups:
        name = re.sub(r"[^\w.-]+", "_", group)
        file = common.with_name(f"{common.stem}-{name}.blemish")
        if file in files.values():
            raise DataError(f'The groups "{group}" and another one would both be written to "{file}"; rename one.')
        files[group] = file
    return files
