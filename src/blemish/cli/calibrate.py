"""``blemish calibrate``: a promised false-alarm rate from good photos, without training again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blemish.cli.options import DetectorArgument, RuntimeChoice, RuntimeOption, ThreadsOption


def calibrate(
    detector: DetectorArgument,
    normals: Annotated[list[Path], typer.Option(help="Good photos, or folders of them, unseen in training.")],
    alpha: Annotated[float, typer.Option(help="Reject at most this share of good photos.")] = 0.01,
    confidence: Annotated[float, typer.Option(help="With which that holds for this calibration.")] = 0.95,
    marginal: Annotated[
        bool, typer.Option("--marginal", help="The weaker promise: on average over calibrations only.")
    ] = False,
    review_alpha: Annotated[
        float | None, typer.Option(help="Reject or review at most this share; five times alpha by default.")
    ] = None,
    pixels: Annotated[
        bool, typer.Option("--pixels", help="Also set the pixel threshold: outlines on at most alpha of good photos.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write a new file instead of changing this one.", metavar="FILE")
    ] = None,
    threads: ThreadsOption = None,
    runtime: RuntimeOption = RuntimeChoice.ONNXRUNTIME,
) -> None:
    """Set thresholds from good photos, with a promise about false alarms."""
    from blemish.cli.progress import progress
    from blemish.cli.tables import thresholds_line
    from blemish.cpu import photos_at_once
    from blemish.datasets import list_normal_images
    from blemish.detectors import load
    from blemish.inspection import calibrate as run

    listed = list_normal_images(normals)
    for note in listed.notes:
        typer.echo(note, err=True)
    photos = listed.paths
    at_once = photos_at_once(len(photos), threads)
    loaded = load(detector, threads=threads, photos_at_once=at_once, runtime=runtime.value)
    with progress("Calibrating", len(photos)) as advance:
        calibrated = run(
            loaded,
            photos,
            alpha=alpha,
            confidence=None if marginal else confidence,
            review_alpha=review_alpha,
            pixels=pixels,
            say=lambda sentence: typer.echo(sentence, err=True),
            on_progress=advance,
        )
    calibrated.save(out or detector)
    typer.echo(f"{out or detector}: {thresholds_line(calibrated.spec.thresholds)}")
