"""anomalib on the CPU and without its log; imported by what anomalib's own virtual environment runs."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

warnings.filterwarnings("ignore")


def cpu_engine(folder: Path, **options: Any) -> Any:
    """Its `Engine` with one CPU device, and ``folder`` for what it writes."""
    from anomalib.engine import Engine

    for name in ("lightning", "anomalib", "lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return Engine(
        accelerator="cpu",
        devices=1,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=str(folder),
        **options,
    )
