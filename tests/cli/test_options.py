"""Options read and mean the same in every verb: a group, a text and a kind of value each, declared once."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

import pytest
from typer.main import get_command

from blemish.cli import panels
from blemish.cli.app import app

# What these take, or do with it, is each verb's own matter; all others mean the same wherever they stand.
OF_THE_VERB = {"--data", "--out"}
# The same word for different things: a window of pixels and of time steps, a number of faults and the column of faults.
# They stand in different groups, and a new one is a mistake.
TWO_MEANINGS = {
    "--window": {panels.THRESHOLDS, panels.TRAINING},
    "--faults": {panels.INPUT, panels.DRAWING},
    "--every": {panels.INPUT, panels.FRAMES},
    "--train": {panels.TRAINING, panels.DRAWING},
    "--store": {panels.INPUT, panels.OUTPUT},
    "--surface": {panels.THRESHOLDS, panels.DRAWING},
    "--seed": {panels.INPUT, panels.TRAINING, panels.DRAWING},
}
# Several detectors side by side.
REPEATED = {"--detector": {"serve"}}


def verbs(group: Any = None, path: str = "") -> dict[str, Any]:
    """Every verb by its full name."""
    found: dict[str, Any] = {}
    for name, command in (group or get_command(app)).commands.items():
        below = f"{path} {name}".strip()
        found |= verbs(command, below) if hasattr(command, "commands") else {below: command}
    return found


VERBS = verbs()


def options(verb: str) -> list[Any]:
    return [each for each in VERBS[verb].params if each.param_type_name == "option"]


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_has_a_text_and_a_group_and_every_value_a_kind(verb: str):
    for each in options(verb):
        assert each.help, each.opts
        assert each.help.endswith("."), each.help
        assert each.rich_help_panel in panels.ORDER, each.opts
        assert each.is_flag or re.fullmatch(r"[A-Z0-9,…:/=| ]+|[a-z0-9|-]+", each.metavar), (each.opts, each.metavar)
    for each in VERBS[verb].params:
        if each.param_type_name == "argument":
            assert each.help, each.name
            assert re.fullmatch(r"[A-Z]+|[a-z|]+", each.metavar), each.metavar


@pytest.mark.parametrize("verb", VERBS)
def test_help_shows_no_type_of_python_and_no_option_without_a_group(blemish, verb: str):
    shown = blemish(*verb.split(), "--help").stdout
    assert not re.search(r"[<>{}](?!=)", shown)
    groups = re.findall(r"^(\S.*):$", shown, re.MULTILINE)
    assert groups == sorted(groups, key=[*panels.ORDER, "Examples"].index)


def test_an_option_means_the_same_and_stands_in_the_same_group_in_every_verb():
    declared: dict[str, dict[tuple[str, str], list[str]]] = defaultdict(lambda: defaultdict(list))
    for verb in VERBS:
        for each in options(verb):
            if verb not in REPEATED.get(each.opts[0], ()):
                declared[each.opts[0]][each.help, each.rich_help_panel].append(verb)
    for name, meanings in declared.items():
        if name in TWO_MEANINGS:
            assert {panel for _, panel in meanings} == TWO_MEANINGS[name], name
        elif name in OF_THE_VERB:
            assert len({panel for _, panel in meanings}) == 1, name
        else:
            assert len(meanings) == 1, (name, dict(meanings))
