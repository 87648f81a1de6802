"""Every error as one sentence with an exit code."""

from __future__ import annotations

import errno
from dataclasses import dataclass

from blemish.cli import stopping
from blemish.cli.exit_codes import ExitCode
from blemish.errors import BlemishError, install_hint
from blemish.text import printable

# Which extra brings a package, by the name that is imported.
EXTRA_OF = {
    "torch": "train",
    "torchvision": "train",
    "lightning": "train",
    "timm": "train",
    "segmentation_models_pytorch": "train",
    "safetensors": "train",
    "huggingface_hub": "train",
    "onnx": "train",
    "onnxscript": "train",
    "matplotlib": "train",
    "fastapi": "serve",
    "uvicorn": "serve",
    "python_multipart": "serve",
    "sqlalchemy": "serve",
    "alembic": "serve",
    "prometheus_client": "serve",
    "httpx": "client",
    "ray": "ray",
    "fsspec": "remote",
    "aiohttp": "remote",
    "pypdfium2": "pdf",
    "openvino": "openvino",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """How a command ends that could not do its work."""

    sentence: str
    exit_code: int


def failure_of(error: BaseException) -> Failure:
    """What to tell the person at the keyboard about ``error``."""
    match error:
        case KeyboardInterrupt():
            return Failure(printable(str(error)) or stopping.STOPPED, stopping.exit_code())
        case _ if stopping.was_stopped():
            return Failure(stopping.STOPPED, stopping.exit_code())
        case BlemishError():
            return Failure(f"Error: {printable(str(error))}", ExitCode.BAD_INPUT)
        case ModuleNotFoundError(name=str(name)) if name.partition(".")[0] in EXTRA_OF:
            package = name.partition(".")[0]
            return Failure(
                f'Error: This needs the package "{package}", which is not installed: '
                f"{install_hint(EXTRA_OF[package])}.",
                ExitCode.BAD_INPUT,
            )
        case OSError():
            return Failure(f"Error: {_about_file(error)}", ExitCode.BAD_INPUT)
        case MemoryError():
            return Failure("Error: Memory ran out; use smaller images or fewer threads.", ExitCode.BAD_INPUT)
    return Failure(
        f"Error: blemish failed where it should not ({type(error).__name__}: {printable(str(error))}); "
        "`blemish --debug …` shows where, please report it.",
        ExitCode.FAULT,
    )


def _about_file(error: OSError) -> str:
    reason = error.strerror or str(error)
    if error.errno == errno.ENOSPC:
        remedy = "free some space and run it again"
    elif error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
        remedy = "choose a place that you may read and write"
    else:
        remedy = "check the path"
    return f'"{error.filename}": {reason}; {remedy}.' if error.filename else f"{reason}; {remedy}."
