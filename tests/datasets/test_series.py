"""Tables of sensors: read as they are, refused in a sentence where they cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from blemish.datasets import read_series
from blemish.datasets.recordings import cut_windows, window_starts
from blemish.errors import DataError
from blemish.synthesis.sensor_series import draw_sensor_series


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_is_read_whatever_separates_its_columns(tmp_path, separator):
    file = tmp_path / "a.csv"
    file.write_text("\ufeffa,b,bad\n1,2.5,0\n-3,4e2,1\n".replace(",", separator), encoding="utf-8")
    series = read_series(file, fault_column="bad")
    assert series.columns == ("a", "b")
    np.testing.assert_array_equal(series.values, [[1, 2.5], [-3, 400]])
    np.testing.assert_array_equal(series.faulty, [False, True])


@pytest.mark.parametrize(
    ("text", "options", "sentence"),
    [
        ("", {}, "is empty"),
        ("a,b\n", {}, "names columns and has no rows"),
        ("1,2\n3,4\n", {}, "must name the columns"),
        ("a,a\n3,4\n", {}, "must name the columns"),
        ("a,b\n1,2\n3\n", {}, "Row 3 of .* has 1 values for 2 columns"),
        ("a,b\n1,2\n3,\n", {}, 'Column "b" of .* has 1 missing values, the first in row 3'),
        ("a,b\n1,2\nnan,3\n", {}, 'Column "a" of .* has 1 missing values'),
        ("a,b\n1,2\ninf,3\n", {}, 'Column "a" of .* has 1 missing values'),
        ("a,b\n1,x\n", {}, "Column \"b\" of .* is not numeric \\(row 2: 'x'\\); leave it out with --ignore b"),
        ("a,b\n1,2\n", {"columns": ["c"]}, 'has no column "c"; it has "a", "b"'),
        ("a,b\n1,2\n", {"ignore": ["a", "b"]}, "no sensor columns left"),
        ("a,b\n1,2\n", {"fault_column": "b"}, "must hold 1 where a fault is"),
    ],
)
def test_a_table_that_is_no_series_is_refused(tmp_path, text, options, sentence):
    file = tmp_path / "a.csv"
    file.write_text(text)
    with pytest.raises(DataError, match=sentence):
        read_series(file, **options)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_series(tmp_path / "none.csv")


def test_parquet_says_the_same_as_csv(tmp_path):
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pa.table({"a": [1.0, 2.0], "b": [3, 4]}), tmp_path / "a.parquet")
    np.testing.assert_array_equal(read_series(tmp_path / "a.parquet").values, [[1, 3], [2, 4]])
    parquet.write_table(pa.table({"a": [1.0, None]}), tmp_path / "gap.parquet")
    with pytest.raises(DataError, match="1 missing values, the first in row 3"):
        read_series(tmp_path / "gap.parquet")
    (tmp_path / "no.parquet").write_text("no")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        read_series(tmp_path / "no.parquet")


@pytest.mark.parametrize(
    ("steps", "stride", "starts"), [(16, 4, [0]), (20, 4, [0, 4]), (21, 4, [0, 4, 5]), (40, 16, [0, 16, 24])]
)
def test_windows_cover_every_step(steps, stride, starts):
    found = window_starts(steps, 16, stride, "series")
    assert found.tolist() == starts
    values = np.arange(steps, dtype=float)[:, None]
    assert cut_windows(values, found, 16)[-1, -1, 0] == steps - 1


def test_drawn_faults_are_where_they_are_said_to_be():
    normal, faulty = draw_sensor_series(900, seed=4), draw_sensor_series(900, faults=3, kinds=("offset",), seed=4)
    assert np.count_nonzero(np.diff(faulty.faulty.astype(int)) == 1) == 3
    assert normal.faulty is not None
    assert not normal.faulty.any()
