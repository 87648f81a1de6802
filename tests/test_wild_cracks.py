"""What wild_cracks.py counts, and the rule that it chooses, on maps whose right answers are known."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import wild_cracks
from wild_decision import at_limits, curve, outlined, reliability, try_rules
from wild_scoring import Rule, Seen, score


def seen(name: str, *, level: float, cracked: bool = True, blob: float = 0.0) -> Seen:
    """A crack 4 px wide at one level, and perhaps a round blob beside it that is none."""
    truth = np.zeros((96, 96), np.bool_)
    truth[10:86, 40:44] = cracked
    anomaly_map = np.where(truth, np.float32(level), np.float32(0.001)).astype(np.float32)
    anomaly_map[60:70, 70:80] = np.maximum(anomaly_map[60:70, 70:80], np.float32(blob))
    return Seen(name, level, anomaly_map, cracked, truth)


def test_counts_of_a_domain_are_those_of_its_images():
    counts = score([seen("a", level=0.9), seen("b", level=0.2), seen("c", level=0.0, cracked=False)], Rule(0.3, 0.5))
    assert (counts.n_cracked, counts.found, counts.n_clean, counts.outlined) == (2, 1, 1, 0)
    row = counts.row()
    assert row["precision_2px"] == 1
    assert row["recall_2px"] == pytest.approx(0.5)
    assert row["line_iou_4px"] == pytest.approx(0.5, abs=0.01)
    # A straight label of constant width is its own centre line at its median width.
    assert row["ceiling_f1_2px"] == pytest.approx(1, abs=0.01)


def test_a_score_alone_makes_an_image_doubtful():
    (clean,) = [seen("a", level=0.4, cracked=False)]
    assert score([clean], Rule(0.9, 0.9)).flagged == 0
    doubted = score([clean], Rule(0.9, 0.9, review=0.3))
    assert (doubted.flagged, doubted.outlined) == (1, 0)


def test_the_curve_trades_false_alarms_for_faint_cracks():
    easy = [seen("e", level=0.95), seen("f", level=0.0, cracked=False)]
    hard = [seen("h", level=0.75), *(seen(f"n{n}", level=0.0, cracked=False, blob=0.78 * (n < 3)) for n in range(10))]
    tried = try_rules({"easy": easy, "hard": hard})
    best = curve(tried)
    # The blobs reach further up than the faint crack, but are smaller: the strictest rule finds the crack alone.
    strict = best[min(best)]
    assert strict.min_area_px > 100
    assert outlined(tried[strict]) == 0
    assert (tried[strict]["easy"].f1, tried[strict]["hard"].f1) == (1, 1)
    assert outlined(tried[Rule(strict.pixel, strict.peak, 1)]) == pytest.approx(0.3)


def test_overconfident_maps_are_scaled_down():
    rng = np.random.default_rng(0)
    truth = rng.random((96, 96)) < 0.5
    wrong = rng.random((96, 96)) < 0.2
    anomaly_map = np.where(truth ^ wrong, 0.99, 0.01).astype(np.float32)
    rows, (factor, _) = reliability({"one": [Seen("a", 0.0, anomaly_map, True, truth)]})
    assert rows[-1][1] == pytest.approx(0.8, abs=0.02)
    assert factor == pytest.approx(np.log(4) / np.log(99), abs=0.03)


def test_one_peak_for_all_keeps_the_worst_real_domain_to_its_limit():
    clean = [seen(f"n{n}", level=0.0, cracked=False, blob=0.5 + n / 100) for n in range(40)]
    domains = {
        "strict": [seen("a", level=0.95), seen("b", level=0.885), *clean],
        "easy": [seen("c", level=0.8), seen("d", level=0.0, cracked=False, blob=0.3)],
        "drawn": [seen("e", level=0.95), seen("f", level=0.0, cracked=False, blob=0.99)],
    }
    found = at_limits(domains, 0.2, 50)
    # Blobs of .89 and .88 may stand at 5 %, none at 2 %; the drawing's blob counts nowhere.
    assert [found[limit][0] for limit in (0.02, 0.05)] == pytest.approx([0.89, 0.87])
    assert [found[limit][1]["strict"].found for limit in (0.02, 0.05)] == [0.5, 1.0]
    assert [found[limit][1]["strict"].outlined for limit in (0.02, 0.05)] == [0.0, 0.05]
    assert found[0.02][1]["easy"].found == 0
    assert found[0.02][1]["drawn"].outlined == 1


def test_the_limits_are_printed_by_the_command(monkeypatch, tmp_path, capsys):
    for variable in ("BLEMISH_DATA", "CRACK_SOURCES"):
        monkeypatch.setenv(variable, str(tmp_path))
    images = [seen("a", level=0.9), seen("b", level=0.0, cracked=False)]
    monkeypatch.setattr(wild_cracks, "seen_in", lambda *_: images)
    monkeypatch.setattr(sys, "argv", ["wild_cracks.py", "limits", "--out", str(tmp_path), "--domains", "drone"])
    wild_cracks.main()
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 4
    assert "drone F1 1.000 found 1.000 outlined 0.000" in said[0]


def test_the_command_says_what_images_without_an_outline_are_found(monkeypatch, tmp_path, capsys):
    for variable in ("BLEMISH_DATA", "CRACK_SOURCES"):
        monkeypatch.setenv(variable, str(tmp_path))
    images = [seen("a", level=0.9), seen("b", level=0.1), *(seen(f"n{n}", level=0.0, cracked=False) for n in range(9))]
    samples = [SimpleNamespace(read_image=lambda number=number: number) for number in range(11)]
    opinion = [-9.0, 5.0, *np.linspace(-6, 2, 9)]
    monkeypatch.setattr(wild_cracks, "seen_in", lambda *_: images)
    monkeypatch.setattr(wild_cracks, "domain_images", lambda *_: SimpleNamespace(samples=samples))
    monkeypatch.setattr(wild_cracks, "network_of", lambda *_: "concrete-crack")
    monkeypatch.setattr(wild_cracks, "image_logits", lambda _, numbers: (opinion[number] for number in numbers))
    rule = ["--pixel", "0.3", "--peak", "0.5"]
    monkeypatch.setattr(sys, "argv", ["wild_cracks.py", "doubt", "--out", str(tmp_path), "--domains", "drone", *rule])
    wild_cracks.main()
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("Scaling: logit ×")
    assert said[1] == "0.00% more, logit inf: drone 0.500 flagged 0.000"
    assert said[2] == "0.25% more, logit 1.98: drone 1.000 flagged 0.111"
    assert len(said) == 6
