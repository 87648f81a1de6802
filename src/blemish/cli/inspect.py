"""``blemish inspect``: photos in, findings and overlays out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blemish.cli.options import DetectorOption, JsonOption, ThreadsOption
from blemish.errors import BlemishError, SettingsError


def inspect(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Photos, or folders of photos.")],
    detector: DetectorOption,
    out: Annotated[
        Path | None, typer.Option(help="Folder for findings.jsonl, findings.csv and overlays/.", metavar="DIR")
    ] = None,
    as_json: JsonOption = False,
    bit_range: Annotated[
        str | None,
        typer.Option(help="Raw values shown as black and white in 16-bit photos.", metavar="LOW,HIGH"),
    ] = None,
    threads: ThreadsOption = None,
    overlays: Annotated[bool, typer.Option("--overlays/--no-overlays", help="Draw what was found.")] = True,
) -> None:
    """Inspect photos: a score, a verdict and outlined regions."""
    if out is None and not as_json:
        raise SettingsError("Say where the findings go: --out DIR, or --json to print them.")
    limits = _limits(bit_range)

    from blemish.cli.progress import progress
    from blemish.detectors import load
    from blemish.images import list_images
    from blemish.inspection import Tally, inspect_photos, to_line

    photos = list_images(paths)
    loaded = load(detector, threads=threads)
    tally = Tally()
    with progress("Inspecting", len(photos)) as advance:
        for inspection in inspect_photos(loaded, photos, out=out, bit_range=limits, overlays=overlays):
            tally.add(inspection)
            if as_json:
                typer.echo(to_line(inspection))
            elif inspection.error is not None:
                typer.echo(f"Skipped: {inspection.error}", err=True)
            advance()
    typer.echo(f"{tally}." + (f" Findings are in {out}." if out else ""), err=as_json)
    if not tally.inspected:
        raise BlemishError("None of the photos could be inspected.")


def _limits(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    low, _, high = text.partition(",")
    try:
        return int(low), int(high)
    except ValueError:
        raise SettingsError(f'--bit-range wants two whole numbers, as in 0,4095; got "{text}".') from None
