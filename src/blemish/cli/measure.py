"""``blemish measure``: a mask in, measured cracks out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blemish.cli import speaking
from blemish.cli.options import BitRangeOption, JsonOption, MaxMegapixelsOption, read_options
from blemish.cli.panels import INPUT, THRESHOLDS, argument, option
from blemish.cli.scale_options import (
    CameraOption,
    GradeOption,
    MarkerOption,
    MetadataOption,
    MmPerPxOption,
    PlaneOption,
    PointsOption,
    TableOption,
    scale_source,
)
from blemish.errors import SettingsError

if TYPE_CHECKING:
    from blemish.measurement import Crack, CrackChange, GradeScale

_Image = Annotated[
    Path | None, option(INPUT, "The image: hairlines are measured by its grey levels.", "--image", kind="FILE")
]
_EarlierMask = Annotated[
    Path | None,
    option(INPUT, "An earlier mask of the same surface: tell what changed.", "--earlier-mask", kind="FILE"),
]
_EarlierImage = Annotated[Path | None, option(INPUT, "The image of the earlier mask.", "--earlier-image", kind="FILE")]
_Window = Annotated[
    int, option(THRESHOLDS, "First drop what fits alone in a square of this side.", "--window", kind="PX", min=0)
]


def measure(
    mask: Annotated[Path, argument("The mask: cracks white, or anything above 0.", "MASK")],
    image: _Image = None,
    bit_range: BitRangeOption = None,
    max_megapixels: MaxMegapixelsOption = None,
    as_json: JsonOption = False,
    mm_per_px: MmPerPxOption = None,
    scale_points: PointsOption = None,
    scale_marker: MarkerOption = None,
    scale_camera: CameraOption = None,
    scale_plane: PlaneOption = None,
    scale_table: TableOption = None,
    scale_metadata: MetadataOption = False,
    grade: GradeOption = None,
    window: _Window = 0,
    earlier_mask: _EarlierMask = None,
    earlier_image: _EarlierImage = None,
) -> None:
    """Measure the cracks of a mask: length, width and where it is largest, direction, branches."""
    scale = scale_source(mm_per_px, scale_points, scale_marker, scale_camera, scale_plane, scale_table, scale_metadata)
    if (scale_marker is not None or scale_metadata) and image is None:
        raise SettingsError("Markers and metadata are looked for in the image; give it with --image.")

    from blemish.inspection import measure as run

    options = read_options(bit_range, max_megapixels)
    measured = run(
        mask,
        image,
        scale=scale,
        grades=grade,
        window_px=window,
        earlier_mask=earlier_mask,
        earlier_image=earlier_image,
        bit_range=options.bit_range,
        max_megapixels=options.max_megapixels,
    )
    if as_json:
        import json

        named = {"mask": str(mask), "image": None if image is None else str(image)}
        typer.echo(json.dumps({**named, **measured.to_record()}, allow_nan=False))
        return
    _print_cracks(measured.cracks, measured.grades)
    if measured.changes is not None:
        _print_changes(measured.changes)
    for note in measured.notes:
        speaking.warn(note)


def _print_cracks(cracks: tuple[Crack, ...], grades: GradeScale | None) -> None:
    if not cracks:
        typer.echo("No cracks.")
        return
    unit = "px" if cracks[0].mm is None else "mm"
    titles = ["no.", "length", "mean", "p95", "largest", "±", "at x, y px", "branches", "direction"]
    rows = []
    for crack in cracks:
        row = [
            f"{crack.number}",
            *_sizes(crack),
            f"{crack.branches}",
            f"{crack.orientation_deg:3.0f}° {crack.direction}",
        ]
        if crack.grade is not None:
            row.append(crack.grade + " ?" * (len(crack.grades_within) > 1))
        rows.append(row)
    _print_table(
        f"Lengths and widths in {unit}, widest first", titles + (["grade"] if grades is not None else []), rows
    )
    if grades is not None:
        typer.echo(f"Grades, of the largest width: {grades.name}; {grades.source}.")
        typer.echo(f"{grades.note} A question mark: the width's uncertainty reaches into another grade.")


def _sizes(crack: Crack) -> list[str]:
    """Length, widths, uncertainty and place, in millimetres where there is a scale."""
    mm = crack.mm
    if mm is None:
        length, at, digits = crack.length_px, crack.max_width_at, 2
        widths = (crack.mean_width_px, crack.p95_width_px, crack.max_width_px, crack.width_uncertainty_px)
    else:
        length, at, digits = mm.length, mm.max_width_at, 3
        widths = (mm.mean_width, mm.p95_width, mm.max_width, mm.width_uncertainty)
    return [f"{length:.1f}", *(f"{value:.{digits}f}" for value in widths), f"{at[0]:.0f}, {at[1]:.0f}"]


def _print_changes(changes: tuple[CrackChange, ...]) -> None:
    unit = changes[0].unit if changes else "px"
    digits = 1 if unit == "px" else 3
    rows = []
    for change in changes:
        growth = (change.length_growth, change.length_uncertainty, change.width_growth, change.width_uncertainty)
        signs = ("+", "", "+", "")
        # Adding 0 turns -0 into 0.
        values = [
            "–" if v is None else f"{round(v, digits) + 0:{s}.{digits}f}" for v, s in zip(growth, signs, strict=True)
        ]
        later, earlier = (", ".join(map(str, numbers)) or "–" for numbers in (change.later, change.earlier))
        rows.append([later, earlier, f"{change.length:.1f}", *values, change.status])
    titles = ["no.", "earlier no.", "length", "longer by", "±", "wider by", "±", "status"]
    _print_table(f"Change since the earlier image, in {unit}", titles, rows)


def _print_table(title: str, titles: list[str], rows: list[list[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left", title_style="")
    for name in titles:
        table.add_column(name, justify="left" if name in {"direction", "grade", "status"} else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    # A narrow window wraps whole lines; cells cut short would hide numbers.
    Console(width=160, soft_wrap=True, highlight=False).print(table)
