"""Scale and grades as a request gives them: numbers and names, never files of the server."""

from __future__ import annotations

from blemish.detectors import Measuring
from blemish.errors import did_you_mean
from blemish.measurement.grades import shipped_grades
from blemish.serving.refusals import RefusalError


def measuring_of(mm_per_px: float | None, grades: str | None, *, cracks: bool | None) -> Measuring:
    """What is measured.

    Args:
        mm_per_px: millimetres per pixel; None: sizes in pixels.
        grades: the name of a grade scale that comes with blemish.
        cracks: as in `Measuring`.

    Raises:
        RefusalError: there are no such grades.
        SettingsError: grades without a scale, or an absurd scale.
    """
    if grades is not None and grades not in shipped_grades():
        raise RefusalError(422, f'There is no grade scale "{grades}".{did_you_mean(grades, shipped_grades())}')
    return Measuring.of(mm_per_px, grades, cracks=cracks)
