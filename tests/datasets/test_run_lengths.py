"""Run lengths: 1-based, down the columns, and back again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from blemish.datasets import decode_run_lengths, encode_run_lengths
from blemish.errors import DataError

MASKS = arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12)))


@given(MASKS)
def test_decoding_undoes_encoding(mask) -> None:
    np.testing.assert_array_equal(decode_run_lengths(encode_run_lengths(mask), *mask.shape), mask)


@given(MASKS)
def test_runs_rise_and_never_touch(mask) -> None:
    numbers = [int(word) for word in encode_run_lengths(mask).split()]
    ends = [start + length for start, length in zip(numbers[::2], numbers[1::2], strict=True)]
    assert all(end < start for end, start in zip(ends, numbers[2::2], strict=False))
    assert sum(numbers[1::2]) == mask.sum()


@given(MASKS, st.randoms())
def test_the_order_of_the_runs_plays_no_part(mask, random) -> None:
    words = encode_run_lengths(mask).split()
    pairs = list(zip(words[::2], words[1::2], strict=True))
    random.shuffle(pairs)
    shuffled = " ".join(word for pair in pairs for word in pair)
    np.testing.assert_array_equal(decode_run_lengths(shuffled, *mask.shape), mask)


def test_pixels_count_from_one_down_the_columns() -> None:
    mask = decode_run_lengths("2 3", 3, 2)
    np.testing.assert_array_equal(mask, [[False, True], [True, False], [True, False]])


def test_no_runs_are_an_empty_mask() -> None:
    assert not decode_run_lengths("", 3, 2).any()
    assert encode_run_lengths(np.zeros((3, 2), dtype=bool)) == ""


def test_overlapping_runs_are_united() -> None:
    assert decode_run_lengths("1 4 3 4", 3, 3).sum() == 6


@pytest.mark.parametrize(
    "runs", ["1", "1 2 3", "0 1", "7 1", "6 2", "1 0", "1 -2", "x y", "1.5 2", "1 9223372036854775807"]
)
def test_impossible_runs_are_refused(runs) -> None:
    with pytest.raises(DataError, match="in the table"):
        decode_run_lengths(runs, 3, 2, where="the runs in the table")
