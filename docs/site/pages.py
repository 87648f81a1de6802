"""Pages of the manual that are drawn from the program itself, so that nothing is written twice.

The commands come from the command line, the methods from their catalogue, the Python functions from their docstrings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

import blemish
from blemish.cli.app import app
from blemish.cli.examples import EXAMPLES

ROOT = Path(__file__).parents[2]


def commands_page() -> str:
    """Every verb with its examples and options, as ``--help`` has them."""
    parts = [
        "# Commands\n\nDrawn from the command line itself. What holds for every verb stands on "
        "[a page of its own](../command-line.md).\n"
    ]
    for name, command in verbs(get_command(app)):
        parts.append(f"## blemish {name}\n\n{_plain(command.help)}\n")
        examples = "\n".join(f"blemish {line}" for line in EXAMPLES.get(name, ()))
        if examples:
            parts.append(f"```sh\n{examples}\n```\n")
        parts += list(_tables(command))
    return "\n".join(parts)


def verbs(group: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every command below a group with its full name, in the order of ``--help``."""
    for name, command in group.commands.items():
        below = f"{path} {name}".strip()
        if hasattr(command, "commands"):
            yield from verbs(command, below)
        else:
            yield below, command


def _tables(command: Any) -> Iterator[str]:
    panels: dict[str, list[str]] = {}
    for parameter in command.params:
        if parameter.hidden:
            continue
        if parameter.param_type_name == "option":
            name, title = ", ".join(parameter.opts + parameter.secondary_opts), "Options"
        else:
            name, title = parameter.metavar or parameter.name.upper(), "Arguments"
        row = f"| `{name}` | {_plain(parameter.help)} |"
        panels.setdefault(parameter.rich_help_panel or title, []).append(row)
    for title, rows in panels.items():
        yield f"| {title} | |\n|---|---|\n" + "\n".join(rows) + "\n"


def methods_page() -> str:
    """Every method with what it learns from, its summary and its settings in both profiles."""
    catalogue = json.loads((ROOT / "src/blemish/methods/catalogue.json").read_text("utf-8"))
    parts = [
        "# Methods and their settings\n\nDrawn from the catalogue that `blemish methods` shows. `--set NAME=VALUE` of "
        "`blemish train` changes a setting, `--profile` chooses the column.\n"
    ]
    for method in catalogue["methods"]:
        learns = str(method["learns_from"]).replace("_", " ")
        parts.append(f"## {method['name']}\n\n{_plain(method['summary'])}\n\nLearns from: {learns}.\n")
        parts.append("| setting | quick | paper | |\n|---|---|---|---|")
        parts += [
            f"| `{name}` | {_value(field['quick'])} | {_value(field['paper'])} | {_plain(field.get('description'))} |"
            for name, field in method["settings"].items()
        ]
        parts.append("")
    return "\n".join(parts)


def python_page() -> str:
    """The package and its public names, each from its docstring."""
    parts = ["# Python\n\n```{eval-rst}\n.. automodule:: blemish\n   :no-members:\n```\n"]
    for name in blemish.__all__:
        value = getattr(blemish, name)
        if isinstance(value, type) and issubclass(value, Exception):
            directive = f".. autoexception:: blemish.{name}"
        elif isinstance(value, type):
            directive = f".. autoclass:: blemish.{name}\n   :members:"
        elif callable(value):
            directive = f".. autofunction:: blemish.{name}"
        else:
            continue
        parts.append(f"## {name}\n\n```{{eval-rst}}\n{directive}\n```\n")
    return "\n".join(parts)


def _plain(text: str | None) -> str:
    """A help text for a table in Markdown."""
    return re.sub(r"\s*\n\s*", " ", text or "").replace("|", "\\|").replace("<", "&lt;").strip()


def _value(value: Any) -> str:
    return f"`{json.dumps(value, ensure_ascii=False)}`".replace("|", "\\|")
