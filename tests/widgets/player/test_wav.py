import numpy as np

from widgets.player.wav import read_wav_base64, wav_base64, wav_bytes

RATE = 24000


def test_pcm_keeps_the_level():
    wave = 0.25 * np.sin(np.arange(1000) / 7).astype(np.float32)
    back, rate = read_wav_base64(wav_base64(wave, RATE))
    assert rate == RATE
    assert np.abs(back - wave).max() <= 0.5 / 32768 + 1e-7


def test_pcm_clips_instead_of_wrapping():
    back, _ = read_wav_base64(wav_base64(np.array([1.5, -1.5, 1.0, -1.0]), RATE))
    assert back.tolist() == [32767 / 32768, -1.0, 32767 / 32768, -1.0]


def test_float_keeps_every_bit():
    wave = np.array([1e-7, -3.0, 0.1, 2.0**-30], dtype=np.float32)
    back, _ = read_wav_base64(wav_base64(wave, RATE, float32=True))
    assert (back == wave).all()


def test_the_same_sound_is_the_same_file_at_any_time():
    wave = np.array([0.5, -0.25], dtype=np.float32)
    written = wav_bytes(wave, RATE, float32=True)
    assert b"PEAK" not in written  # the chunk that holds the time of day
    assert written.endswith(wave.tobytes())
