"""Images whose scale was asked for and could not be told: counted, and said where a run ends and a report begins."""

from __future__ import annotations

from dataclasses import dataclass

from blemish.findings import Finding
from blemish.reports.messages import Messages


@dataclass(slots=True)
class ScaleCount:
    """How many images with an answer have a scale, and how many have none."""

    known: int = 0
    unknown: int = 0

    def add(self, image: Finding) -> None:
        """Count an image; one without an answer counts for neither."""
        if image.error is None:
            self.known += image.scale is not None
            self.unknown += image.scale is None

    def said(self, scale: str | None, lang: Messages | None = None) -> str | None:
        """A sentence where images lack the scale that was asked for; None where all is well.

        Args:
            scale: how it was given, in words; None where none was.
            lang: the language; None for English.
        """
        t = lang or Messages()
        if scale is None or not self.unknown:
            return None
        if not self.known:
            return t(
                "No image tells its scale by {scale}: all sizes are in pixels. The notes on each image say why.",
                scale=t.quoted(scale),
            )
        return t(
            "{images} of {all} without a scale by {scale}: their sizes are in pixels. The notes on each image say why.",
            images=t.images(self.unknown),
            all=self.known + self.unknown,
            scale=t.quoted(scale),
        )
