"""Loss and prosody of speech whose differences are known."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lightning_v2.search.plans.quality import METRIC_NAMES, badness, loss, prosody_of

PERFECT = {"pesq_wb_mos": 4.644, "zimtohrli": 0.0, "lsd_db": 0.0, "mel_rmse_db": 0.0,
           "boundary_shift_ms": 0.0, "f0_shift_cents": 0.0}  # fmt: skip


def speech(durations, f0):
    return SimpleNamespace(durations=np.array(durations, np.float32), f0=np.array(f0, np.float32),
                           sample_rate=24000, hop=256)  # fmt: skip


def test_loss_counts_what_is_used_of_the_allowance():
    rows = [
        PERFECT,
        {**PERFECT, "pesq_wb_mos": 4.5},
        {**PERFECT, "zimtohrli": 6e-4, "lsd_db": 0.5},
        {**PERFECT, "pesq_wb_mos": float("nan")},
        {**PERFECT, "pesq_wb_mos": float("-inf")},
    ]
    found = loss(pd.DataFrame(rows)).tolist()
    assert found == pytest.approx([0, 1, 2.5, 0, float("inf")])


@pytest.mark.parametrize(
    ("metric", "value", "bad"),
    [("loss", 2, 2), ("pesq_wb_mos", 4, -4), ("gain_db", -3, 3), ("lsd_db", 1, 1),
     ("f0_shift_cents", 5, 5)],
)  # fmt: skip
def test_badness(metric, value, bad):
    assert metric in METRIC_NAMES
    assert badness(metric, value) == bad


def test_no_such_metric():
    with pytest.raises(ValueError, match="metric is 'pesq'; legal are loss"):
        badness("pesq", 1.0)


def test_prosody():
    reference = speech([2, 3, 1], [0, 0, 100, 200, 200, 0])
    assert prosody_of(reference, reference) == {"boundary_shift_ms": 0, "f0_shift_cents": 0}
    higher = speech([2, 3, 1], reference.f0 * 2 ** (7 / 1200))
    assert prosody_of(reference, higher)["f0_shift_cents"] == pytest.approx(7, abs=0.01)
    later = speech([3, 3, 1], [0, 0, 0, 100, 200, 200, 0])
    found = prosody_of(reference, later)
    assert found["boundary_shift_ms"] == pytest.approx(1000 * 256 / 24000)
    assert found["f0_shift_cents"] == 0


def test_broken_prosody_is_infinitely_bad():
    reference = speech([2, 2], [0, 0, 100, 100])
    assert prosody_of(reference, speech([2, 2], [0] * 4))["f0_shift_cents"] == float("inf")
    broken = prosody_of(reference, speech([2, 2], [float("nan")] * 4))
    assert broken == {"boundary_shift_ms": 0, "f0_shift_cents": float("inf")}
    unvoiced = speech([2, 2], [0] * 4)
    assert prosody_of(unvoiced, reference)["f0_shift_cents"] == 0
