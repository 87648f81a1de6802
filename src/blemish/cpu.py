"""What this machine's processor offers."""

from __future__ import annotations

import os
import platform
import re
from functools import cache
from pathlib import Path


@cache
def cpu_flags() -> frozenset[str]:
    """Instruction-set flags as Linux names them (``avx2``, ``avx512_bf16``, …); empty where they cannot be read."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip().lower() in {"flags", "features"}:
            return frozenset(value.split())
    return frozenset()


@cache
def cpu_name() -> str | None:
    """The processor's model name; None where the system does not tell."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or None
    name = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return name[1] if name else None


def images_at_once(images: int, threads: int | None = None) -> int:
    """How many of so many images to score side by side: small graphs leave cores idle when several share one image.

    At most four, since each holds an image, its map and the graph's buffers in memory.
    """
    return max(1, min(images, threads or available_threads(), 4))


def available_threads() -> int:
    """Cores that this process may use, lowered by ``OMP_NUM_THREADS`` where it is set to a positive number."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores, int(wanted)) if wanted.isdigit() and int(wanted) > 0 else cores
