"""What a shell offers after Tab: names of detectors, methods and recipes, data layouts. Files are the shell's own."""

from __future__ import annotations

from pathlib import Path


def detector_names(incomplete: str) -> list[str]:
    """Bundled detectors, and the detector files and folders that the word may go on with."""
    from blemish.bundled import bundled_detectors

    folder = Path(incomplete) if incomplete.endswith("/") else Path(incomplete).parent
    prefix = "" if folder == Path() else f"{str(folder).rstrip('/')}/"
    found = [name for name in bundled_detectors() if name.startswith(incomplete)]
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        entries = []
    for entry in entries:
        name = prefix + entry.name
        if name.startswith(incomplete) and not entry.name.startswith("."):
            if entry.suffix == ".blemish":
                found.append(name)
            elif entry.is_dir():
                found.append(f"{name}/")
    return found


def method_names(incomplete: str) -> list[tuple[str, str]]:
    """Methods and recipes, with what they do."""
    from blemish.cli.methods import read_catalogue

    known = read_catalogue()
    found = {method["name"]: method["summary"] for method in known["methods"]}
    found |= {recipe: f"recipe of {method}" for recipe, method in known["recipes"].items() if recipe not in found}
    return [(name, summary) for name, summary in found.items() if name.startswith(incomplete)]


def layout_names(incomplete: str) -> list[str]:
    """Layouts of data sets."""
    from blemish.datasets.readers.registry import LAYOUTS

    return [layout.name for layout in LAYOUTS if layout.name.startswith(incomplete)]


def format_names(incomplete: str) -> list[str]:
    """Formats of a report."""
    from blemish.reports.exports import FORMATS

    return [name for name in FORMATS if name.startswith(incomplete)]


def grade_names(incomplete: str) -> list[str]:
    """Grade scales that come with blemish."""
    from blemish.measurement.grades import shipped_grades

    return [name for name in shipped_grades() if name.startswith(incomplete)]


def arrangement_names(incomplete: str) -> list[str]:
    """Arrangements of parts that can be drawn."""
    from blemish.synthesis.arrangements import ARRANGEMENTS

    return [name for name in ARRANGEMENTS if name.startswith(incomplete)]
