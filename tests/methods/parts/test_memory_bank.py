"""The streamed memory: bounded, deterministic, and never far from what it gave up."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from blemish.methods.parts.coreset import greedy_k_centre  # noqa: E402
from blemish.methods.parts.memory_bank import MemoryBank  # noqa: E402

pytestmark = pytest.mark.train


def stream(images: int, seed: int = 0):
    random = torch.Generator().manual_seed(seed)
    return [torch.randn(100, 6, generator=random) for _ in range(images)]


def filled(images: int, *, limit: int = 80, capacity: int = 300, seed: int = 0, of: int = 0) -> MemoryBank:
    bank = MemoryBank(limit, capacity=capacity, seed=seed)
    for patches in stream(images, of):
        bank.add(patches)
    return bank


def farthest(points, memory) -> float:
    return float(torch.cdist(points, memory).amin(dim=1).max())


def test_while_everything_fits_the_memory_is_the_coreset_of_all():
    memory, radius = filled(3).finish(0.1)
    everything = torch.cat(stream(3))
    assert len(memory) == 30
    first = int((everything == memory[0]).all(dim=1).nonzero())
    torch.testing.assert_close(memory, everything[greedy_k_centre(everything, 30, first=first).indices])
    assert radius == pytest.approx(farthest(everything, memory), rel=1e-4)


@pytest.mark.parametrize("images", [4, 20, 100])
def test_however_many_images_pass_it_keeps_its_limits_and_its_word(images: int):
    bank = MemoryBank(80, capacity=300)
    for patches in stream(images):
        bank.add(patches)
        assert len(bank) <= 400
    memory, radius = bank.finish(1.0)
    assert len(memory) <= 80
    assert bank.seen == 100 * images
    assert farthest(torch.cat(stream(images)), memory) <= radius + bank.slack + 1e-3


def test_the_same_seed_gives_the_same_memory():
    torch.testing.assert_close(filled(12).finish(0.1)[0], filled(12).finish(0.1)[0], rtol=0, atol=0)
    assert not torch.equal(filled(12, seed=1).finish(0.1)[0][0], filled(12).finish(0.1)[0][0])


def test_fewer_patches_than_asked_for_are_all_kept():
    bank = MemoryBank(1000)
    bank.add(stream(1)[0])
    assert len(bank.finish(1.0)[0]) == 100
    assert len(bank.finish(1e-9)[0]) == 1
