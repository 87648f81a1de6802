"""A self-contained HTML page of inspected images: pictures inside, no network, no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from numpy.typing import NDArray

from blemish.files import write_text
from blemish.reports.pictures import data_uri


@dataclass(frozen=True, slots=True)
class Card:
    """One image on the page.

    Attributes:
        title: the image's name.
        pictures: caption -> uint8 RGB (H, W, 3), side by side.
        verdict: ``pass``, ``review``, ``reject`` or None: sets the colour.
        facts: what is said below the pictures, name -> value.
    """

    title: str
    pictures: Mapping[str, NDArray[np.uint8]]
    verdict: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


def write_picture_page(
    target: Path,
    *,
    title: str,
    lead: str,
    paragraphs: Sequence[str],
    metrics: Mapping[str, str],
    cards: Sequence[Card],
) -> None:
    """Write the page, whole or not at all.

    Args:
        target: the ``.html`` file.
        title: heading.
        lead: the sentence below it, set off: what a reader must know before looking at anything.
        paragraphs: plain text after the pictures.
        metrics: name -> value, in large type.
        cards: images in order.

    Raises:
        BlemishError: the file cannot be written.
    """
    environment = Environment(loader=PackageLoader("blemish.reports"), autoescape=True, undefined=StrictUndefined)
    environment.filters["data_uri"] = data_uri
    template = environment.get_template("picture_page.html")
    write_text(
        target, template.render(title=title, lead=lead, paragraphs=paragraphs, metrics=metrics, cards=cards) + "\n"
    )
