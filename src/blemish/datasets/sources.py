"""Where training images come from: each source with its licence, and which licences let trained weights be shipped."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from blemish.errors import DataError
from blemish.text import encodable

SHIPPING_LICENCES = frozenset(
    {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC-BY-3.0", "CC-BY-4.0", "CC-PDDC", "CC0-1.0", "MIT", "PDDL-1.0"}
)
"""SPDX identifiers of licences that allow weights trained on the images to be given to anyone, with attribution."""

_Text = Annotated[str, BeforeValidator(lambda text: encodable(text) if isinstance(text, str) else text)]


class Source(BaseModel):
    """One source of training images, as the model card lists it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: _Text = Field(min_length=1, description="short name")
    licence: _Text = Field(min_length=1, description="SPDX identifier of the images' licence, or what is known of it")
    attribution: _Text = Field(min_length=1, description="authors, year, identifier: what the licence wants said")
    weight: float = Field(gt=0, description="how much of the training it is, relative to the other sources")
    n_images: int = Field(0, ge=0, description="how many images of it were there to train on")

    def describe(self) -> str:
        """One line for the model card."""
        return f"{self.name}: {self.n_images} images, weight {self.weight:g}. {self.attribution}. {self.licence}"


def unshippable(sources: Iterable[Source]) -> tuple[Source, ...]:
    """Those whose licence does not allow trained weights to be shipped."""
    return tuple(source for source in sources if source.licence not in SHIPPING_LICENCES)


def require_shippable(sources: Iterable[Source]) -> None:
    """Check that weights trained on these sources may be shipped.

    Raises:
        DataError: names the first source that forbids it.
    """
    if refused := unshippable(sources):
        raise DataError(
            f'Weights trained on "{refused[0].name}" ({refused[0].licence}) may not be shipped; leave that source out, '
            f"or keep the detector to yourself. Licences that allow it: {', '.join(sorted(SHIPPING_LICENCES))}."
        )
