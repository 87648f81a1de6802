"""The interface of every method: settings, a fit, and a graph that scores images.

``images -> image score, pixel map (, class maps)``, higher is worse. Calibration, metrics, reports, server and
benchmark are written against this and know no method by name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, cast

import lightning as L
import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from blemish.datasets import Sample
from blemish.detectors.schema import InputSpec
from blemish.methods.data.image_stream import ImageStream
from blemish.methods.networks.pixels import Normalisation

LearnsFrom = Literal["normal", "few-labels", "masks", "labels"]

LoadWeights = Callable[[str, nn.Module], Normalisation]
"""Fills a module with the pretrained weights of a backbone, by name, and returns the normalisation of its pixels.

The training room gives it to a method: where weights come from is not the method's business.
"""


class MethodSettings(BaseModel):
    """Base of every method's hyper-parameters: unknown names and impossible values are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class GradientSettings(MethodSettings):
    """Settings of every method that trains by gradient descent."""

    epochs: int = Field(20, ge=1, description="passes over the training images, at most")
    batch_size: int = Field(8, ge=1, description="images in one step")
    learning_rate: float = Field(1e-3, gt=0, description="highest step size of the schedule")
    patience: int = Field(5, ge=1, description="epochs without a better validation loss before stopping")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """How ``blemish train auto`` tries a method.

    Attributes:
        cost_rank: order among all candidates, the cheapest to use first.
        settings: where they differ from the defaults.
        min_masks: training images with outlined defects that it needs to be tried at all.
        few_rank: order of preference where too few normal images are held out to compare methods by, from published
            results with one to four images; None: not tried there.
        method: its registered name; `blemish.methods.register` fills it in.
    """

    cost_rank: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    min_masks: int = 0
    few_rank: int | None = None
    method: str = ""

    @property
    def name(self) -> str:
        """Method and settings, as given to ``blemish train``."""
        return " ".join([self.method, *(f"{key}={value}" for key, value in self.settings.items())])


@dataclass(frozen=True, slots=True)
class MethodInfo:
    """What is known of a method before it is built. Other rooms choose methods by this, never by name.

    Attributes:
        name: as given to ``blemish train``.
        learns_from: ``normal`` (normal images alone), ``few-labels`` (those, and labelled defects where there are
            some), ``masks`` of defects, or ``labels`` of whole images.
        localises: whether it gives an anomaly map, and not only a score.
        finds_cracks: whether it is for cracks alone, so that its outlines are measured as such.
        on_series: whether it has a 1-D form for sensor series.
        exportable: whether its scoring is a graph; otherwise it runs under torch alone and gives no detector file.
        candidates: how ``auto`` tries it; empty where it does not.
        summary: the first sentence of the method's docstring.
    """

    name: str
    learns_from: LearnsFrom
    localises: bool
    on_series: bool
    exportable: bool
    finds_cracks: bool
    candidates: tuple[Candidate, ...]
    summary: str


class Method(ABC):
    """One published method. Subclasses are registered with `blemish.methods.register`.

    ``exportable`` and ``on_series`` mean what they mean in `MethodInfo`; ``stops_early`` what it means in
    `GradientMethod`.

    Args:
        settings: an instance of the subclass's own ``Settings``.
        classes: names of the defect classes of the data set.
        load_weights: how to get pretrained weights.

    Attributes:
        classes: the defect classes of the graph's maps, in their order; empty where one map is for defects of any kind.
        exclusive_classes: the maps are probabilities of which one at most holds, so that they add up to that of any.
    """

    Settings: ClassVar[type[MethodSettings]] = MethodSettings
    classes: tuple[str, ...] = ()
    exclusive_classes: bool = False
    exportable: ClassVar[bool] = True
    on_series: ClassVar[bool] = False
    stops_early: bool = False
    info: ClassVar[MethodInfo]
    settings: Any

    @abstractmethod
    def __init__(self, settings: Any, classes: tuple[str, ...], load_weights: LoadWeights) -> None: ...

    @abstractmethod
    def input_spec(self) -> InputSpec:
        """How images of any size reach the graph."""

    def remarks(self) -> tuple[str, ...]:
        """What the user should know about this training, in sentences; asked before and after the fit."""
        return ()

    @abstractmethod
    def graph(self) -> nn.Module:
        """The scoring module: uint8 (N, H, W, 3) -> score (N,), map (N, H, W) or (N, K, H, W), in eval mode."""

    def exported_graph(self) -> nn.Module:
        """What a detector file holds: `graph`; a method that reconstructs images adds uint8 (N, H, W, 3) as third."""
        return self.graph()


