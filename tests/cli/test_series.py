"""``blemish series synth``: a recording to try the rest on."""

from __future__ import annotations

from pathlib import Path

from blemish.datasets import read_series
from blemish.synthesis.sensor_series import draw_sensor_series


def test_a_drawn_recording_is_read_back_as_it_was_drawn(blemish):
    result = blemish(
        "series", "synth", "--out", "machine.csv", "--steps", "900", "--sensors", "2", "--faults", "3", "--seed", "4"
    )
    assert result.exit_code == 0, result.output
    drawn = draw_sensor_series(900, columns=2, faults=3, seed=4)
    read = read_series(Path("machine.csv"), fault_column="fault")
    assert read.columns == drawn.columns
    assert (read.faulty == drawn.faulty).all()
    assert abs(read.values / drawn.values - 1).max() < 1e-4


def test_more_faults_than_fit_are_refused(blemish):
    result = blemish("series", "synth", "--out", "machine.csv", "--steps", "200", "--faults", "9")
    assert result.exit_code == 2
    assert "give 100 steps for each" in result.stderr
    assert not Path("machine.csv").exists()
