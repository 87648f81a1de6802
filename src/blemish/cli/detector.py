"""``blemish detector``: look at a detector, move its thresholds, extend its memory bank, without training it again."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from blemish.cli.options import (
    DetectorArgument,
    ForceOption,
    JsonOption,
    LayoutOption,
    NewFileOption,
    SplitOption,
)
from blemish.cli.panels import INPUT, LIMITS, OUTPUT, THRESHOLDS, argument, option
from blemish.cli.speaking import note
from blemish.cli.verbs import App

app = App(help="Look at a detector, move its thresholds, or extend its memory bank.")


@app.command()
def show(file: DetectorArgument, as_json: JsonOption = False) -> None:
    """Print what a detector is, where it comes from and where its decisions fall."""
    from blemish.cli.printing import print_spec
    from blemish.detectors import read_container

    print_spec(read_container(file).spec, as_json=as_json)


@app.command("set-threshold")
def set_threshold(
    file: DetectorArgument,
    pixel: Annotated[
        float | None, option(THRESHOLDS, "A pixel is defective at this map value or more.", "--pixel", kind="VALUE")
    ] = None,
    peak: Annotated[
        float | None,
        option(THRESHOLDS, "Outlines that nowhere reach this map value are dropped.", "--peak", kind="VALUE"),
    ] = None,
    review: Annotated[
        float | None,
        option(THRESHOLDS, "An image needs a second look at this score or more.", "--review", kind="SCORE"),
    ] = None,
    reject: Annotated[
        float | None, option(THRESHOLDS, "An image is rejected at this score or more.", "--reject", kind="SCORE")
    ] = None,
    gap: Annotated[
        int | None,
        option(THRESHOLDS, "Pieces with at most so many pixels between them are one region.", "--gap", kind="PX"),
    ] = None,
    min_area: Annotated[
        int | None, option(THRESHOLDS, "Smaller regions are dropped, in pixels.", "--min-area", kind="PX")
    ] = None,
    window: Annotated[
        int | None,
        option(THRESHOLDS, "What fits alone in a square of this side is dropped; 0: nothing.", "--window", kind="PX"),
    ] = None,
    surface: Annotated[
        float | None,
        option(THRESHOLDS, "An image less like the known surfaces shows an unknown one.", "--surface", kind="VALUE"),
    ] = None,
    out: NewFileOption = None,
    force: ForceOption = False,
) -> None:
    """Move thresholds by hand; the network stays as it is."""
    from blemish.cli.printing import thresholds_line
    from blemish.inspection.thresholds import set_thresholds

    target = _target(file, out, force=force)
    thresholds = set_thresholds(
        file,
        pixel=pixel,
        peak=peak,
        review=review,
        reject=reject,
        gap_px=gap,
        min_area_px=min_area,
        window_px=window,
        surface=surface,
        out=out,
    )
    typer.echo(f"{target}: {thresholds_line(thresholds)}")


@app.command("set-usability")
def set_usability(
    file: DetectorArgument,
    min_side: Annotated[int | None, option(LIMITS, "Smaller images cannot be judged.", "--min-side", kind="PX")] = None,
    dark: Annotated[
        int | None, option(LIMITS, "Images below this grey level, 0 to 255, are too dark.", "--dark", kind="LEVEL")
    ] = None,
    white: Annotated[
        float | None, option(LIMITS, "Images with a larger part white are blown out.", "--white", kind="FRACTION")
    ] = None,
    clipped: Annotated[
        float | None,
        option(LIMITS, "Images with a larger part at full scale are blown out.", "--clipped", kind="FRACTION"),
    ] = None,
    detail: Annotated[
        float | None, option(LIMITS, "Images with less fine detail are blurred.", "--detail", kind="VALUE")
    ] = None,
    lost: Annotated[
        float | None, option(LIMITS, "Images with a larger part repeated are incomplete.", "--lost", kind="FRACTION")
    ] = None,
    any_image: Annotated[bool, option(LIMITS, "Judge every image; lifts all other limits.", "--any-image")] = False,
    out: NewFileOption = None,
    force: ForceOption = False,
) -> None:
    """Say which images are "unusable": too small, dark, white, blurred or incomplete to be judged."""
    from blemish.inspection import thresholds

    target = _target(file, out, force=force)
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
    typer.echo(f"{target}: images can be judged {said}")


@app.command("set-sensitivity")
def set_sensitivity(
    file: DetectorArgument,
    data: Annotated[
        Path, option(INPUT, "Labelled images that did not train the detector, with masks.", "--data", kind="PATH")
    ],
    split: SplitOption = "test",
    layout: LayoutOption = None,
    out: NewFileOption = None,
    force: ForceOption = False,
) -> None:
    """Measure the levels that "inspect --sensitivity" chooses from, on labelled images, and write them."""
    from blemish.cli.printing import sensitivity_table
    from blemish.inspection import sensitivity

    target = _target(file, out, force=force)
    levels = sensitivity.set_sensitivity(file, data, split=split, layout=layout, out=out, say=note)
    typer.echo(f"{target}:\n{sensitivity_table(levels)}")


class _Finds(StrEnum):
    CRACKS = "cracks"
    REGIONS = "regions"


@app.command("set-finds")
def set_finds(
    file: DetectorArgument,
    finds: Annotated[_Finds, argument("What its outlines are.", _Finds)],
    out: NewFileOption = None,
    force: ForceOption = False,
) -> None:
    """Say what a detector outlines: cracks, which are measured along their lines, or regions."""
    from blemish.inspection import thresholds

    target = _target(file, out, force=force)
    thresholds.set_finds(file, finds.value, out=out)
    typer.echo(f"{target}: finds {finds.value}")


@app.command()
def add(
    file: DetectorArgument,
    images: Annotated[list[Path], argument("Normal images to add, or folders of them.", "PATH")],
    out: NewFileOption = None,
    force: ForceOption = False,
) -> None:
    """Add what is new in further normal images to a detector's memory bank."""
    from blemish.bundled import locate
    from blemish.datasets import list_normal_images
    from blemish.training.growing import add_normal_images

    source = locate(file)
    target = _target(source, out, force=force)
    listed = list_normal_images(images)
    for sentence in listed.notes:
        note(sentence)
    add_normal_images(source, listed.paths, target, say=note)
    typer.echo(f"Wrote {target}.")


@app.command()
def merge(
    files: Annotated[list[Path], argument("Detectors grown from the same one, two at least.", "FILE")],
    out: Annotated[Path, option(OUTPUT, "Detector file to write.", "--out", kind="FILE")],
    force: ForceOption = False,
) -> None:
    """Join the memory banks of detectors that were extended from the same one."""
    from blemish.detectors import require_free
    from blemish.training.growing import merge_memory_banks

    require_free(out, force=force)
    merge_memory_banks(files, out, say=note)
    typer.echo(f"Wrote {out}.")


def _target(file: Path, out: Path | None, *, force: bool) -> Path:
    """Where a changed detector goes: to ``--out``, which must be free, or in place of the one given."""
    from blemish.detectors import require_free

    if out is None:
        return file
    require_free(out, force=force)
    return out
