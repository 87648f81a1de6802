"""Data sets: reading any layout into samples, splitting, checking for leaks, fingerprints, cutting tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blemish.lazy import lazily

if TYPE_CHECKING:
    from blemish.datasets.checking import DatasetReport, check_dataset
    from blemish.datasets.coco_masks import CountsMask, PolygonMask
    from blemish.datasets.identity import fingerprint, image_digests, relative_name
    from blemish.datasets.leaks import Leak, with_duplicate_groups
    from blemish.datasets.masks import FileMask, UnionMask
    from blemish.datasets.readers import LAYOUTS, read_dataset
    from blemish.datasets.readers.groups import groups_of_images
    from blemish.datasets.recordings import Series, read_series
    from blemish.datasets.run_lengths import RunLengthMask, decode_run_lengths, encode_run_lengths
    from blemish.datasets.sample import ClassMask, Dataset, MaskSource, Sample, Split
    from blemish.datasets.sources import SHIPPING_LICENCES, Source, require_shippable, unshippable
    from blemish.datasets.splitting import hold_out, with_splits
    from blemish.datasets.subset import write_subset
    from blemish.datasets.tiles import TileCounts, cut_tiles
    from blemish.datasets.truth import (
        ListedImages,
        is_defective,
        list_defective_images,
        list_normal_images,
        with_known_normals,
        with_known_truth,
        with_truth,
    )

__all__ = [
    "LAYOUTS",
    "SHIPPING_LICENCES",
    "ClassMask",
    "CountsMask",
    "Dataset",
    "DatasetReport",
    "FileMask",
    "Leak",
    "ListedImages",
    "MaskSource",
    "PolygonMask",
    "RunLengthMask",
    "Sample",
    "Series",
    "Source",
    "Split",
    "TileCounts",
    "UnionMask",
    "check_dataset",
    "cut_tiles",
    "decode_run_lengths",
    "encode_run_lengths",
    "fingerprint",
    "groups_of_images",
    "hold_out",
    "image_digests",
    "is_defective",
    "list_defective_images",
    "list_normal_images",
    "read_dataset",
    "read_series",
    "relative_name",
    "require_shippable",
    "unshippable",
    "with_duplicate_groups",
    "with_known_normals",
    "with_known_truth",
    "with_splits",
    "with_truth",
    "write_subset",
]

__getattr__, __dir__ = lazily(
    __name__,
    {
        "checking": ("DatasetReport", "check_dataset"),
        "coco_masks": ("CountsMask", "PolygonMask"),
        "identity": ("fingerprint", "image_digests", "relative_name"),
        "leaks": ("Leak", "with_duplicate_groups"),
        "masks": ("FileMask", "UnionMask"),
        "readers": ("LAYOUTS", "read_dataset"),
        "readers.groups": ("groups_of_images",),
        "recordings": ("Series", "read_series"),
        "run_lengths": ("RunLengthMask", "decode_run_lengths", "encode_run_lengths"),
        "sample": ("ClassMask", "Dataset", "MaskSource", "Sample", "Split"),
        "sources": ("SHIPPING_LICENCES", "Source", "require_shippable", "unshippable"),
        "splitting": ("hold_out", "with_splits"),
        "subset": ("write_subset",),
        "tiles": ("TileCounts", "cut_tiles"),
        "truth": (
            "ListedImages",
            "is_defective",
            "list_defective_images",
            "list_normal_images",
            "with_known_normals",
            "with_known_truth",
            "with_truth",
        ),
    },
)
