"""A plan that is written before any test image is scored, and the comparison of what was run with it.

``blemish benchmark … --freeze plan.toml`` writes the contenders with every setting, the data sets with the fingerprint
of their images and split, the seeds and what will be compared, with a SHA-256 over all of it and how often each test
split had been opened by then. The same command later finds the file, keeps it, and says in the table whether what was
run is what was planned.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from blemish.benchmarking.comparing import COMPARED, CONFIDENCE
from blemish.benchmarking.contenders import Contender
from blemish.errors import DataError
from blemish.files import write_text

_HASH = "sha256"
_HEAD = "# What a benchmark will run, written before it scored any test image. Do not edit: the hash would tell.\n"
# So many changes are named in the table.
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan in a file, beside what is being run.

    Attributes:
        file: the plan.
        digest: its SHA-256, of the contents and not the file.
        written: when, UTC.
        changes: where what is being run departs from it, a phrase each.
        edited: whether the file was changed after it was written.
        opened: how often each test split had been opened when it was written, by data set.
    """

    file: Path
    digest: str
    written: str
    changes: tuple[str, ...]
    edited: bool
    opened: Mapping[str, int]

    def sentence(self, unfinished: int) -> str:
        """For the table.

        Args:
            unfinished: planned runs that are not finished.
        """
        before = ", ".join(f"{name} {count}" for name, count in self.opened.items())
        said = f"Plan {self.file.name}, SHA-256 {self.digest}, written {self.written}; test splits opened by then: "
        said += f"{before}."
        if self.edited:
            return f"{said} It was edited afterwards, and says nothing."
        if self.changes:
            others = len(self.changes) - _NAMED
            named = "; ".join(self.changes[:_NAMED]) + (f"; and {others} more" if others > 0 else "")
            return f"{said} Not kept: {named}."
        return f"{said} Kept so far, {unfinished} runs unfinished." if unfinished else f"{said} Kept."


def freeze(file: Path, contenders: Sequence[Contender], data: Mapping[str, Any], seeds: Sequence[int]) -> Plan:
    """Write the plan, or where there is one already compare with it.

    Args:
        file: TOML file.
        contenders: what is being run.
        data: by name, ``fingerprint``, ``test_images`` and ``opened_before`` of each data set.
        seeds: of everything random.

    Raises:
        DataError: the file is no plan.
        BlemishError: it cannot be written.
    """
    plan = {
        "written": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "blemish": version("blemish"),
        "seeds": list(seeds),
        "compared": list(COMPARED),
        "confidence": CONFIDENCE,
        "contenders": {one.name: {"method": one.method, "settings": _plain(one.settings)} for one in contenders},
        "data": {name: dict(values) for name, values in data.items()},
    }
    if not file.exists():
        write_text(file, _HEAD + f"{_HASH} = {json.dumps(_digest(plan))}\n" + "\n".join(_toml(plan)) + "\n")
    kept = _read(file)
    digest = kept.pop(_HASH)
    return Plan(
        file=file,
        digest=digest,
        written=kept["written"],
        changes=tuple(_changes(_planned(kept), _planned(plan))),
        edited=digest != _digest(kept),
        opened={name: values["opened_before"] for name, values in kept["data"].items()},
    )


def _read(file: Path) -> dict[str, Any]:
    try:
        plan = tomllib.loads(file.read_text(encoding="utf-8"))
        texts, counts = (plan[_HASH], plan["written"]), [values["opened_before"] for values in plan["data"].values()]
        if not (all(isinstance(one, str) for one in texts) and all(isinstance(one, int) for one in counts)):
            raise TypeError("values of other kinds")
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise DataError(
            f'"{file}" is no plan of a benchmark; name a file that --freeze wrote, or a new one.'
        ) from error
    return plan


def _planned(plan: Mapping[str, Any]) -> dict[str, Any]:
    """What counts as the plan: neither when it was written nor how often the splits had been opened by then."""
    data = {name: {k: v for k, v in values.items() if k != "opened_before"} for name, values in plan["data"].items()}
    return {**{key: value for key, value in plan.items() if key != "written"}, "data": data}


def _changes(planned: Mapping[str, Any], run: Mapping[str, Any], place: str = "") -> list[str]:
    found = []
    for key in dict.fromkeys([*planned, *run]):
        name = f"{place}.{key}" if place else str(key)
        if key not in run:
            found.append(f"{name} was left out")
        elif key not in planned:
            found.append(f"{name} was added")
        elif isinstance(planned[key], dict) and isinstance(run[key], dict):
            found += _changes(planned[key], run[key], name)
        elif planned[key] != run[key]:
            found.append(f"{name} was {planned[key]}, is {run[key]}")
    return found


def _digest(plan: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(plan, sort_keys=True, ensure_ascii=True).encode("ascii")).hexdigest()


def _plain(value: Any) -> Any:
    """Without settings that are not set, for which TOML has no value."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items() if one is not None}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value if one is not None]
    return value


def _toml(table: Mapping[str, Any], place: tuple[str, ...] = ()) -> list[str]:
    """Lines of a table: its plain values, then the tables in it. JSON's strings, numbers and lists are TOML's, too."""
    lines = [f"\n[{'.'.join(map(_value, place))}]"] if place else []
    inner = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    lines += [f"{_value(key)} = {_value(value)}" for key, value in table.items() if key not in inner]
    return lines + [line for key, value in inner.items() for line in _toml(value, (*place, key))]


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_value(key)} = {_value(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
