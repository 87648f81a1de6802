"""``inspection.json``: what an inspection was, beside the findings that came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from blemish.errors import DataError
from blemish.files import RUN_RECORD_NAME, write_text

# Raised when findings change so that older versions would misread them.
SCHEMA_VERSION = 1
_KINDS = {"blemish": str, "date": str, "folder": str, "detector": dict, "settings": dict}


@dataclass(frozen=True, slots=True)
class RunRecord:
    """Where findings come from.

    Attributes:
        blemish: version that inspected.
        date: when the run ended, ISO 8601 with the time zone.
        folder: the folder that relative paths in the findings start from.
        detector: name of the file under ``file``, and what the detector says about itself.
        settings: options of the run, as the command line names them.
        grades: the grade scale that was asked for, as data; None without one.
        schema_version: of this file and the findings beside it.
    """

    blemish: str
    date: str
    folder: str
    detector: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    grades: Mapping[str, Any] | None = None
    schema_version: int = SCHEMA_VERSION

    def write(self, folder: Path) -> None:
        """Write ``inspection.json`` into ``folder``.

        Raises:
            BlemishError: the folder cannot be written to.
        """
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False)
        write_text(folder / RUN_RECORD_NAME, text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")


def read_run(folder: Path) -> RunRecord | None:
    """What `RunRecord.write` wrote; None where nothing was written.

    Raises:
        DataError: the file is damaged, or a newer version wrote it.
    """
    path = Path(folder) / RUN_RECORD_NAME
    try:
        record = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(
            f'Cannot read "{path}": {error.strerror}; give a folder that "blemish inspect" wrote.'
        ) from error
    except (ValueError, RecursionError) as error:
        raise _damaged(path, "it is not JSON") from error
    if not isinstance(record, dict):
        raise _damaged(path, "it is no JSON object")
    version = record.get("schema_version", SCHEMA_VERSION)
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise DataError(
            f'"{path}" was written by a newer blemish (schema {version}, this one reads up to {SCHEMA_VERSION}); '
            "upgrade with: pip install -U blemish."
        )
    for name, kind in _KINDS.items():
        if not isinstance(record.get(name), kind):
            raise _damaged(path, f'"{name}" is missing or of another type')
    return RunRecord(**{name: record[name] for name in _KINDS}, grades=record.get("grades"))


def _damaged(path: Path, reason: str) -> DataError:
    return DataError(f'"{path}" is not the record of an inspection ({reason}); inspect again, or delete it.')
