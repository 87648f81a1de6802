"""Kept figures as text: a cell, and a table in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from result_files import ABSENT, Cell, Column, Row, Spread, Table


def number(value: float, column: Column, digits: int | None = None) -> str:
    """A figure with the column's digits, without its unit."""
    digits = column.digits if digits is None else digits
    text = f"{abs(value):,.0f}" if digits == 0 else f"{abs(value):.{digits}f}"
    if not column.leading_zero and text.startswith("0."):
        text = text[1:]
    return ("−" if value < 0 and text.strip("0.") else "") + text


def cell_text(cell: Cell, column: Column, digits: int | None = None) -> str:
    """Ours: mean ± standard deviation and unit; a dash where a figure has no meaning.

    Args:
        cell: of a row.
        column: how its figures are written.
        digits: after the point; None takes the cell's own, or the column's.
    """
    if cell is None:
        return ABSENT
    if isinstance(cell, str):
        return cell
    if not isinstance(cell, Spread):
        return number(cell, column, digits) + column.unit
    digits = cell.digits if digits is None else digits
    mean, deviation = cell.centre(), cell.deviation()
    if mean is None:
        return ABSENT
    text = number(mean, column, digits)
    if deviation is not None:
        text += f" ± {number(deviation, column, digits)}"
    return f"**{text}{column.unit}**" if cell.bold else text + column.unit


def published_text(cell: Cell, column: Column) -> str:
    """The source's figure; empty where it states none."""
    if not isinstance(cell, Spread) or cell.published is None:
        return ""
    # The source's own digits, as far as a number keeps them.
    text = number(cell.published, column, cell.digits)
    return (text.rstrip("0").rstrip(".") if "." in text else text) + column.unit


def markdown(table: Table, columns: Sequence[str] | None = None, rows: Sequence[Row] | None = None) -> str:
    """A table, the published figure in brackets behind ours.

    Args:
        table: whose rows and columns are written.
        columns: only these, in this order; None takes all.
        rows: only these; None takes all.
    """
    shown = list(table.columns) if columns is None else [table.column(name) for name in columns]
    rows = table.rows if rows is None else rows
    if table.by_seed == "rows":
        rows = [line for row in rows for line in _by_seed(row)]
    counted = [name for name in _COUNTED if any(getattr(row, name) is not None for row in rows)]
    lines = [[*table.stub, *(column.name for column in shown), *(_COUNTED[name] for name in counted)]]
    for row in rows:
        figures = [_in_table(row, column, table) for column in shown]
        lines.append([*row.name, *figures, *(_count(row, name) for name in counted)])
    title = [f"**{table.title}**"] if table.title and columns is None else []
    return "\n\n".join([*title, text_table(lines), *table.notes])


def text_table(lines: Sequence[Sequence[str]]) -> str:
    """Lines of cells as Markdown; the first is the head."""
    head, *rest = [[text.replace("|", "\\|") for text in line] for line in lines]
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *rest))


_COUNTED = {"seeds": "seeds", "cpu_min": "CPU min", "opened": "test opened"}


def _count(row: Row, name: str) -> str:
    value = getattr(row, name)
    if isinstance(value, float):
        return f"{value:.1f}"
    return "" if value is None else str(len(value) if isinstance(value, tuple) else value)


def _in_table(row: Row, column: Column, table: Table) -> str:
    if column.name not in row.cells:
        return ""
    cell = row.cells[column.name]
    if table.by_seed == "cells" and isinstance(cell, Spread) and cell.values:
        values = [ABSENT if value is None else number(value, column, cell.digits) for value in cell.values]
        return "; ".join(values) + column.unit
    ours, published = cell_text(cell, column), published_text(cell, column)
    return f"{ours} ({published})" if published else ours


def _by_seed(row: Row) -> list[Row]:
    """A row for each seed, and one for their mean."""
    seeds = row.seeds if isinstance(row.seeds, tuple) else ()
    lines = [
        Row(
            name=(*row.name[:-1], str(seed)),
            cells={
                name: cell.values[number] if isinstance(cell, Spread) and cell.values else cell
                for name, cell in row.cells.items()
            },
        )
        for number, seed in enumerate(seeds)
    ]
    return [*lines, Row(name=(*row.name[:-1], "mean ± sd"), cells=row.cells, cpu_min=row.cpu_min, opened=row.opened)]
