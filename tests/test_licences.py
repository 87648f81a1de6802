"""What an installation brings along is permissively licensed, all the way down."""

from __future__ import annotations

import re
from importlib import metadata

import pytest
from packaging.requirements import Requirement

# Libraries that are used as they are, by linking at run time: named in pyproject.toml where they are asked for.
_COPYLEFT = re.compile(r"\b(A?GPL|Affero|GNU General Public)", re.IGNORECASE)
_LIBRARY_LICENCE = re.compile(r"\bL(?:esser )?GPL|Lesser General Public|Library General Public", re.IGNORECASE)


def closure(
    name: str, extras: frozenset[str], found: dict[str, metadata.Distribution]
) -> dict[str, metadata.Distribution]:
    """A package and all that it requires here, by name."""
    found[name] = distribution = metadata.distribution(name)
    for text in distribution.requires or ():
        required = Requirement(text)
        wanted = [{"extra": extra} for extra in extras] or [{"extra": ""}]
        if required.marker is not None and not any(required.marker.evaluate(each) for each in wanted):
            continue
        if required.name.lower() not in {each.lower() for each in found}:
            try:
                closure(required.name, frozenset(required.extras), found)
            except metadata.PackageNotFoundError:
                pytest.fail(f"{name} requires {required.name}, which is not installed")
    return found


def licence(distribution: metadata.Distribution) -> str:
    """What a package says of its licence: the expression, else the classifiers, else the first line of the text."""
    about = distribution.metadata
    classifiers = [each for each in about.get_all("Classifier") or () if each.startswith("License ::")]
    return about.get("License-Expression") or "; ".join(classifiers) or (about.get("License") or "").partition("\n")[0]


@pytest.mark.parametrize(
    "extras", [(), ("serve",), ("client",), ("postgres",), ("report",)], ids=lambda e: "+".join(e) or "none"
)
def test_the_using_side_brings_no_copyleft(extras: tuple[str, ...]):
    brought = closure("blemish", frozenset(extras), {})
    stated = {name: licence(distribution) for name, distribution in brought.items()}
    assert len(stated) > 10
    assert not [name for name, text in stated.items() if not text], "says nothing of its licence"
    refused = {name: text for name, text in stated.items() if _COPYLEFT.search(_LIBRARY_LICENCE.sub("", text))}
    assert not refused


@pytest.mark.parametrize(
    ("text", "copyleft"),
    [
        ("GPL-3.0-or-later", True),
        ("License :: OSI Approved :: GNU General Public License v3 (GPLv3)", True),
        ("AGPL-3.0", True),
        ("GNU Affero General Public License", True),
        ("LGPL-3.0", False),
        ("Apache-2.0 AND MIT", False),
        ("BSD-3-Clause", False),
    ],
)
def test_copyleft_is_recognised(text: str, copyleft: bool):
    assert bool(_COPYLEFT.search(_LIBRARY_LICENCE.sub("", text))) is copyleft
