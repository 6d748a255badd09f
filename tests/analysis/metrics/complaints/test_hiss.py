import numpy as np
import pytest

from lightning_v2.analysis.metrics.complaints.hiss import hiss
from lightning_v2.analysis.verdict.distortions import with_noise_in_pauses
from tests.conftest import SAMPLE_RATE, harmonics

SPEECH = np.concatenate([harmonics(np.full(SAMPLE_RATE, 200.0)), np.zeros(SAMPLE_RATE)]).astype(
    np.float32
)
"""A second of voice at -20 dBFS, a second of silence."""


def silent_part(sound):
    """SPEECH with a sound (24000,) in its silence, but for the edges."""
    changed = SPEECH.copy()
    changed[SAMPLE_RATE + 480 : -480] += sound[480:-480].astype(np.float32)
    return changed


def test_white_noise_has_in_each_band_what_its_width_holds():
    white = 1e-2 * np.random.default_rng(0).standard_normal(SAMPLE_RATE)
    found = hiss(SPEECH, silent_part(white), SAMPLE_RATE)
    assert list(found.edges_hz) == [0, 500, 1000, 2000, 4000, 8000, 12000]
    expected = -40 + 10 * np.log10(np.diff(found.edges_hz) / 12000)
    assert found.candidate_dbfs == pytest.approx(expected, abs=0.6)
    assert np.all(found.reference_dbfs == -200)


def test_a_tone_is_in_its_band_alone():
    tone = 0.004 * np.sin(2 * np.pi * 3000 * np.arange(SAMPLE_RATE) / SAMPLE_RATE)
    rise = hiss(SPEECH, silent_part(tone), SAMPLE_RATE).rise_db
    level = 20 * np.log10(0.004) - 3.01
    assert rise[3] == pytest.approx(level + 75 - 10 * np.log10(2 / 12), abs=0.2)
    assert np.all(np.delete(rise, 3) < 1)


def test_an_offset_is_no_hiss():
    assert np.all(hiss(SPEECH, SPEECH + np.float32(0.01), SAMPLE_RATE).rise_db == 0)


def test_what_is_below_silence_counts_as_silence():
    white = 10 ** (-80 / 20) * np.random.default_rng(0).standard_normal(SAMPLE_RATE)
    assert np.all(hiss(SPEECH, silent_part(white), SAMPLE_RATE).rise_db == 0)


def test_noise_while_somebody_speaks_does_not_count():
    noisy = SPEECH + 1e-2 * np.random.default_rng(0).standard_normal(len(SPEECH))
    noisy[SAMPLE_RATE:] = 0
    assert np.all(hiss(SPEECH, noisy, SAMPLE_RATE).rise_db == 0)


def test_the_pause_of_a_candidate_that_is_later_is_found(utterance):
    loud = with_noise_in_pauses(utterance, SAMPLE_RATE, -30.0)
    late = np.concatenate([np.zeros(600, np.float32), loud])
    there = np.arange(len(utterance)) + 600.0
    at_once, later = (
        hiss(utterance, wave, SAMPLE_RATE, place).rise_db
        for wave, place in ((loud, None), (late, there))
    )
    assert later == pytest.approx(at_once, abs=0.5)
    assert later.max() > 20


def test_without_a_pause_there_is_no_level():
    found = hiss(SPEECH[:SAMPLE_RATE], SPEECH[:SAMPLE_RATE], SAMPLE_RATE)
    assert np.isnan(found.rise_db).all()
    assert np.isnan(hiss(SPEECH[:0], SPEECH[:0], SAMPLE_RATE).rise_db).all()
