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
from blemish.cli.verbs import parameters_by_group

ROOT = Path(__file__).parents[2]


def command_pages() -> dict[str, str]:
    """The index of all verbs, and a page for each, as ``--help`` has them; by file name."""
    root = get_command(app)
    rows: dict[str, list[str]] = {}
    pages = {}
    for path, command in verbs(root):
        page = f"commands/{'-'.join(path.split())}.md"
        pages[page] = _command_page(path, command)
        group = root.commands[path.split()[0]].rich_help_panel
        rows.setdefault(group, []).append(f"| [blemish {path}]({page}) | {_plain(command.help)} |")
    index = [
        "# Commands\n\nA page for each, drawn from the command line itself. What holds for every one, and the exit "
        "codes, stand on [a page of its own](../command-line.md).\n",
        *(f"| {group} | |\n|---|---|\n" + "\n".join(lines) + "\n" for group, lines in rows.items()),
        "```{toctree}\n:hidden:\n" + "\n".join(page.removesuffix(".md") for page in pages) + "\n```\n",
    ]
    return {"commands.md": "\n".join(index)} | pages


def verbs(group: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every command below a group with its full name, in the order of ``--help``."""
    for name, command in group.commands.items():
        below = f"{path} {name}".strip()
        if hasattr(command, "commands"):
            yield from verbs(command, below)
        else:
            yield below, command


def _command_page(path: str, command: Any) -> str:
    context = command.make_context(f"blemish {path}", [], resilient_parsing=True)
    usage = " ".join([context.info_name, *command.collect_usage_pieces(context)])
    parts = [f"# blemish {path}\n\n{_plain(command.help)}\n\n```text\n{usage}\n```\n"]
    parts.append("```sh\n" + "\n".join(f"blemish {line}" for line in EXAMPLES[path]) + "\n```\n")
    for group, records in parameters_by_group(command, context).items():
        rows = "\n".join(f"| `{_plain(name)}` | {_plain(text)} |" for name, text in records)
        parts.append(f"| {group} | |\n|---|---|\n{rows}\n")
    parts.append("[All commands](../commands.md) · [Exit codes](../../command-line.md#exit-codes)\n")
    return "\n".join(parts)


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
