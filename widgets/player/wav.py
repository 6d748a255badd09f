"""Waveforms as WAV files in a string. Levels are never touched."""

import base64
import hashlib
import io

import numpy as np
import soundfile
from scipy.io import wavfile

from lightning_v2.analysis.metrics.sanity import playable


def wav_bytes(waveform: np.ndarray, sample_rate: int, float32: bool = False) -> bytes:
    """A mono WAV file.

    Args:
        waveform: (N,), full scale is 1; `sanity.flawed` samples become silent.
        sample_rate: Hz.
        float32: keep every bit; otherwise 16-bit PCM, where what is beyond full scale is clipped.
    """
    samples = playable(np.asarray(waveform, dtype=np.float32))
    if not float32:
        samples = np.clip(np.round(samples * 32768.0), -32768, 32767).astype(np.int16)
    file = io.BytesIO()
    # soundfile would put the time of day into the header of float32 files.
    wavfile.write(file, sample_rate, samples)
    return file.getvalue()


def wav_base64(waveform: np.ndarray, sample_rate: int, float32: bool = False) -> str:
    """`wav_bytes`, base64-coded."""
    return base64.b64encode(wav_bytes(waveform, sample_rate, float32)).decode("ascii")


def samples_digest(wav: bytes) -> str:
    """SHA-256 of the samples of a WAV file as little-endian float32: what is played, however it is
    written."""
    samples, _ = soundfile.read(io.BytesIO(wav), dtype="float32")
    return hashlib.sha256(samples.astype("<f4").tobytes()).hexdigest()


def read_wav_base64(text: str) -> tuple[np.ndarray, int]:
    """Waveform (N,) float32 and sample rate of what `wav_base64` made."""
    return soundfile.read(io.BytesIO(base64.b64decode(text)), dtype="float32")