class FittedMethod(nn.Module, Method):
    """A method that is fitted in passes over normal images, without gradient descent: statistics, a memory bank.

    A subclass reads the images in as many passes as it needs. Memory must not grow with their number.
    """

    settings: Any

    @abstractmethod
    def fit(self, images: ImageStream, *, seed: int) -> str:
        """Fit to normal images.

        Args:
            images: decoded again in every pass; with the labelled defects, for methods that learn from ``few-labels``.
            seed: decides everything random.

        Returns:
            What was learned, in words for the model card.

        Raises:
            DataError: this method cannot learn from these images.
        """


class GradientMethod(L.LightningModule, Method):
    """A method that trains by gradient descent; Lightning runs it.

    A subclass gives the examples to learn from, a training step and a validation step that logs ``val_loss``. What it
    counts on the way it keeps in plain numbers (or tuples of them): a resumed training puts them back. On several
    devices each has its part of every training batch, and all held-out images.

    Attributes:
        crops_per_image: examples drawn of each training image in an epoch, which share one decoding.
        stops_early: whether ``val_loss`` ends the training and chooses the epoch; otherwise all epochs are run and the
            last weights kept, as adversarial papers do.
    """

    crops_per_image: int = 1
    stops_early: bool = True
    settings: Any

    def diverged(self) -> str | None:
        """Why this training has failed and should be started again, once, from another seed; None while it has not.

        Asked after every validation.
        """
        return None

    @abstractmethod
    def examples(self, samples: tuple[Sample, ...], *, training: bool, seed: int) -> torch.utils.data.Dataset[Any]:
        """The training examples of these images; augmented only where ``training``.

        Examples that differ from visit to visit have a method ``count_visit(index)``: see `PartOfBatch`.
        """

    def sampling_weights(self, samples: tuple[Any, ...]) -> NDArray[np.float64] | None:
        """Probability of each training image in every draw: float64 (N,), sum 1. None: each once in an epoch.

        By the weights of the samples, which differ where several sources are mixed; windows of series have none.
        """
        weights = np.asarray([sample.weight for sample in samples if isinstance(sample, Sample)], dtype=np.float64)
        return weights / weights.sum() if len(set(weights.tolist())) > 1 else None

    @abstractmethod
    def compute_loss(self, batch: Any) -> Tensor:
        """The loss of one batch, a scalar."""

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        """One step on training images; logs ``train_loss``."""
        loss = self.compute_loss(batch)
        self.log("train_loss", loss, on_step=False, on_epoch=True, prog_bar=True, sync_dist=True)
        return loss

    def validation_step(self, batch: Any, batch_idx: int) -> Tensor:
        """One batch of held-out images; logs ``val_loss``."""
        loss = self.compute_loss(batch)
        self.log("val_loss", loss, on_step=False, on_epoch=True, prog_bar=True, sync_dist=True)
        return loss

    def adamw(self) -> torch.optim.AdamW:
        """AdamW without a schedule."""
        return torch.optim.AdamW(self.parameters(), lr=self.settings.learning_rate, weight_decay=1e-4, fused=True)

    def one_cycle(self, optimizer: torch.optim.Optimizer) -> Any:
        """A one-cycle schedule: short warm-up, then a cosine decay to zero."""
        steps = max(2, int(cast(Any, self.trainer).estimated_stepping_batches))
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=self.settings.learning_rate, total_steps=steps, pct_start=0.15
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def configure_optimizers(self) -> Any:
        """AdamW under a one-cycle schedule."""
        return self.one_cycle(self.adamw())
