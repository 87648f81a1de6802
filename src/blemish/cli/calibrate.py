"""``blemish calibrate``: a guaranteed false-alarm rate from normal images, without training again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blemish.cli.options import DetectorArgument, ForceOption, RuntimeChoice, RuntimeOption, ThreadsOption


def calibrate(
    detector: DetectorArgument,
    normals: Annotated[list[Path], typer.Option(help="Good images, or folders of them, unseen in training.")],
    alpha: Annotated[float, typer.Option(help="Reject at most this fraction of normal images.")] = 0.01,
    confidence: Annotated[float, typer.Option(help="With which that holds for this calibration.")] = 0.95,
    marginal: Annotated[
        bool, typer.Option("--marginal", help="The weaker guarantee: on average over calibrations only.")
    ] = False,
    review_alpha: Annotated[
        float | None, typer.Option(help="Reject or review at most this share; five times alpha by default.")
    ] = None,
    pixels: Annotated[
        bool, typer.Option("--pixels", help="Also set the pixel threshold: outlines on at most alpha of normal images.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write a new file instead of changing this one.", metavar="FILE")
    ] = None,
    force: ForceOption = False,
    threads: ThreadsOption = None,
    runtime: RuntimeOption = RuntimeChoice.ONNXRUNTIME,
) -> None:
    """Set thresholds from normal images, with a guarantee about false alarms."""
    from blemish.cli.progress import progress
    from blemish.cli.tables import thresholds_line
    from blemish.cpu import images_at_once
    from blemish.datasets import list_normal_images
    from blemish.detectors import load, require_free
    from blemish.inspection import calibrate as run

    if out is not None:
        require_free(out, force=force)
    listed = list_normal_images(normals)
    for note in listed.notes:
        typer.echo(note, err=True)
    images = listed.paths
    at_once = images_at_once(len(images), threads)
    loaded = load(detector, threads=threads, images_at_once=at_once, runtime=runtime.value)
    with progress("Calibrating", len(images)) as advance:
        calibrated = run(
            loaded,
            images,
            alpha=alpha,
            confidence=None if marginal else confidence,
            review_alpha=review_alpha,
            pixels=pixels,
            say=lambda sentence: typer.echo(sentence, err=True),
            on_progress=advance,
        )
    calibrated.save(out or detector)
    typer.echo(f"{out or detector}: {thresholds_line(calibrated.spec.thresholds)}")
