"""A recording of a sentence, beside what a voice says when it keeps the recording's timing."""

from pathlib import Path

import librosa
import numpy as np
import soundfile
from scipy.fft import dct

from lightning_v2.analysis.metrics import audio_metrics
from lightning_v2.analysis.metrics.sanity import LARGEST, flawed
from lightning_v2.analysis.metrics.sound.spectrogram import (
    comparison_floor,
    mel_level_db,
    spectrogram,
)
from lightning_v2.errors import LightningError
from lightning_v2.model import Speech

_CEPSTRA = 24
_QUIETEST = 1e-3  # of full scale, half the way from trough to peak: -60 dB


class RecordingError(LightningError, ValueError):
    """A sound file that cannot be used; the message names it."""


class SilentRecording(RecordingError):
    """A sound file in which nothing can be heard."""


def read_sound(path: Path) -> tuple[np.ndarray, int]:
    """A sound file as float32 (N, channels), and its rate in Hz.

    Raises:
        RecordingError: it is no sound file, or some of it is `sanity.flawed`.
        SilentRecording: nothing is in it, or less than -60 dB of full scale.
    """
    try:
        wave, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise RecordingError(f"{path} cannot be read: {error}") from error
    odd = flawed(wave).any(1)
    if odd.any():
        raise RecordingError(
            f"{path} holds {odd.sum()} samples that are not finite or beyond ±{LARGEST:g}, the "
            f"first after {odd.argmax() / rate:.3f} s"
        )
    if len(wave) == 0 or np.ptp(wave, axis=0).max() / 2 < _QUIETEST:
        raise SilentRecording(f"{path} is silent")
    return wave, rate


def read(path: Path, sample_rate: int) -> np.ndarray:
    """A WAV file of one channel at a rate in Hz as float32 (N,).

    Raises:
        RecordingError: naming the file, if it is not one, silent, or `sanity.flawed`.
    """
    wave, rate = read_sound(path)
    if rate != sample_rate or wave.shape[1] != 1:
        raise RecordingError(
            f"{path} has {wave.shape[1]} channels at {rate} Hz; it must be mono at {sample_rate} Hz"
        )
    return wave[:, 0]


def phone_ends(
    recording: np.ndarray,
    waveform: np.ndarray,
    durations: np.ndarray,
    sample_rate: int,
    hop: int,
) -> np.ndarray:
    """End of each phone of a recording in frames, float32 (P,), rising.

    Dynamic time warping lays speech of known durations over the recording, by timbre.

    Args:
        recording: (N,).
        waveform: (M,) of the same words.
        durations: (P,) frames, of the phones in `waveform`.
        sample_rate: Hz, of both.
        hop: samples a frame.
    """
    ours, theirs = (_timbre(wave, sample_rate, hop) for wave in (waveform, recording))
    _, path = librosa.sequence.dtw(ours, theirs, metric="cosine")
    path = path[::-1]
    # The recording's frame at each of ours: the middle of the ones it was matched with.
    middle = np.interp(np.arange(ours.shape[1]), *_mean_per(path[:, 0], path[:, 1]))
    warped = np.interp(np.cumsum(durations), np.arange(ours.shape[1]), middle)
    warped[-1] = len(recording) / hop
    return np.maximum.accumulate(warped + np.arange(len(warped)) * 1e-3).astype(np.float32)


def distances(recording: np.ndarray, speech: Speech) -> dict[str, float]:
    """PESQ-WB, STOI and MCD of a speech that has the timing of a recording (N,)."""
    count, rate = min(len(recording), len(speech.waveform)), speech.sample_rate
    a, b = recording[:count], speech.waveform[:count]
    return {
        "pesq_wb_mos": audio_metrics.pesq_wb_mos(a, b, rate),
        "stoi": audio_metrics.stoi(a, b, rate),
        "mcd_db": mel_cepstral_distortion_db(a, b, rate),
    }


def mel_cepstral_distortion_db(
    reference: np.ndarray, candidate: np.ndarray, sample_rate: int
) -> float:
    """Mean over frames of the RMS difference of two waveforms (N,) in 24 mel cepstra.

    The level (the zeroth one) does not count, nor do frames without sound in the reference.
    """
    # Each has a floor of its own 60 dB below its loudest bin: a louder copy is the same.
    a, b = (
        mel_level_db(wave, sample_rate, floor=_floor(wave, sample_rate))
        for wave in (reference, candidate)
    )
    heard = a.max(axis=0) > a.max() - audio_metrics.HEARD_BELOW_PEAK_DB / 2
    steps = dct(b - a, axis=0)[1 : _CEPSTRA + 1] / len(a)
    return float(np.sqrt((steps[:, heard] ** 2).sum(axis=0) / 2).mean())


def _floor(waveform: np.ndarray, sample_rate: int) -> float:
    return comparison_floor(spectrogram(waveform, sample_rate), audio_metrics.HEARD_BELOW_PEAK_DB)


def _mean_per(index: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    unique, inverse = np.unique(index, return_inverse=True)
    return unique, np.bincount(inverse, value) / np.bincount(inverse)


def _timbre(wave: np.ndarray, sample_rate: int, hop: int) -> np.ndarray:
    """Cepstra without level and with their slopes (C, T), mean and spread removed."""
    cepstra = librosa.feature.mfcc(y=wave, sr=sample_rate, n_mfcc=13, hop_length=hop)
    both = np.concatenate([cepstra, librosa.feature.delta(cepstra, mode="nearest")])
    return (both - both.mean(1, keepdims=True)) / (both.std(1, keepdims=True) + 1e-6)
