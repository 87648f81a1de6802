"""``inspection.json``: what an inspection was, beside the findings that came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from blemish.errors import DataError
from blemish.files import write_text

RUN_NAME = "inspection.json"


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
    """

    blemish: str
    date: str
    folder: str
    detector: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    grades: Mapping[str, Any] | None = None

    def write(self, folder: Path) -> None:
        """Write ``inspection.json`` into ``folder``.

        Raises:
            BlemishError: the folder cannot be written to.
        """
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False)
        write_text(folder / RUN_NAME, text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")


def read_run(folder: Path) -> RunRecord | None:
    """What `RunRecord.write` wrote; None where nothing was written.

    Raises:
        DataError: the file is damaged.
    """
    path = Path(folder) / RUN_NAME
    try:
        record = json.loads(path.read_bytes())
        return RunRecord(**record)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(f'Cannot read "{path}": {error.strerror}.') from error
    except (ValueError, TypeError) as error:
        raise DataError(f'"{path}" is not the record of an inspection; inspect again, or delete it.') from error
