"""The any-time drift alarm."""

import numpy as np
import pytest
from scipy import stats

from blemish.calibration import Drift
from blemish.errors import DataError, SettingsError


def watch(calibration, stream, **options):
    drift = Drift(calibration, **options)
    p = [drift.add(score) for score in stream]
    return drift, np.array(p)


@pytest.mark.parametrize("draw", [lambda r, n: r.normal(size=n), lambda r, n: r.integers(0, 3, n)], ids=["any", "ties"])
def test_without_drift_an_alarm_is_ever_raised_as_seldom_as_promised(draw):
    alarms = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        alarms += watch(draw(rng, 30), draw(rng, 150), alarm_rate=0.2, seed=seed)[0].alarm
    assert alarms / 150 <= 0.2


def test_p_values_of_an_unchanged_stream_are_uniform_and_independent_even_with_ties():
    rng = np.random.default_rng(1)
    _, p = watch(rng.integers(0, 4, 20), rng.integers(0, 4, 2000))
    assert stats.kstest(p, "uniform").pvalue > 0.01
    assert abs(np.corrcoef(p[1:], p[:-1])[0, 1]) < 3 / np.sqrt(2000)


@pytest.mark.parametrize("before", [0, 500])
@pytest.mark.parametrize("shift", [3, -3])
def test_a_clear_change_up_or_down_is_found_within_a_few_images_early_or_late(before, shift):
    rng = np.random.default_rng(2)
    stream = np.concatenate([rng.normal(size=before), rng.normal(size=40) + shift])
    drift, _ = watch(rng.normal(size=100), stream)
    assert drift.alarm
    assert before < drift.alarm_at <= before + 20


def test_a_slight_change_is_found_in_time():
    rng = np.random.default_rng(3)
    drift, _ = watch(rng.normal(size=300), rng.normal(size=400) + 0.7)
    assert drift.alarm


def test_an_alarm_stays_and_evidence_stays_finite():
    rng = np.random.default_rng(4)
    drift, _ = watch(rng.normal(size=300), np.concatenate([np.arange(10.0, 1000.0), rng.normal(size=50)]))
    assert drift.alarm
    assert drift.alarm_at < 20
    assert np.isfinite(drift.evidence)


def test_the_capital_starts_at_one_and_the_same_seed_gives_the_same_answers():
    rng = np.random.default_rng(5)
    calibration, stream = rng.integers(0, 3, 20), rng.integers(0, 3, 50)
    assert Drift(calibration).evidence == 1
    one, p_one = watch(calibration, stream, seed=7)
    two, p_two = watch(calibration, stream, seed=7)
    assert one.evidence == two.evidence
    np.testing.assert_array_equal(p_one, p_two)
    assert one.seen == 50


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: Drift([]), DataError, "no calibration scores"),
        (lambda: Drift([np.nan]), DataError, "NaN"),
        (lambda: Drift([1.0], alarm_rate=1.0), SettingsError, "alarm_rate must lie strictly"),
        (lambda: Drift([1.0]).add(np.inf), DataError, "image 1 in the stream is inf"),
    ],
)
def test_unusable_input_is_refused(call, error, said):
    with pytest.raises(error, match=said):
        call()
