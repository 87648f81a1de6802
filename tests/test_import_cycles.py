"""No two modules import one another, by any way round."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCES = Path(__file__).resolve().parents[1] / "src"


def modules(root: Path) -> dict[str, Path]:
    """Every module by its name; packages by theirs."""
    names = {path: ".".join(path.relative_to(root).with_suffix("").parts) for path in root.rglob("*.py")}
    return {name.removesuffix(".__init__"): path for path, name in names.items()}


def when_imported(tree: ast.Module) -> Iterator[ast.Import | ast.ImportFrom]:
    """The imports that run with the module: not those inside functions, nor those for type checkers."""
    for statement in tree.body:
        for node in ast.walk(statement) if isinstance(statement, ast.Try) else [statement]:
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield node


def imports(root: Path) -> dict[str, set[str]]:
    """What each module imports of the others."""
    known = modules(root)
    graph: dict[str, set[str]] = {}
    for module, path in known.items():
        found: set[str] = set()
        for node in when_imported(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            else:
                named = {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
                found.update(full if full in known else str(node.module) for full in named.values())
        graph[module] = (found & known.keys()) - {module}
    return graph


def test_no_modules_import_one_another():
    graph = imports(SOURCES)
    assert len(graph) > 500
    order = list(TopologicalSorter(graph).static_order())
    assert order.index("blemish.errors") < order.index("blemish.cli.app")


def test_a_cycle_would_be_seen(tmp_path: Path):
    (tmp_path / "a.py").write_text("import b\n")
    (tmp_path / "b.py").write_text("try:\n    from c import d\nexcept ImportError:\n    pass\n")
    (tmp_path / "c.py").write_text("def late():\n    import a\n")
    list(TopologicalSorter(imports(tmp_path)).static_order())
    (tmp_path / "c.py").write_text("from a import e\n")
    with pytest.raises(CycleError):
        list(TopologicalSorter(imports(tmp_path)).static_order())
