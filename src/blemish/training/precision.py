"""How numbers are kept while training: bfloat16 where the processor has it, float32 elsewhere."""

from __future__ import annotations

from typing import Literal

import torch

from blemish.cpu import cpu_flags

Precision = Literal["32-true", "bf16-mixed"]

# Without one of these, bfloat16 is emulated on the CPU and slower than float32.
_BF16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}


def best_precision() -> Precision:
    """``bf16-mixed`` where the accelerator or the CPU computes it natively, else ``32-true``."""
    if torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "32-true"
    return "bf16-mixed" if _BF16_FLAGS & cpu_flags() else "32-true"
