"""``blemish methods``: what can be trained, on either side: it reads a catalogue and needs no torch."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from blemish.cli.completion import method_names
from blemish.cli.options import JsonOption
from blemish.cli.panels import argument
from blemish.cli.speaking import note
from blemish.errors import install_hint


def methods(
    name: Annotated[
        str | None,
        argument("Show the settings of this one.", "METHOD", autocompletion=method_names),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the methods, or the settings of one with the values that train uses."""
    import json

    from blemish.errors import SettingsError, did_you_mean

    known = read_catalogue()
    by_name = {method["name"]: method for method in known["methods"]}
    if name is not None and name not in by_name:
        raise SettingsError(f'There is no method "{name}".{did_you_mean(name, by_name)}')
    if as_json:
        rows = [{key: value for key, value in each.items() if key != "settings"} for each in known["methods"]]
        typer.echo(json.dumps(rows if name is None else by_name[name]["settings"], indent=2))
    elif name is None:
        _print_list(known)
    else:
        _print_settings(by_name[name], [recipe for recipe, of in known["recipes"].items() if of == name])


def read_catalogue() -> dict[str, Any]:
    """The shipped catalogue; where other packages bring methods, theirs too."""
    from importlib.metadata import entry_points

    from blemish.bundled import bundled_catalogue

    if entry_points(group="blemish.methods"):
        try:
            from blemish.training.catalogue import catalogue

            return catalogue()
        except ModuleNotFoundError:
            note(f"Methods of other packages are listed with the learning side only: {install_hint('train')}.")
    return bundled_catalogue()


def _print_list(known: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("method", "learns from", "map", "series", "what it does")
    for each in known["methods"]:
        flags = ("yes" if each[flag] else "no" for flag in ("localises", "on_series"))
        table.add_row(each["name"], each["learns_from"], *flags, each["summary"])
    console = Console()
    console.print(table)
    others = sorted(set(known["recipes"]) - {each["name"] for each in known["methods"]})
    console.print(f"Recipes, trained by their names as well: {', '.join(others)}.", highlight=False)


def _print_settings(method: dict[str, Any], recipes: list[str]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    console.print(method["summary"], markup=False, highlight=False)
    table = Table("setting", "quick", "paper", "meaning")
    for key, setting in method["settings"].items():
        values = (_value(setting[profile]) for profile in ("quick", "paper"))
        table.add_row(key, *values, setting.get("description", ""))
    console.print(table)
    if recipes:
        console.print(f"Recipes: {', '.join(recipes)}.", highlight=False)


def _value(value: Any) -> str:
    """As it is given to ``--set``."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return str(value)
