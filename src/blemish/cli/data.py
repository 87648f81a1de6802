"""``blemish data``: look a data set over, take a part of it, cut it into tiles, or draw one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blemish.cli.options import (
    BitRangeOption,
    ForceOption,
    JsonOption,
    LayoutOption,
    MaxMegapixelsOption,
    NormalOption,
    StoreOption,
    read_options,
)
from blemish.cli.panels import INPUT, OUTPUT, TILES, argument, option
from blemish.cli.synth import parts, synth
from blemish.cli.verbs import App
from blemish.text import counted

if TYPE_CHECKING:
    from blemish.datasets import DatasetReport

_SPLITS = ("train", "val", "test", "no split")
_SHOWN = 3

app = App(help="Look a data set over, take a part of it, cut it into tiles, or draw one.")

DataArgument = Annotated[Path, argument("A folder, a table (CSV) or a COCO file (JSON).", "PATH")]


@app.command()
def check(
    path: DataArgument,
    layout: LayoutOption = None,
    normal: NormalOption = None,
    bit_range: BitRangeOption = None,
    max_megapixels: MaxMegapixelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print classes, counts, sizes, mask coverage, unreadable files, duplicates and leaks."""
    from blemish.cli.progress import ticking
    from blemish.datasets import check_dataset, read_dataset

    dataset = read_dataset(path, layout=layout, normal_names=normal, options=read_options(bit_range, max_megapixels))
    with ticking("Checking", len(dataset)) as advance:
        report = check_dataset(dataset, advance)
    if as_json:
        import json

        typer.echo(json.dumps(report.to_record(), ensure_ascii=False, allow_nan=False))
    else:
        _print_report(report)


_Tile = Annotated[int, option(TILES, "Side of a tile, in pixels.", "--tile", kind="PX")]
_Margin = Annotated[int, option(TILES, "No defect that near to a normal tile, in pixels.", "--margin", kind="PX")]
_MinFraction = Annotated[
    float,
    option(TILES, "Least fraction of defective pixels in a defective tile.", "--min-fraction", kind="FRACTION"),
]
_Label = Annotated[str | None, option(TILES, "What to call defective tiles.", "--label", kind="NAME")]


@app.command()
def tiles(
    path: DataArgument,
    out: Annotated[Path, option(OUTPUT, "A new folder for the tiles.", "--out", kind="DIR")],
    tile: _Tile = 64,
    margin: _Margin = 4,
    min_fraction: _MinFraction = 0.01,
    label: _Label = None,
    layout: LayoutOption = None,
    normal: NormalOption = None,
    bit_range: BitRangeOption = None,
    max_megapixels: MaxMegapixelsOption = None,
) -> None:
    """Cut images with masks into normal and defective tiles, grouped by image."""
    from blemish.cli.progress import ticking
    from blemish.datasets import cut_tiles, read_dataset

    dataset = read_dataset(path, layout=layout, normal_names=normal, options=read_options(bit_range, max_megapixels))
    with ticking("Cutting", len(dataset)) as advance:
        cut = cut_tiles(
            dataset,
            out,
            tile_px=tile,
            margin_px=margin,
            min_fraction=min_fraction,
            defect_label=label,
            on_progress=advance,
        )
    by_label: dict[str, dict[str, int]] = {}
    for (split, name), count in cut.counts.items():
        by_label.setdefault(name, {})[split or "no split"] = count
    _print_counts(by_label, ("normal",))
    typer.echo(f"{counted(cut.left_out, 'tile')} left out: neither clearly normal nor clearly defective.")
    if cut.skipped:
        typer.echo(f"{counted(cut.skipped, 'image')} skipped: extent not known, or smaller than a tile.")
    typer.echo(f"{counted(sum(cut.counts.values()), 'tile')} from {counted(cut.images, 'image')} in {cut.folder}")


