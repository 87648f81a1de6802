"""Invariants of the whole package that its sources show; docs/architecture.md lists all of them with their tests."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "blemish"
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
NAMED_TESTS = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE.partition("## Invariants")[2].partition("\n## ")[0])


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield path.relative_to(SOURCE).as_posix(), tree(path)


def test_the_page_names_tests_for_the_invariants():
    assert len(NAMED_TESTS) > 20


@pytest.mark.parametrize(("file", "name"), NAMED_TESTS)
def test_every_test_that_the_page_names_is_there(file: str, name: str):
    assert name in {each.name for each in tree(ROOT / file).body if isinstance(each, ast.FunctionDef)}


# Logs, which grow line by line, and files in folders that nobody else sees: temporary ones, and the service's own.
WRITES_IN_PLACE = {
    "benchmarking/running.py": "a log",
    "training/log.py": "a log",
    "inspection/webhook.py": "a log",
    "inspection/job/shards.py": "a shard, whose cut lines are no lines",
    "inspection/job/merging.py": "a folder that appears when it is whole",
    "inspection/writing.py": "two files that an ExitStack renames",
    "serving/learning/process.py": "a log",
    "serving/exporting.py": "a temporary folder",
    "serving/jobs/unpacking.py": "a temporary folder",
    "serving/learning/importing.py": "a temporary folder",
    "serving/learning/label_files.py": "a temporary folder",
    "serving/learning/reviewed.py": "a folder that appears when it is whole",
    "files.py": "what writes all others",
}
_APPEARING = {"replacing", "appearing", "TemporaryDirectory", "writing_findings"}
_WRITING = {"write_text", "write_bytes", "savefig", "copyfile", "imwrite", "save_model", "savez", "to_csv"}


def writes(node: ast.AST, is_safe: bool = False) -> Iterator[int]:
    """Lines that write a file under its own name: outside of a block whose file or folder is renamed when it ends."""
    for child in ast.iter_child_nodes(node):
        safe = is_safe
        if isinstance(child, ast.With):
            safe |= any(name in ast.unparse(item) for item in child.items for name in _APPEARING)
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Attribute) and not safe:
            modes = [each.value for each in child.args if isinstance(each, ast.Constant)]
            opens = child.func.attr == "open" and any(re.fullmatch(r"[wax]b?", str(mode)) for mode in modes)
            if opens or child.func.attr in _WRITING:
                yield child.lineno
        yield from writes(child, safe)


def test_every_file_is_written_beside_its_target_and_renamed():
    found = {name: list(writes(module)) for name, module in modules()}
    assert {name for name, at in found.items() if at} <= set(WRITES_IN_PLACE), {
        name: at for name, at in found.items() if at and name not in WRITES_IN_PLACE
    }


_UNITS = re.compile(r"(^|_)(px|mm|m|m2|mm2|s|steps|deg|days|mb|gb|bytes|levels?)(_|$)", re.IGNORECASE)
_SIZES = re.compile(
    r"(^|_)(width|height|length|radius|side|distance|margin|stride|spacing|diameter|thickness|duration|timeout|interval"
    r"|size|area)$"
)
# Numbers that are no quantity: how many there are, a side of an image by its name, a place in a file.
COUNTS = {"batch_size", "memory_size", "on_border(side)", "Stored.length"}
# Quantities whose unit stands elsewhere.
UNIT_ELSEWHERE = {
    "cli": "the kind of an option's value",
    "reports": "drawn in points of the page, or in the unit of the report",
    "CrackChange.length": "a field of its own",
    "Change.length": "a field of its own",
    "TrackPoint.length": "a field of its own",
    "TrackPoint.width": "a field of its own",
    "Proposal.rank_distance": "a difference of ranks",
    "Box.height": "a rectangle of pixels",
    "Box.width": "a rectangle of pixels",
    "Layout.height": "samples of a page",
    "Layout.width": "samples of a page",
}
# Of networks: numbers of channels, distances between features, sides in pixels or time steps alike.
_OF_NETWORKS = re.compile(r"(width|radius|size)\)?$")


def sizes_without_unit(module: ast.Module) -> Iterator[str]:
    """Public numeric fields, and public functions' numeric parameters, that are named like a size and say no unit."""
    for node in module.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            fields = [each for each in node.body if isinstance(each, ast.AnnAssign)]
            for field in fields:
                if is_a_size(ast.unparse(field.target), field.annotation):
                    yield f"{node.name}.{ast.unparse(field.target)}"
            functions = [each for each in node.body if isinstance(each, ast.FunctionDef)]
        else:
            functions = [node] if isinstance(node, ast.FunctionDef) else []
        for function in functions:
            if not function.name.startswith("_"):
                for each in (*function.args.args, *function.args.kwonlyargs):
                    if each.annotation is not None and is_a_size(each.arg, each.annotation):
                        yield f"{function.name}({each.arg})"


def is_a_size(name: str, annotation: ast.expr) -> bool:
    is_number = re.fullmatch(r"(int|float)( \| None)?", ast.unparse(annotation).strip("'\""))
    return bool(
        is_number
        and name not in COUNTS
        and _SIZES.search(name)
        and not _UNITS.search(name)
        and not name.startswith("_")
    )


def test_units_are_in_names():
    found = {
        f"{name}: {one}"
        for name, module in modules()
        if name.partition("/")[0] not in UNIT_ELSEWHERE
        for one in sizes_without_unit(module)
        if not (name.startswith("methods/") and _OF_NETWORKS.search(one))
        if one not in UNIT_ELSEWHERE and one not in COUNTS
    }
    assert not found, "\n".join(sorted(found))
