"""The names of `blemish` itself: on one screen, lazy, documented with examples that run."""

from __future__ import annotations

import doctest
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import blemish
from blemish.errors import install_hint

VERBS = ["benchmark", "calibrate", "evaluate", "export", "inspect", "load", "measure", "reproduce", "train"]
WITHOUT_TORCH = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "torchvision", "lightning", "timm", "onnx", "matplotlib"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocked())
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "code",
    [
        *(f"import blemish; assert hasattr(blemish, {name!r})" for name in VERBS),
        "import blemish; help(blemish)",
        "import pydoc, blemish; pydoc.render_doc(blemish)",
        "from blemish import *; inspect, train",
        "import blemish; assert set(blemish.__all__) <= set(dir(blemish))",
    ],
)
def test_asking_for_names_raises_nothing_on_the_using_side(code: str):
    done = run(WITHOUT_TORCH + code)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["train", "benchmark", "reproduce"])
def test_calling_what_is_not_installed_names_the_extra(name: str):
    call = f"import blemish\ntry: blemish.{name}()\nexcept blemish.BlemishError as error: print(error)"
    done = run(WITHOUT_TORCH + call)
    assert done.stdout == f"blemish.{name} needs the learning side: {install_hint('train')}.\n", done.stderr


def test_a_name_that_is_not_there_is_an_attribute_error():
    assert not hasattr(blemish, "teach")


@pytest.mark.parametrize("name", ["inspect", "measure", "evaluate", "calibrate", "export"])
def test_the_examples_of_a_verb_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    verb = getattr(blemish, name)
    examples = doctest.DocTestFinder(recurse=False).find(verb, name)
    assert any(not example.options.get(doctest.SKIP) for test in examples for example in test.examples)
    results = [doctest.DocTestRunner().run(test) for test in examples]
    assert sum(result.attempted for result in results) > 1
    assert sum(result.failed for result in results) == 0


def test_the_example_of_the_package_runs():
    assert doctest.testmod(blemish).failed == 0


@pytest.mark.parametrize("name", ["inspect", "measure", "evaluate", "calibrate", "export"])
def test_every_parameter_of_a_verb_is_documented(name: str):
    verb = getattr(blemish, name)
    arguments = (inspect.getdoc(verb) or "").partition("Args:")[2].partition("Raises:")[0]
    assert [parameter for parameter in inspect.signature(verb).parameters if parameter not in arguments] == []
