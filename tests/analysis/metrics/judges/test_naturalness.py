"""What DNSMOS makes of a voice, and what does not move it."""

import numpy as np
import pytest

from lightning_v2.analysis.metrics.judges import naturalness
from lightning_v2.analysis.metrics.judges.clip import RATE
from lightning_v2.analysis.metrics.judges.naturalness import WINDOW, dnsmos
from lightning_v2.analysis.metrics.metric import DNSMOS_SCORES
from lightning_v2.model import load
from lightning_v2.model.natural.config import SAMPLE_RATE


@pytest.fixture(scope="module")
def speech():
    return load().synthesize("There were two people in the old house.").waveform


@pytest.fixture
def heard(monkeypatch):
    """What the networks get, in place of them; they answer with the share of it that sounds."""
    found = []

    def judge(window, rate, personalized):
        assert rate == RATE and not personalized and window.dtype == np.float32
        found.append(window)
        return {f"{name}_mos": np.mean(np.abs(window) > 1e-3) for name in reversed(DNSMOS_SCORES)}

    monkeypatch.setattr(naturalness, "judge", lambda: judge)
    naturalness._scores.cache_clear()
    yield found
    naturalness._scores.cache_clear()


def seconds_of_sound(seconds):
    return np.sin(np.arange(round(seconds * RATE)) / 5).astype(np.float32) / 4


def test_scores_are_mean_opinions_and_hiss_lowers_them(speech):
    hiss = 0.02 * np.random.default_rng(0).standard_normal(len(speech))
    clean, noisy = (dnsmos(wave, SAMPLE_RATE) for wave in (speech, speech + hiss))
    assert list(clean) == list(DNSMOS_SCORES)
    for name, score in clean.items():
        assert 1 <= noisy[name] <= 5 and 1 <= score <= 5
        assert name == "sig" or noisy[name] < score - 0.2  # of what is said, not of what is around


def test_level_and_silence_around_it_move_nothing(speech):
    silence = np.zeros(1001, np.float32)
    other = np.concatenate([silence, speech / 8, silence])
    assert dnsmos(other, SAMPLE_RATE) == pytest.approx(dnsmos(speech, SAMPLE_RATE), abs=1e-3)


@pytest.mark.parametrize("seconds", [0.5, 3.3, 8.5, 9.5, 25])
def test_all_of_a_clip_is_heard(heard, seconds):
    dnsmos(seconds_of_sound(seconds), RATE)
    assert {len(window) for window in heard} == {WINDOW}
    assert len(heard) * 9.01 >= seconds
    assert sum(np.count_nonzero(window) for window in heard) > 0.95 * seconds * RATE


def test_pieces_count_by_their_length(heard):
    """Two seconds of eleven are silent, all in one of two pieces."""
    wave = np.concatenate(
        [seconds_of_sound(7), np.zeros(2 * RATE, np.float32), seconds_of_sound(2)]
    )
    assert dnsmos(wave, RATE)["ovrl"] == pytest.approx(9 / 11, abs=0.05)


@pytest.mark.parametrize("wave", [np.zeros(RATE), np.full(RATE, np.nan), np.zeros(10)])
def test_there_is_no_score_of_nothing(heard, wave):
    assert np.isnan(list(dnsmos(wave, RATE).values())).all()
    assert not heard


def test_the_networks_run_on_one_thread():
    judge = naturalness.judge()
    for session in (judge.onnx_sess, judge.p808_onnx_sess):
        assert session.get_session_options().intra_op_num_threads == 1
