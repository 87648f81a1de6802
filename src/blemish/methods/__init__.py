"""The published methods, one file each, behind one contract."""

from blemish.methods.contract import (
    Candidate,
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
    "Candidate",
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
