"""Exponential moving averages of weights over the steps of a training: less noisy than the weights of any one step."""

from __future__ import annotations

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


def averaged(network: nn.Module, decay: float) -> AveragedModel:
    """An averaged copy of ``network``; ``update_parameters`` follows it. Buffers are copied as they are.

    Args:
        network: untrained; its weights are the first in the average.
        decay: weight of the old average, in [0, 1). In step n, from 1, it is ``(1 + n) / (10 + n)`` at most, as in
            TensorFlow's ExponentialMovingAverage.
    """

    def average(old: Tensor, new: Tensor, step: Tensor | int) -> Tensor:
        return old.lerp(new, 1 - min(decay, (1 + int(step)) / (10 + int(step))))

    copy = AveragedModel(network, avg_fn=average).requires_grad_(False)
    # The copy holds the untrained weights; otherwise the first update would replace them.
    copy.n_averaged += 1
    return copy
