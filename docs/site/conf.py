"""The manual as a site (Sphinx): `make site` builds it into build/site, to be read and searched without a network.

The source folder is the repository, so that every link works there as it does on a code host.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from pages import ROOT, command_pages, methods_page, python_page

import blemish
from blemish.files import write_text

project, author, release = "blemish", "The blemish authors", blemish.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
root_doc = "docs/index"
include_patterns = ["*.md", "benchmarks/README.md", "docs/**/*.md", "docs/*.md"]
exclude_patterns = ["docs/tools", "docs/site"]
default_role = "code"
myst_heading_anchors = 4
autodoc_typehints = "description"
autodoc_member_order = "bysource"
napoleon_numpy_docstring = False
suppress_warnings = ["myst.xref_ambiguous"]
html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["tables.css"]
html_title = f"blemish {release}"
html_show_copyright = False

# Drawn from the program at each build, and kept by nobody.
drawn = command_pages() | {"methods.md": methods_page(), "python.md": python_page()}
for path in (ROOT / "docs/drawn").rglob("*.md"):
    if path.relative_to(ROOT / "docs/drawn").as_posix() not in drawn:
        path.unlink()  # of a command that is no more
for name, page in drawn.items():
    target = ROOT / "docs/drawn" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    write_text(target, page)
