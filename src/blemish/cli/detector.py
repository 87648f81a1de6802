"""``blemish detector``: look at a detector, move its thresholds, let it remember more, without training it again."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from blemish.cli.options import DetectorArgument, ForceOption, JsonOption
from blemish.cli.speaking import note
from blemish.cli.verbs import App

app = App(help="Look at a detector, move its thresholds, or let it remember more.")


@app.command()
def show(file: DetectorArgument, as_json: JsonOption = False) -> None:
    """Print what a detector is, where it comes from and where its decisions fall."""
    from blemish.cli.printing import print_spec
    from blemish.detectors import read_container

    print_spec(read_container(file).spec, as_json=as_json)


@app.command("set-threshold")
def set_threshold(
    file: DetectorArgument,
    pixel: Annotated[float | None, typer.Option(help="A pixel is defective at this map value or more.")] = None,
    peak: Annotated[float | None, typer.Option(help="Outlines that nowhere reach this map value are dropped.")] = None,
    review: Annotated[float | None, typer.Option(help="An image needs a second look at this score or more.")] = None,
    reject: Annotated[float | None, typer.Option(help="An image is rejected at this score or more.")] = None,
    min_area: Annotated[int | None, typer.Option(help="Smaller regions are dropped, in pixels.", metavar="PX")] = None,
    window: Annotated[
        int | None, typer.Option(help="What fits alone in a square of this side is dropped; 0: nothing.", metavar="PX")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write a new file instead of changing this one.", metavar="FILE")
    ] = None,
    force: ForceOption = False,
) -> None:
    """Move thresholds by hand; the network stays as it is."""
    from blemish.cli.printing import thresholds_line
    from blemish.detectors import require_free
    from blemish.inspection.thresholds import set_thresholds

    if out is not None:
        require_free(out, force=force)
    thresholds = set_thresholds(
        file,
        pixel=pixel,
        peak=peak,
        review=review,
        reject=reject,
        min_area_px=min_area,
        window_px=window,
        out=out,
    )
    typer.echo(f"{out or file}: {thresholds_line(thresholds)}")


@app.command("set-usability")
def set_usability(
    file: DetectorArgument,
    min_side: Annotated[int | None, typer.Option(help="Smaller images cannot be judged.", metavar="PX")] = None,
    dark: Annotated[
        int | None, typer.Option(help="Images below this grey level are too dark.", metavar="0-255")
    ] = None,
    white: Annotated[float | None, typer.Option(help="Images with a larger part white are blown out.")] = None,
    clipped: Annotated[
        float | None, typer.Option(help="Images with a larger part at full scale are blown out.")
    ] = None,
    detail: Annotated[float | None, typer.Option(help="Images with less fine detail are blurred.")] = None,
    lost: Annotated[float | None, typer.Option(help="Images with a larger part repeated are incomplete.")] = None,
    any_image: Annotated[bool, typer.Option("--any-image", help="Judge every image; lifts all other limits.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write a new file instead of changing this one.", metavar="FILE")
    ] = None,
    force: ForceOption = False,
) -> None:
    """Say which images are "unusable": too small, dark, white, blurred or incomplete to be judged."""
    from blemish.detectors import require_free
    from blemish.inspection import thresholds

    if out is not None:
        require_free(out, force=force)
    given = {
        "min_side_px": min_side,
        "dark_level": dark,
        "max_white_fraction": white,
        "max_clipped_fraction": clipped,
        "min_detail": detail,
        "max_repeated_fraction": lost,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    said = thresholds.set_usability(file, changes, lift=any_image, out=out)
    typer.echo(f"{out or file}: images can be judged {said}")


class _Finds(StrEnum):
    CRACKS = "cracks"
    REGIONS = "regions"


@app.command("set-finds")
def set_finds(
    file: DetectorArgument,
    finds: Annotated[_Finds, typer.Argument(help="What its outlines are.")],
    out: Annotated[
        Path | None, typer.Option(help="Write a new file instead of changing this one.", metavar="FILE")
    ] = None,
    force: ForceOption = False,
) -> None:
    """Say what a detector outlines: cracks, which are measured along their lines, or regions."""
    from blemish.detectors import require_free
    from blemish.inspection import thresholds

    if out is not None:
        require_free(out, force=force)
    thresholds.set_finds(file, finds.value, out=out)
    typer.echo(f"{out or file}: finds {finds.value}")


@app.command()
def grow(
    file: DetectorArgument,
    data: Annotated[
        list[Path],
        typer.Option(help="Normal images to add, or folders of them; may be repeated.", metavar="PATH"),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Write a new file instead of changing this one.", metavar="FILE")
    ] = None,
    force: ForceOption = False,
) -> None:
    """Add what is new in further normal images to a detector's memory bank."""
    from blemish.bundled import locate
    from blemish.datasets import list_normal_images
    from blemish.detectors import require_free
    from blemish.training.growing import add_normal_images

    if out is not None:
        require_free(out, force=force)
    source = locate(file)
    listed = list_normal_images(data)
    for sentence in listed.notes:
        note(sentence)
    add_normal_images(source, listed.paths, out or source, say=note)
    typer.echo(f"Wrote {out or source}.")


@app.command()
def merge(
    files: Annotated[list[Path], typer.Argument(metavar="FILE FILE...", help="Detectors grown from the same one.")],
    out: Annotated[Path, typer.Option(help="Detector file to write.", metavar="FILE")],
    force: ForceOption = False,
) -> None:
    """Join the memory banks of detectors that were extended from the same one."""
    from blemish.detectors import require_free
    from blemish.training.growing import merge_memory_banks

    require_free(out, force=force)
    merge_memory_banks(files, out, say=note)
    typer.echo(f"Wrote {out}.")
