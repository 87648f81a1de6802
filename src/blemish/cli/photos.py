"""``blemish photos``: what photographs can tell, before or after a flight."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blemish.cli.options import BitRangeOption, JsonOption, MaxMegapixelsOption, read_options
from blemish.cli.panels import INPUT, OUTPUT, argument, option
from blemish.cli.scale_options import CameraOption, MarkerOption, MmPerPxOption, TableOption, scale_source
from blemish.cli.verbs import App

if TYPE_CHECKING:
    from blemish.findings.image_check import ImageChecks

app = App(help="Tell what photographs can tell: the smallest width that can be trusted in each.")
_NAMED = 3


@app.command()
def check(
    paths: Annotated[list[Path], argument("Photographs, or folders of them.", "PATH")],
    out: Annotated[
        Path | None,
        option(
            OUTPUT,
            "Folder for photos.csv and photos.json; that of findings puts the table into their report.",
            "--out",
            kind="DIR",
        ),
    ] = None,
    width_mm: Annotated[
        float | None,
        option(
            INPUT,
            "The smallest width that is to be measured: tell which photographs do not show it.",
            "--width-mm",
            kind="MM",
        ),
    ] = None,
    as_json: JsonOption = False,
    mm_per_px: MmPerPxOption = None,
    scale_marker: MarkerOption = None,
    scale_camera: CameraOption = None,
    scale_table: TableOption = None,
    bit_range: BitRangeOption = None,
    max_megapixels: MaxMegapixelsOption = None,
) -> None:
    """Tell from pixels and metadata the smallest width that can be trusted in each photograph, and how to do better."""
    from blemish.cli.progress import progress
    from blemish.inspection import check_images

    scale = scale_source(mm_per_px, None, scale_marker, scale_camera, None, scale_table)
    with progress("Checking") as on_progress:
        checks = check_images(
            paths,
            scale=scale,
            wanted_mm=width_mm,
            out=out,
            options=read_options(bit_range, max_megapixels),
            on_progress=on_progress,
        )
    if as_json:
        import json

        record = checks.model_dump(mode="json") | {
            "groups": [group.model_dump(mode="json") for group in checks.groups],
            "advice": [advice.sentence for advice in checks.advice],
        }
        typer.echo(json.dumps(record, ensure_ascii=False, allow_nan=False))
    else:
        _print(checks)


def _print(checks: ImageChecks) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("photograph", "trusted from", "mm/px", "tilt", "blur px", "noise", "overlap", "problems"):
        table.add_column(name, justify="left" if name in {"photograph", "problems"} else "right", no_wrap=True)
    for one in checks.images:
        trusted = f"{one.min_width_px:.1f} px" if one.min_width_px is not None else "–"
        if one.min_width_mm is not None:
            trusted = f"{one.min_width_mm:.3g} mm"
        table.add_row(
            one.image,
            trusted,
            "–" if one.mm_per_px is None else f"{one.mm_per_px:.3g}",
            "–" if one.tilt_deg is None else f"{one.tilt_deg:.0f}°",
            "–" if one.blur_px is None else f"{one.blur_px:.1f}",
            "–" if one.noise_levels is None else f"{one.noise_levels:.1f}",
            "–" if one.overlap is None else f"{one.overlap:.0%}",
            ", ".join(one.problems),
        )
    Console(width=160, soft_wrap=True, highlight=False).print(table)
    for group in checks.groups:
        named = ", ".join(group.images[:_NAMED]) + ", …" * (len(group.images) > _NAMED)
        typer.echo(f"{group.sentence[:-1]}: {named}")
    for advice in checks.advice:
        typer.echo(f"Next flight, {advice.sentence}")
