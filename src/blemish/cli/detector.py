"""``blemish detector``: look at a detector and move its thresholds, without training it again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blemish.cli.options import DetectorArgument, JsonOption

app = typer.Typer(help="Look at a detector, or move its thresholds.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def show(file: DetectorArgument, as_json: JsonOption = False) -> None:
    """Print what a detector is, where it comes from and where its decisions fall."""
    from blemish.cli.tables import print_spec
    from blemish.detectors import read_container

    print_spec(read_container(file).spec, as_json=as_json)


@app.command("set-threshold")
def set_threshold(
    file: DetectorArgument,
    pixel: Annotated[float | None, typer.Option(help="A pixel is defective at this heat or more.")] = None,
    review: Annotated[float | None, typer.Option(help="A photo needs a second look at this score or more.")] = None,
    reject: Annotated[float | None, typer.Option(help="A photo is rejected at this score or more.")] = None,
    min_area: Annotated[int | None, typer.Option(help="Smaller regions are dropped, in pixels.", metavar="PX")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write a new file instead of changing this one.", metavar="FILE")
    ] = None,
) -> None:
    """Move thresholds by hand; the network stays as it is."""
    from blemish.cli.tables import thresholds_line
    from blemish.inspection.thresholds import set_thresholds

    thresholds = set_thresholds(file, pixel=pixel, review=review, reject=reject, min_area_px=min_area, out=out)
    typer.echo(f"{out or file}: {thresholds_line(thresholds)}")