@app.command()
def subset(
    path: DataArgument,
    out: Annotated[Path, option(OUTPUT, "The table (CSV) to write; images are not copied.", "--out", kind="FILE")],
    per_class: Annotated[int, option(INPUT, "How many images of each class.", "--per-class", kind="N", min=1)],
    seed: Annotated[int, option(INPUT, "Another seed, other images.", "--seed", kind="N")] = 0,
    layout: LayoutOption = None,
    normal: NormalOption = None,
    force: ForceOption = False,
) -> None:
    """Write a table of so many images of each class, to train on a part of a large set."""
    from blemish.datasets import read_dataset, write_subset
    from blemish.files import require_absent

    require_absent(out, force=force)
    dataset = read_dataset(path, layout=layout, normal_names=normal)
    taken = write_subset(dataset, out, per_class=per_class, seed=seed)
    said = ", ".join(f"{count:,} {label}" for label, count in taken.items())
    typer.echo(f"{said}: {counted(taken.total(), 'image')} of {len(dataset):,}, in {out}")


@app.command()
def reviews(
    database: Annotated[str, argument("The store of blemish serve, its database's file or URL.", "DATABASE")],
    out: Annotated[Path, option(OUTPUT, "A new folder for the images and their labels (COCO).", "--out", kind="DIR")],
    store: StoreOption = None,
) -> None:
    """Write the images that people have decided about in a service, with their labels and masks."""
    from blemish.serving.learning.opening import write_reviewed_images

    typer.echo(write_reviewed_images(database, out, store=store).sentence)


app.command()(synth)
app.command()(parts)


def _print_report(report: DatasetReport) -> None:
    from blemish.datasets.white_masks import ALL_WHITE, MOSTLY_WHITE

    typer.echo(f"{report.name}: {counted(report.images, 'image')}, {report.layout}")
    _print_counts(report.counts, report.normal_labels)
    if (sizes := report.sizes) is not None:
        height = _range(sizes.min_height_px, sizes.median_height_px, sizes.max_height_px)
        width = _range(sizes.min_width_px, sizes.median_width_px, sizes.max_width_px)
        typer.echo(f"Width {width}, height {height}; {counted(sizes.distinct, 'size')}.")
    for label, coverage in report.coverage.items():
        typer.echo(
            f'Masks of "{label}": {counted(coverage.images, "image")}, {coverage.pixel_fraction:.3%} of all pixels.'
        )
    if report.unknown_extent:
        typer.echo(f"{counted(report.unknown_extent, 'image')} without a mask: extent not known.")
    _print_list("empty mask", report.empty_masks)
    _print_list("mask", report.mostly_white_masks, MOSTLY_WHITE)
    _print_list("mask", report.all_white_masks, ALL_WHITE)
    _print_list("unreadable image", [reason for _, reason in report.unreadable])
    _print_list("unusable mask", [reason for _, reason in report.mask_problems])
    for note, count in list(report.reading_notes.items())[:_SHOWN]:
        typer.echo(f"{counted(count, 'image')}: {note}.")
    same = [_shortened(group, " = ") for group in report.exact_duplicates]
    _print_list("group", same, "of images with the same pixels")
    _print_list("group", [_shortened(group, " ~ ") for group in report.near_duplicates], "of look-alikes")
    for note in report.notes:
        typer.echo(f"Note: {note}")
    for leak in report.leaks:
        typer.echo(f"Leak: {leak.sentence}")
    if not report.leaks:
        typer.echo("No leak found.")


def _shortened(group: tuple[str, ...], sign: str) -> str:
    more = len(group) - _SHOWN
    return sign.join(group[:_SHOWN]) + (f"{sign}{more:,} more" if more > 0 else "")


def _print_list(noun: str, entries: Sequence[str], which: str = "") -> None:
    if not entries:
        return
    typer.echo(f"{counted(len(entries), noun)} {which}".rstrip() + ":")
    for entry in entries[:_SHOWN]:
        typer.echo(f"  {entry}")
    if len(entries) > _SHOWN:
        typer.echo(f"  and {len(entries) - _SHOWN:,} more (all of them with --json)")


def _print_counts(counts: dict[str, dict[str, int]], normal_labels: tuple[str, ...]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    splits = [split for split in _SPLITS if any(split in by_split for by_split in counts.values())]
    table = Table("class", box=box.SIMPLE_HEAD)
    for split in splits:
        table.add_column(split if len(splits) > 1 or split != _SPLITS[-1] else "images", justify="right")
    for label, by_split in counts.items():
        name = f"{label} (normal)" if label in normal_labels and label != "normal" else label
        table.add_row(Text(name), *(f"{by_split.get(split, 0):,}" for split in splits))
    Console().print(table)


def _range(least: int, median: float, most: int) -> str:
    return f"{least} px" if least == most else f"{least} to {most} px (median {median:g})"
