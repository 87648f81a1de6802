"""The methods by name: those of this package, and those of other distributions.

A module anywhere below ``blemish.methods`` adds a method by decorating its class with `register`; another distribution
does so by naming such a module in the entry-point group ``blemish.methods``.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TypeVar

from blemish.errors import SettingsError, did_you_mean
from blemish.methods.contract import Candidate, LearnsFrom, Method, MethodInfo

_REGISTRY: dict[str, type[Method]] = {}

_M = TypeVar("_M", bound=type[Method])


def register(
    name: str,
    *,
    learns_from: LearnsFrom,
    localises: bool,
    finds_cracks: bool = False,
    candidates: Sequence[Candidate] = (),
) -> Callable[[_M], _M]:
    """Class decorator: make a method known under ``name``. The arguments are those of `MethodInfo`."""

    def add(method: _M) -> _M:
        known = _REGISTRY.get(name)
        if known is not None and known.__module__ != method.__module__:
            raise SettingsError(f'Two methods are called "{name}": {known.__module__} and {method.__module__}.')
        summary = (method.__doc__ or "").strip().splitlines()[0]
        method.info = MethodInfo(
            name=name,
            learns_from=learns_from,
            localises=localises,
            on_series=method.on_series,
            exportable=method.exportable,
            finds_cracks=finds_cracks,
            candidates=tuple(replace(candidate, method=name) for candidate in candidates),
            summary=summary,
        )
        _REGISTRY[name] = method
        return method

    return add


def method_names() -> list[str]:
    """Every known method's name, sorted."""
    _import_all()
    return sorted(_REGISTRY)


def get_method(name: str) -> type[Method]:
    """The method called ``name``. Raises SettingsError with a suggestion when there is none."""
    _import_all()
    if name not in _REGISTRY:
        raise SettingsError(f'There is no method "{name}".{did_you_mean(name, _REGISTRY)}')
    return _REGISTRY[name]


@cache
def _import_all() -> None:
    for module in pkgutil.walk_packages([str(Path(__file__).parent)], "blemish.methods."):
        importlib.import_module(module.name)
    for entry in entry_points(group="blemish.methods"):
        entry.load()
