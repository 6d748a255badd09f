"""A recording and speech with its timing: signals with a known answer."""

import numpy as np
import pytest
import soundfile

from lightning_v2.analysis.metrics.recording import (
    RecordingError,
    SilentRecording,
    distances,
    mel_cepstral_distortion_db,
    phone_ends,
    read,
    read_sound,
)
from lightning_v2.model import load

RATE = 24000


@pytest.fixture(scope="module")
def speech():
    return load().synthesize("Seven silver ships are here.")


def test_the_distortion_is_that_of_a_smooth_filter(utterance):
    """A tilt of the spectrum that is one cosine over mel bands has a known RMS; gain has none."""
    assert mel_cepstral_distortion_db(utterance, utterance, RATE) == 0
    assert mel_cepstral_distortion_db(utterance, 0.5 * utterance, RATE) == pytest.approx(
        0, abs=1e-3
    )
    assert mel_cepstral_distortion_db(utterance, -utterance, RATE) == pytest.approx(0, abs=1e-6)
    rng = np.random.default_rng(0)
    white = rng.standard_normal(48000)
    mel = 2595 * np.log10(1 + np.fft.rfftfreq(48000, 1 / 24000) / 700)
    gain_db = 2.0 * np.cos(np.pi * mel / mel[-1])
    tilted = np.fft.irfft(np.fft.rfft(white) * 10 ** (gain_db / 20))
    assert mel_cepstral_distortion_db(white, tilted, RATE) == pytest.approx(2 / np.sqrt(2), rel=0.1)


def test_noise_is_further_away(utterance, noise):
    near, far = (mel_cepstral_distortion_db(utterance, utterance + noise(utterance, snr), RATE)
                 for snr in (40, 20))  # fmt: skip
    assert 0 < near < far


def test_distances_of_a_speech_from_itself(speech):
    found = distances(speech.waveform, speech)
    assert found["pesq_wb_mos"] > 4.6
    assert found["stoi"] == pytest.approx(1)
    assert found["mcd_db"] == 0


def test_phones_of_the_same_speech_end_where_they_do(speech):
    ends = phone_ends(speech.waveform, speech.waveform, speech.durations, RATE, speech.hop)
    assert np.abs(ends[:-1] - np.cumsum(speech.durations)[:-1]).max() < 1.5  # frames
    late = np.concatenate([np.zeros(20 * speech.hop, np.float32), speech.waveform])
    shifted = phone_ends(late, speech.waveform, speech.durations, RATE, speech.hop)
    assert np.median(shifted - ends) == pytest.approx(20, abs=1)
    assert (np.diff(shifted) > 0).all()


@pytest.mark.parametrize(
    ("wave", "error", "reason"),
    [
        ([0.5, np.nan, -0.5, np.inf], RecordingError, "2 samples that are not finite or beyond"),
        ([0.5, -0.5, 1e9], RecordingError, r"beyond ±100, the first after 0\.000 s"),
        ([], SilentRecording, r"a\.wav is silent"),
        ([0.0] * 100, SilentRecording, r"a\.wav is silent"),
        ([0.3, 0.3005] * 100, SilentRecording, "silent"),  # an offset is no sound
    ],
)
def test_what_cannot_be_used_is_named(tmp_path, wave, error, reason):
    soundfile.write(tmp_path / "a.wav", np.array(wave), 24000, subtype="FLOAT")
    with pytest.raises(error, match=reason):
        read(tmp_path / "a.wav", RATE)


def test_one_channel_that_sounds_is_enough(tmp_path):
    wave = np.stack([np.zeros(100), np.linspace(-0.5, 0.5, 100)], 1)
    soundfile.write(tmp_path / "a.wav", wave, 8000)
    read_back, rate = read_sound(tmp_path / "a.wav")
    assert read_back == pytest.approx(wave, abs=1e-4)
    assert rate == 8000


def test_reads_one_format_only(tmp_path):
    wave = np.linspace(-0.5, 0.5, 100, dtype=np.float32)
    for name, rate, data in (("good", 24000, wave), ("slow", 16000, wave),
                             ("stereo", 24000, np.stack([wave, wave], 1))):  # fmt: skip
        soundfile.write(tmp_path / f"{name}.wav", data, rate)
    assert read(tmp_path / "good.wav", RATE) == pytest.approx(wave, abs=1e-4)
    with pytest.raises(ValueError, match=r"slow.wav has 1 channels at 16000 Hz"):
        read(tmp_path / "slow.wav", RATE)
    with pytest.raises(ValueError, match=r"stereo.wav has 2 channels"):
        read(tmp_path / "stereo.wav", RATE)
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(ValueError, match=r"text.wav cannot be read"):
        read(tmp_path / "text.wav", RATE)
