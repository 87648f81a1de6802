"""What a report says, in every language that it is written in.

The English text is the key of a message, so that the code reads like the page. A text that stands in no catalogue is
an error in either language. What others said, as notes of reading and reasons of errors, is looked up in a catalogue
of its own (`Messages.quoted`), and quoted as it stands where that does not know it, as names are.
"""

from __future__ import annotations

from dataclasses import dataclass

from blemish.findings import Language
from blemish.reports.korean import KOREAN
from blemish.reports.translating import in_language

GUIDE = (
    "A grade compares the largest width measured in the image with the scale's steps. It is a guide: it knows neither "
    "the load, nor the depth, nor the cause of a crack, and it replaces no engineer's judgement. Where the uncertainty "
    "of a width reaches over a step, the table of cracks says so."
)
WIDTHS = (
    "A crack's width is the distance between its two edges, square to its centre line, read every pixel along the "
    "line; places where cracks meet are left out. The largest, the 95th percentile and the mean are taken over those "
    "places. ± is the uncertainty of any single width: never less than half a pixel, more where two ways of measuring "
    "disagree, and with the scale's own uncertainty in it. The largest width of an image, an element or the whole is "
    "chosen among widths whose ± is at most half of them. Lengths follow the centre line. Angles are counted from the "
    "image's horizontal, counter-clockwise."
)
LIMITS = (
    "Components that fit into 8 × 8 px are not measured. Whether an outline is a crack at all was decided by the "
    "detector: a joint, a root or a cable can be taken for one, and what it overlooks is in no table."
)


@dataclass(frozen=True, slots=True)
class Messages:
    """The messages of one language: ``t = Messages("ko"); t("{count} images", count=3)``."""

    lang: Language = "en"

    def __call__(self, text: str, **values: object) -> str:
        """A message with its values. Raises KeyError for a text that no catalogue holds."""
        korean = KOREAN[text]
        said = text if self.lang == "en" else korean
        return said.format(**values) if values else said

    def quoted(self, text: str | None) -> str:
        """What others said: a note, a reason, the label of a grade; empty for None."""
        return in_language(text or "", self.lang)

    def images(self, count: int) -> str:
        """So many images."""
        return self("1 image") if count == 1 else self("{count} images", count=f"{count:,}")
