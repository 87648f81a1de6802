"""``blemish measure``: a mask in, measured cracks out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from blemish.cli.options import JsonOption
from blemish.cli.scaling import (
    CameraOption,
    GradeOption,
    MarkerOption,
    MmPerPxOption,
    PlaneOption,
    PointsOption,
    scale_source,
)
from blemish.errors import DataError, SettingsError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from blemish.measurement import Crack, CrackChange, GradeScale, Measurement, Scale

DEFAULT_GRADES = "eurocode-2"
# A mask that is set on more than this fraction of its pixels is the wrong way round.
_MAX_SET = 0.9


def measure(
    mask: Annotated[Path, typer.Argument(metavar="MASK", help="The mask: cracks white, or anything above 0.")],
    image: Annotated[
        Path | None,
        typer.Option(help="The image: hairlines are measured by its grey levels.", metavar="IMAGE", show_default=False),
    ] = None,
    as_json: JsonOption = False,
    mm_per_px: MmPerPxOption = None,
    scale_points: PointsOption = None,
    scale_marker: MarkerOption = None,
    scale_camera: CameraOption = None,
    scale_plane: PlaneOption = None,
    grade: GradeOption = None,
    earlier_mask: Annotated[
        Path | None,
        typer.Option(
            help="An earlier mask of the same surface: tell what changed.", metavar="MASK", show_default=False
        ),
    ] = None,
    earlier_image: Annotated[
        Path | None, typer.Option(help="The image of the earlier mask.", metavar="IMAGE", show_default=False)
    ] = None,
) -> None:
    """Measure the cracks of a mask: length, width and where it is largest, direction, branches."""
    if (earlier_mask is None) != (earlier_image is None) or (earlier_mask is not None and image is None):
        raise SettingsError("To compare two dates give --earlier-mask and --earlier-image, and --image as well.")
    scale_of = scale_source(mm_per_px, scale_points, scale_marker, scale_camera, scale_plane)
    if scale_marker is not None and image is None:
        raise SettingsError("The marker is looked for in the image; give it with --image.")
    if grade is not None and scale_of is None:
        raise SettingsError("Widths are graded in millimetres; say how large a pixel is, for instance --mm-per-px 0.2.")

    import numpy as np

    from blemish.measurement import compare_cracks, load_grades, measure_mask, register_images

    grades = None if scale_of is None else load_grades(grade or DEFAULT_GRADES)
    loaded, pixels, reading = _read(mask, image)
    # Without an image only the size is asked for.
    scale = None if scale_of is None else scale_of(pixels.view(np.uint8) if loaded is None else loaded)
    measured = measure_mask(pixels, loaded, scale=scale)
    changes = None
    if earlier_mask is not None and loaded is not None:
        earlier_loaded, earlier_pixels, _ = _read(earlier_mask, earlier_image)
        if earlier_loaded is not None:
            earlier = measure_mask(earlier_pixels, earlier_loaded).cracks
            changes = compare_cracks(earlier, measured.cracks, register_images(earlier_loaded, loaded), scale=scale)
    notes = [*reading, *_notes(measured)]
    if as_json:
        import json

        typer.echo(json.dumps(_record(mask, image, measured, scale, grades, changes, notes), allow_nan=False))
        return

    _print_cracks(measured.cracks, grades)
    if changes is not None:
        _print_changes(changes)
    for note in notes:
        typer.echo(note, err=True)


def _read(mask: Path, image: Path | None) -> tuple[NDArray[np.uint8] | None, NDArray[np.bool_], list[str]]:
    """The image, RGB uint8 (H, W, 3), where there is one, the mask, bool (H, W), and how it was read."""
    from blemish.datasets.masks import FileMask
    from blemish.images import image_size_px, read_image

    loaded = None if image is None else read_image(image)
    height, width = image_size_px(mask) if loaded is None else loaded.shape[:2]
    source = FileMask(mask, image).settled()
    pixels = source.read(height, width)
    if pixels.mean() > _MAX_SET:
        raise DataError(
            f'The mask "{mask}" is set on {pixels.mean():.0%} of its pixels; a mask is white in cracks and black '
            "beside them, so it may have to be inverted."
        )
    note = "" if source.meaning is None else source.meaning.note
    return loaded, pixels, [note] * bool(note)


def _notes(measured: Measurement) -> list[str]:
    notes = []
    if measured.small_components:
        notes.append(
            f"Left out as too short for a crack (below 8 px): {measured.small_components} components of the mask."
        )
    if measured.left_out:
        notes.append(f"Only the longest 2000 cracks were measured; {measured.left_out} were not.")
    return notes


def _record(
    mask: Path,
    image: Path | None,
    measured: Measurement,
    scale: Scale | None,
    grades: GradeScale | None,
    changes: tuple[CrackChange, ...] | None,
    notes: list[str],
) -> dict[str, Any]:
    cracks = []
    for crack in measured.cracks:
        record = crack.to_record()
        if grades is not None and crack.mm is not None:
            record["grade"] = grades.grade_of(crack.mm.max_width)
            record["grades_within"] = grades.grades_within(crack.mm.max_width, crack.mm.width_uncertainty)
        cracks.append(record)
    record = {
        "mask": str(mask),
        "image": None if image is None else str(image),
        "scale": None if scale is None else scale.to_record(),
        "grade_scale": None if grades is None else grades.to_record(),
        "cracks": cracks,
        "small_components": measured.small_components,
        "left_out": measured.left_out,
        "notes": notes,
    }
    return record if changes is None else {**record, "changes": [change.to_record() for change in changes]}


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
        if grades is not None and crack.mm is not None:
            doubt = len(grades.grades_within(crack.mm.max_width, crack.mm.width_uncertainty)) > 1
            row.append(grades.grade_of(crack.mm.max_width) + (" ?" if doubt else ""))
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
        numbers = [
            "–" if v is None else f"{round(v, digits) + 0:{s}.{digits}f}" for v, s in zip(growth, signs, strict=True)
        ]
        later = "–" if change.later is None else f"{change.later}"
        earlier = ", ".join(str(number) for number in change.earlier) or "–"
        rows.append([later, earlier, f"{change.length:.1f}", *numbers, change.status])
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
