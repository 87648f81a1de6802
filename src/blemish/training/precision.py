"""How numbers are kept while training: as asked for, or bfloat16 where the processor has it and float32 elsewhere."""

from __future__ import annotations

from typing import Literal, get_args

import torch

from blemish.cpu import cpu_flags
from blemish.errors import SettingsError, did_you_mean

Precision = Literal["32-true", "bf16-mixed"]
PrecisionName = Literal["auto", "float32", "bfloat16"]

# Without one of these, bfloat16 is emulated on the CPU and slower than float32.
_BF16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}


def precision_named(name: PrecisionName) -> Precision:
    """What is asked for; ``auto`` is `best_precision`. Raises SettingsError on another name."""
    if name not in get_args(PrecisionName):
        raise SettingsError(f'There is no precision "{name}".{did_you_mean(name, get_args(PrecisionName))}')
    return best_precision() if name == "auto" else "32-true" if name == "float32" else "bf16-mixed"


def best_precision() -> Precision:
    """``bf16-mixed`` where the accelerator or the CPU computes it natively, else ``32-true``."""
    if torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "32-true"
    return "bf16-mixed" if _BF16_FLAGS & cpu_flags() else "32-true"
