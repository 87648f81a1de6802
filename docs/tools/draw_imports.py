"""Draw the rooms of blemish and who imports whom, from the code itself.

    python docs/tools/draw_imports.py            writes docs/pictures/architecture.svg
    python docs/tools/draw_imports.py --edges    prints the imports between rooms, a pair per line

Rooms stand in rows, each above everything that it imports; imports inside functions are dashed. An arrow that others
imply (a imports b, b imports c, and a imports c) is left out of the picture, and stands in its ``desc``.
"""

from __future__ import annotations

import argparse
import ast
from dataclasses import dataclass
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "blemish"
PICTURE = ROOT / "docs" / "pictures" / "architecture.svg"
# What every room imports says nothing about the structure.
GROUND = {"errors", "files", "lazy", "locations", "cpu", "text"}
LEARNING = {"methods", "training", "benchmarking", "reproduction"}
BOX_PX, GAP_PX, ROW_PX = (132, 40), 26, 92


@dataclass(frozen=True, slots=True)
class Edge:
    """One room imports another; ``lazy`` where only inside functions."""

    source: str
    target: str
    lazy: bool


def room_of(path: Path) -> str:
    """``src/blemish/images/reading.py`` is in the room ``images``."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(node: ast.AST) -> list[str]:
    """Names of the modules of blemish that an import statement names, without ``blemish.``."""
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        if node.module == "blemish":
            return [alias.name for alias in node.names]
        return [node.module.removeprefix("blemish.")] if node.module.startswith("blemish.") else []
    if isinstance(node, ast.Import):
        return [alias.name.removeprefix("blemish.") for alias in node.names if alias.name.startswith("blemish.")]
    return []


def edges() -> list[Edge]:
    """All imports between different rooms, sorted."""
    found: dict[tuple[str, str], bool] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        source = room_of(path)
        if source in {"__init__", "__main__"}:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        inside = {
            id(node)
            for function in ast.walk(tree)
            if isinstance(function, ast.FunctionDef)
            for node in ast.walk(function)
        }
        for node in ast.walk(tree):
            for name in imported(node):
                target = name.split(".")[0]
                if target != source and (PACKAGE / target).exists() | (PACKAGE / f"{target}.py").exists():
                    found[source, target] = found.get((source, target), True) and id(node) in inside
    return [Edge(source, target, lazy) for (source, target), lazy in sorted(found.items())]


def rows(links: list[Edge]) -> list[list[str]]:
    """Rooms by height: one more than the highest room that they import."""
    rooms = {room for link in links for room in (link.source, link.target)}
    height = dict.fromkeys(rooms, 0)
    for _ in rooms:
        for link in links:
            height[link.source] = max(height[link.source], height[link.target] + 1)
    levels: dict[int, list[str]] = {}
    for room in sorted(rooms):
        levels.setdefault(height[room], []).append(room)
    return [levels[level] for level in sorted(levels, reverse=True)]


def not_implied(links: list[Edge]) -> list[Edge]:
    """The links that no longer way leads along (transitive reduction; links without cycles)."""
    below: dict[str, set[str]] = {}
    for link in links:
        below.setdefault(link.source, set()).add(link.target)

    def reach(room: str) -> set[str]:
        return {end for target in below.get(room, ()) for end in (target, *reach(target))}

    return [
        link for link in links if not any(link.target in reach(other) for other in below[link.source] - {link.target})
    ]


def draw(links: list[Edge]) -> str:
    """The picture as SVG; its ``desc`` lists the imports."""
    shown = [link for link in links if link.source not in GROUND and link.target not in GROUND]
    levels = rows(shown)
    width_px = max(len(level) for level in levels) * (BOX_PX[0] + GAP_PX) + GAP_PX
    place: dict[str, tuple[float, float]] = {}
    for row, level in enumerate(levels):
        left = (width_px - len(level) * (BOX_PX[0] + GAP_PX) + GAP_PX) / 2
        for column, room in enumerate(level):
            place[room] = left + column * (BOX_PX[0] + GAP_PX), 20.0 + row * ROW_PX
    parts = []
    for link in not_implied(shown):
        (x0, y0), (x1, y1) = place[link.source], place[link.target]
        start, end = (x0 + BOX_PX[0] / 2, y0 + BOX_PX[1]), (x1 + BOX_PX[0] / 2, y1)
        bend = (end[1] - start[1]) / 2
        style = ' stroke-dasharray="4 4"' if link.lazy else ""
        curve = (
            f"M{start[0]:.0f} {start[1]:.0f} C{start[0]:.0f} {start[1] + bend:.0f} "
            f"{end[0]:.0f} {end[1] - bend:.0f} {end[0]:.0f} {end[1]:.0f}"
        )
        parts.append(
            f'<path d="{curve}" marker-end="url(#head)"{style}><title>{link.source} → {link.target}</title></path>'
        )
    for room, (x, y) in place.items():
        fill = "#fde8c8" if room in LEARNING else "#e3e9f2" if room in {"cli", "demo", "serving"} else "#dff0e2"
        parts.append(
            f'<rect x="{x:.0f}" y="{y:.0f}" width="{BOX_PX[0]}" height="{BOX_PX[1]}" rx="8" fill="{fill}"/>'
            f'<text x="{x + BOX_PX[0] / 2:.0f}" y="{y + 25:.0f}">{escape(room)}</text>'
        )
    height_px = 20 + len(levels) * ROW_PX
    listed = "; ".join(f"{link.source} > {link.target}" for link in shown)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width_px} {height_px}" role="img" '
        'aria-label="Rooms of blemish and their imports" font-family="system-ui, sans-serif" font-size="15">\n'
        f"<desc>{listed}</desc>\n"
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" style="fill:#7a8796;stroke:none"/></marker></defs>\n'
        "<style>path{fill:none;stroke:#7a8796;stroke-opacity:.55;stroke-width:1.3}rect{stroke:#5d6875}"
        "text{text-anchor:middle;fill:#1c232b}</style>\n"
        f'<rect width="{width_px}" height="{height_px}" fill="#fff" stroke="none" style="stroke:none"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def main() -> None:
    """Write the picture, or print what it would show."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--edges", action="store_true", help="print the imports between rooms instead")
    if parser.parse_args().edges:
        print("\n".join(f"{link.source} -> {link.target}{' (lazy)' if link.lazy else ''}" for link in edges()))
    else:
        PICTURE.write_text(draw(edges()), encoding="utf-8")


if __name__ == "__main__":
    main()
