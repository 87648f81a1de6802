"""The published methods, one file each, behind one contract."""

from blemish.methods.contract import (
    DivergedError,
    FittedMethod,
    GradientMethod,
    GradientSettings,
    LoadWeights,
    Method,
    MethodInfo,
    MethodSettings,
)
from blemish.methods.registry import get_method, method_names, register

__all__ = [
    "DivergedError",
    "FittedMethod",
    "GradientMethod",
    "GradientSettings",
    "LoadWeights",
    "Method",
    "MethodInfo",
    "MethodSettings",
    "get_method",
    "method_names",
    "register",
]
