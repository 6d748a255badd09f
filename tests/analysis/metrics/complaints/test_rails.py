import numpy as np
import pytest

from lightning_v2.analysis.metrics.complaints import rails

SINE = np.sin(2 * np.pi * 100 * np.arange(24000) / 24000).astype(np.float32)


def test_a_sine_that_is_cut_at_half_is_stuck_for_two_thirds():
    assert rails.pinned_percent(np.clip(SINE, -0.5, 0.5)) == pytest.approx(200 / 3, abs=1)
    assert rails.pinned_percent(np.clip(SINE, -2, 0.5)) == pytest.approx(100 / 3, abs=0.5)


@pytest.mark.parametrize("wave", [SINE, np.zeros(99), np.full(99, 0.3), np.zeros(0)])
def test_a_smooth_top_and_silence_are_not_stuck(wave):
    assert rails.pinned_percent(wave) == 0


def test_silence_beside_sound_of_one_sign_is_not_stuck():
    assert rails.pinned_percent(np.concatenate([np.zeros(100), np.abs(SINE)])) == 0


def test_samples_beyond_full_scale():
    assert rails.over_full_scale_percent(2 * SINE) == pytest.approx(200 / 3, abs=1)
    assert rails.over_full_scale_percent(SINE) == 0
    assert rails.over_full_scale_percent(SINE[:0]) == 0


def test_an_offset_is_the_mean():
    assert rails.offset_percent(SINE + np.float32(0.02)) == pytest.approx(2, abs=1e-4)
    assert rails.offset_percent(SINE[:0]) == 0
