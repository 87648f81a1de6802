"""The list of deliberate faults (benchmarks/faults) still fits the code: cheap to check, so that it cannot rot."""

from __future__ import annotations

import ast
import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]


def load() -> Any:
    spec = importlib.util.spec_from_file_location("mutations", ROOT / "benchmarks" / "mutations.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutations"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


mutations = load()
FAULTS = mutations.read_faults()


def test_every_fault_still_has_its_text_in_the_code():
    """Once, and what results is still Python or YAML."""
    for fault in FAULTS:
        source = (ROOT / fault.file).read_text(encoding="utf-8")
        faulty = fault.applied(source)
        assert faulty != source, fault
        assert ast.parse(faulty) if fault.file.endswith(".py") else yaml.safe_load(faulty)


def test_faults_that_change_nothing_still_fit_the_code_and_have_a_reason():
    listed = yaml.safe_load((ROOT / "benchmarks" / "equivalent_faults.yaml").read_text(encoding="utf-8"))
    for file, faults in listed.items():
        source = (ROOT / file).read_text(encoding="utf-8")
        for fault in faults:
            assert fault["because"]
            assert ast.parse(mutations.Fault(file, fault["fault"], fault["text"], fault["instead"], ()).applied(source))


def test_every_fault_names_tests_that_exist():
    for test in sorted({test for fault in FAULTS for test in fault.tests}):
        file, _, name = test.partition("::")
        if not name:
            assert (ROOT / file).exists(), test
            continue
        assert f"def {name.partition('[')[0]}" in (ROOT / file).read_text(encoding="utf-8"), test


def test_no_fault_is_listed_twice():
    assert len({(fault.file, fault.text, fault.instead) for fault in FAULTS}) == len(FAULTS)


def test_a_text_that_is_gone_or_ambiguous_is_said():
    fault = mutations.Fault("a.py", "a fault", "x", "y", ())
    assert fault.applied("1 x") == "1 y"
    for source, times in (("nothing", 0), ("x x", 2)):
        with pytest.raises(ValueError, match=f"occurs {times} times"):
            fault.applied(source)
