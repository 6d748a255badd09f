import numpy as np
import pytest

from lightning_v2.analysis.metrics.complaints.transients import clicks, onset_loss_db
from lightning_v2.analysis.verdict.distortions import with_noise
from tests.conftest import SAMPLE_RATE, harmonics


def test_every_single_sample_that_stands_out_is_a_click_at_its_time(utterance):
    clicked = utterance.copy()
    at = np.array([3000, 9000, 20000])
    clicked[at] += 0.2
    assert clicks(utterance, clicked, SAMPLE_RATE) == pytest.approx(at / SAMPLE_RATE, abs=0.001)


def test_a_splice_clicks_and_so_does_an_end_away_from_zero(utterance):
    spliced = utterance.copy()
    spliced[3000:] += 0.1
    at = [3000 / SAMPLE_RATE, len(utterance) / SAMPLE_RATE]
    assert clicks(utterance, spliced, SAMPLE_RATE) == pytest.approx(at, abs=0.001)


def test_hiss_gain_and_polarity_do_not_click(utterance):
    for changed in (with_noise(utterance, -30.0), 3 * utterance, -utterance, utterance):
        assert not len(clicks(utterance, changed, SAMPLE_RATE))


def test_clicks_that_the_reference_has_are_its_own(utterance):
    clicked = utterance.copy()
    clicked[3000] += 0.2
    assert not len(clicks(clicked, clicked, SAMPLE_RATE))
    late = np.concatenate([np.zeros(1000, np.float32), clicked])
    back = np.maximum(np.arange(len(late)) - 1000.0, 0)
    assert not len(clicks(clicked, late, SAMPLE_RATE, back))
    assert len(clicks(clicked, late, SAMPLE_RATE))


def test_nothing_clicks_in_nothing():
    assert not len(clicks(np.zeros(0), np.zeros(0), SAMPLE_RATE))


def onset(before):
    """Silence with noise of an RMS, and then a voice, half a second each."""
    noise = before * np.random.default_rng(0).standard_normal(SAMPLE_RATE // 2)
    voiced = harmonics(np.full(SAMPLE_RATE // 2, 200.0))
    return np.concatenate([noise, voiced]).astype(np.float32)


def test_noise_before_an_onset_takes_from_its_rise():
    assert onset_loss_db(onset(1e-3), onset(1e-2), SAMPLE_RATE) == pytest.approx(20, abs=1)


def test_gain_and_hiss_below_the_floor_leave_onsets_alone():
    assert onset_loss_db(onset(1e-3), 0.3 * onset(1e-3), SAMPLE_RATE) == pytest.approx(0, abs=0.01)
    assert onset_loss_db(onset(0), onset(3e-5), SAMPLE_RATE) == pytest.approx(0, abs=0.01)


def test_an_onset_is_found_where_it_has_moved_to():
    late = np.concatenate([np.zeros(2400, np.float32), onset(1e-3)])
    there = np.arange(SAMPLE_RATE) + 2400.0
    assert onset_loss_db(onset(1e-3), late, SAMPLE_RATE, there) == pytest.approx(0, abs=0.01)


def test_a_steady_sound_has_no_onset():
    steady = 0.1 * np.random.default_rng(0).standard_normal(SAMPLE_RATE)
    assert np.isnan(onset_loss_db(steady, steady, SAMPLE_RATE))
    assert np.isnan(onset_loss_db(steady[:0], steady[:0], SAMPLE_RATE))
