"""Of the results page: published figures beside ours, a picture of them, and the best method by data set."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import yaml

from result_files import ABSENT, RESULTS, Column, Result, Row, Spread, read_result
from result_tables import cell_text, published_text, text_table

WIDTH_PX, LABELS_PX, ROW_PX, HEAD_PX, FOOT_PX, MARGIN_PX = 900, 420, 30, 46, 34, 24


@dataclass(frozen=True)
class Comparison:
    """A published figure beside ours.

    Attributes:
        entry: of published.yaml.
        result: the file.
        row, column: where ours stands.
    """

    entry: dict[str, Any]
    result: Result
    row: Row
    column: Column

    @property
    def ours(self) -> Spread:
        """Our figure, with the published one where it is a number."""
        cell = self.row.cells[self.column.name]
        assert isinstance(cell, Spread)
        return cell

    @property
    def published(self) -> str:
        """What the source states."""
        return self.entry.get("published") or published_text(self.ours, self.column)


def comparisons() -> list[Comparison]:
    """Every published system.

    Raises:
        KeyError: published.yaml names a figure that is not there.
    """
    found = []
    for entry in yaml.safe_load((RESULTS / "published.yaml").read_text("utf-8")):
        file, name, row, column = entry["at"]
        result = read_result(file)
        table = result.tables[name]
        found.append(Comparison(entry, result, table.row(row), table.column(column)))
    return found


def published_table() -> str:
    """Published and our figures, data, cost, and why they differ."""
    lines = [
        ["system", "figure", "published", "ours", "seeds", "our data", "CPU min", "test opened", "where they differ"]
    ]
    for one in comparisons():
        seeds = one.row.seeds
        lines.append(
            [
                f"[{one.entry['system']}]({one.entry['page']})",
                one.entry["metric"],
                one.published,
                cell_text(one.ours, one.column, 3),
                str(len(seeds) if isinstance(seeds, tuple) else seeds or ABSENT),
                one.result.data,
                _cost(one.row),
                str(one.row.opened or ABSENT),
                one.entry["differs"],
            ]
        )
    return text_table(lines)


def best_table() -> str:
    """The best method of each data set, and the next one."""
    lines = [["data", "learned from", "figure", "best", "", "the next", "", "CPU min"]]
    for entry in yaml.safe_load((RESULTS / "best.yaml").read_text("utf-8")):
        ranked = sorted(_candidates(entry["candidates"]), key=lambda each: -each[0])
        (_, first, value, row), *rest = ranked
        others = [each for each in rest if each[1] != first]
        next_one = others[0][1:3] if others else (ABSENT, "")
        lines.append([entry["data"], entry["learned_from"], entry["metric"], first, value, *next_one, _cost(row)])
    return text_table(lines)


def _candidates(named: list[list[str]]) -> list[tuple[float, str, str, Row]]:
    """Mean, name, text and row of every figure that competes."""
    found = []
    for file, name, column, *first in named:
        table = read_result(file).tables[name]
        for row in table.rows:
            cell = row.cells.get(column)
            mean = cell.centre() if isinstance(cell, Spread) else cell
            if isinstance(mean, float) and (not first or row.name[0] == first[0]):
                label = row.name[-1] if row.name != ("all",) else read_result(file).title
                label += ", worst hundredth" if column.endswith("worst hundredth") else ""
                found.append((mean, label, cell_text(cell, table.column(column)), row))
    return found


def _cost(row: Row) -> str:
    """Processor minutes of a training, where they were measured."""
    if row.cpu_min is not None:
        return f"{row.cpu_min:.1f}"
    for name in ("fit, s", "core s"):
        cell = row.cells.get(name)
        seconds = cell.centre() if isinstance(cell, Spread) else cell
        if isinstance(seconds, float):
            return f"{seconds / 60:.1f}"
    return ABSENT


def picture() -> str:
    """Published figures (rings) and ours (dots, a bar for the standard deviation) on one scale, as SVG."""
    shown = [one for one in comparisons() if one.ours.published is not None]
    height = HEAD_PX + ROW_PX * len(shown) + FOOT_PX
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH_PX} {height}" role="img" '
        'aria-label="Published figures and ours" font-family="system-ui, sans-serif" font-size="14">',
        f'<rect width="{WIDTH_PX}" height="{height}" fill="#fff"/>',
        *_legend(),
        *_scale(height),
    ]
    for number, one in enumerate(shown):
        parts += _line(one, HEAD_PX + ROW_PX * number + ROW_PX / 2)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _x(value: float) -> float:
    return round(LABELS_PX + min(max(value, 0.0), 1.0) * (WIDTH_PX - LABELS_PX - MARGIN_PX), 1)


def _legend() -> list[str]:
    return [
        f'<circle cx="{LABELS_PX + 8}" cy="20" r="6" fill="#fff" stroke="#c2410c" stroke-width="2.5"/>',
        f'<text x="{LABELS_PX + 22}" y="25" fill="#1c232b">published</text>',
        f'<circle cx="{LABELS_PX + 128}" cy="20" r="6" fill="#1d4ed8"/>',
        f'<text x="{LABELS_PX + 142}" y="25" fill="#1c232b">ours, ± standard deviation over seeds</text>',
    ]


def _scale(height: int) -> list[str]:
    parts = []
    for tenth in range(0, 11, 2):
        x = _x(tenth / 10)
        parts.append(f'<path d="M{x} {HEAD_PX - 6}V{height - FOOT_PX}" stroke="#d5dae0"/>')
        parts.append(f'<text x="{x}" y="{height - 12}" text-anchor="middle" fill="#4b5563">{tenth / 10:.1f}</text>')
    return parts


def _line(one: Comparison, y: float) -> list[str]:
    ours, spread, published = one.ours.centre(), one.ours.deviation() or 0.0, one.ours.published
    assert ours is not None
    assert published is not None
    return [
        f'<text x="{LABELS_PX - 14}" y="{y + 5}" text-anchor="end" fill="#1c232b">{escape(one.entry["system"])}</text>',
        f'<path d="M{_x(ours)} {y}H{_x(published)}" stroke="#9aa4b0" stroke-width="1.5"/>',
        f'<path d="M{_x(ours - spread)} {y}H{_x(ours + spread)}" stroke="#1d4ed8" stroke-width="4" opacity=".45"/>',
        f'<circle cx="{_x(ours)}" cy="{y}" r="6" fill="#1d4ed8"/>',
        f'<circle cx="{_x(published)}" cy="{y}" r="6" fill="none" stroke="#c2410c" stroke-width="2.5">'
        f"<title>{escape(one.entry['metric'])}</title></circle>",
    ]
