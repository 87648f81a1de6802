"""``blemish methods``: what can be trained."""

from __future__ import annotations

from typing import Annotated

import typer


def methods(
    name: Annotated[str | None, typer.Argument(help="Show the settings of this one.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the methods, or the settings of one."""
    import json

    from rich.console import Console
    from rich.table import Table

    from blemish.methods import get_method, method_names

    console = Console()
    if name is not None:
        method = get_method(name)
        schema = method.Settings.model_json_schema()["properties"]
        if as_json:
            typer.echo(json.dumps(schema, indent=2))
            return
        console.print(method.info.summary, markup=False)
        table = Table("setting", "default", "meaning")
        for key, field in method.Settings.model_fields.items():
            table.add_row(key, str(field.default), field.description or "")
        console.print(table)
        return
    known = [get_method(each).info for each in method_names()]
    if as_json:
        typer.echo(json.dumps([{slot: getattr(info, slot) for slot in info.__slots__} for info in known], indent=2))
        return
    table = Table("method", "learns from", "says where", "what it does")
    for info in known:
        table.add_row(info.name, info.learns_from, "yes" if info.localises else "no", info.summary)
    console.print(table)
