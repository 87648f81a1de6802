"""A detector's memory bank extended by further normal images, or by the banks of others, without training again.

The bank only grows, so no image scores higher than before: a guaranteed false-alarm rate goes on to hold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from blemish.cpu import available_threads
from blemish.datasets import Dataset, Sample, image_digests
from blemish.datasets.survey import depth_warning
from blemish.detectors import Container, Detector, DetectorSpec, read_container
from blemish.detectors.telemetry import import_onnxruntime
from blemish.detectors.trial import ensure_tried
from blemish.errors import DataError, DetectorError
from blemish.images import ReadOptions
from blemish.methods.data.image_stream import ImageStream
from blemish.methods.parts.coreset import greedy_k_centre
from blemish.methods.parts.graph_memory import GraphMemory, read_memory

# Further images are read as those in the bank were, so another range needs another bank.
_ANEW = "this detector reads them so; train it anew with"


def add_normal_images(
    file: Path, images: Sequence[Path], out: Path, *, say: Callable[[str], None] = lambda _: None
) -> Detector:
    """Add the patches of further normal images that are new to a detector's memory bank, and write the detector.

    Patches as near to the bank as its patches are to one another are known already. The others are added, farthest
    first, up to ``max_patches`` in all.

    Args:
        file: a detector with a memory bank.
        images: normal images like those that it was trained on.
        out: where to write; may be ``file``.
        say: called with sentences for a person.

    Returns:
        The extended detector.

    Raises:
        DetectorError: ``file`` is no detector, has no memory bank, or decides by both tails.
        DataError: no images.
        ImageError: an image cannot be read.
    """
    if not images:
        raise DataError("There is no image to add; give at least one normal image.")
    container = read_container(file)
    ensure_tried(container, file)
    _check_upper_tail(container.spec, file)
    memory = read_memory(container.graph, str(file))
    run = _session(memory.extractor())
    options = ReadOptions(container.spec.input.bit_range)
    further = _as_dataset(images, options)
    if (warning := depth_warning(further.samples, remedy=_ANEW)) is not None:
        say(warning)
    stream = ImageStream(images, options)
    new = [run.run([memory.patches], {"image": batch})[0] for batch in stream.batches(container.spec.input)]
    bank, added = _extended(memory.bank, np.concatenate(new), _max_patches(container.spec))
    sentence = f"{added} patches of {len(images)} further normal images added to {len(memory.bank)}."
    say(sentence)
    digests = image_digests(further)
    return _written(container, memory, bank, digests, len(images), sentence, out)


def merge_memory_banks(files: Sequence[Path], out: Path, *, say: Callable[[str], None] = lambda _: None) -> Detector:
    """One detector with the memory banks of several that were extended from the same detector, at several sites.

    Args:
        files: two detectors or more; settings and thresholds are the first one's.
        out: where to write.
        say: called with sentences for a person.

    Raises:
        DetectorError: fewer than two, one is no detector or decides by both tails, or their features differ.
    """
    if len(files) < 2:
        raise DetectorError("Merging needs two detectors or more.")
    containers = [read_container(file) for file in files]
    for each, file in zip(containers, files, strict=True):
        ensure_tried(each, file)
        _check_upper_tail(each.spec, file)
    memories = [read_memory(each.graph, str(file)) for each, file in zip(containers, files, strict=True)]
    first = memories[0]
    for memory, file in zip(memories[1:], files[1:], strict=True):
        if memory.front() != first.front():
            raise DetectorError(
                f'"{file}" was not grown from the same detector as "{files[0]}", so their patches cannot be compared; '
                "train one detector on the images of both."
            )
    bank, added = first.bank, 0
    for memory in memories[1:]:
        bank, more = _extended(bank, memory.bank, _max_patches(containers[0].spec))
        added += more
    sentence = f"{added} patches of {len(files) - 1} other memory banks added to {len(first.bank)}."
    say(sentence)
    digests = [digest for each in containers[1:] for digest in each.spec.provenance.images]
    return _written(containers[0], first, bank, digests, len(set(digests)), sentence, out)


def _check_upper_tail(spec: DetectorSpec, file: Path) -> None:
    """A larger memory bank lowers scores, which changes no guarantee only where low scores are never flagged."""
    if spec.calibration is not None and spec.calibration.tails == "both":
        raise DetectorError(
            f'"{file}" also flags unusually low scores, and a larger memory lowers scores, so its guarantee would not '
            "hold; calibrate it with --tails upper first, or train it anew with all images."
        )


def _extended(bank: NDArray[np.float32], new: NDArray[np.float32], max_patches: int) -> tuple[NDArray[np.float32], int]:
    """The bank with the patches of ``new`` that are new to it, and how many those are."""
    known, fresh = torch.from_numpy(bank), torch.from_numpy(np.asarray(new, np.float32))
    chosen = greedy_k_centre(fresh, len(fresh), taken=known, down_to=_spacing(known)).indices
    joined = torch.cat([known, fresh[chosen]])
    if len(joined) > max(max_patches, len(known)):
        joined = joined[greedy_k_centre(joined, max_patches).indices]
    return joined.numpy(), len(chosen)


def _spacing(bank: torch.Tensor) -> float:
    """The smallest distance between two patches of the bank: about its covering radius (Gonzalez 1985)."""
    if len(bank) < 2:
        return 0.0
    around = bank - bank.mean(dim=0)
    least = float("inf")
    for start in range(0, len(around), 1024):
        rows = torch.cdist(around[start : start + 1024], around)
        rows[torch.arange(len(rows)), torch.arange(start, start + len(rows))] = float("inf")
        least = min(least, float(rows.min()))
    return least


def _max_patches(spec: DetectorSpec) -> int:
    return int(spec.settings.get("max_patches", 1 << 30))


def _session(graph: bytes) -> Any:
    ort = import_onnxruntime()
    options = ort.SessionOptions()
    options.intra_op_num_threads = available_threads()
    options.log_severity_level = 3
    return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def _as_dataset(images: Sequence[Path], options: ReadOptions) -> Dataset:
    samples = tuple(Sample(Path(path), "good", defective=False, options=options) for path in images)
    return Dataset("further normal images", Path(), "images", samples, ())


def _written(
    container: Container,
    memory: GraphMemory,
    bank: NDArray[np.float32],
    digests: Sequence[str],
    images: int,
    sentence: str,
    out: Path,
) -> Detector:
    made = container.spec.provenance
    every = tuple(sorted({*made.images, *digests}))
    provenance = made.model_copy(
        update={
            "images": every,
            "n_train": made.n_train + images,
            "fingerprint": hashlib.sha256("".join(every).encode()).hexdigest(),
        }
    )
    spec = container.spec.model_copy(update={"provenance": provenance})
    card = f"{container.card.rstrip()}\n\n## Grown\n\n{sentence} Thresholds stay: no image scores higher than before.\n"
    detector = Detector(replace(container, spec=spec, graph=memory.with_bank(bank), card=card), path=Path(out))
    detector.save(Path(out))
    return detector
