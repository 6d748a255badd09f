"""A recording in the terms of a voice: phones, when each ends, F0.

Durations come from aligning the recording with a rendering of the same text by a voice whose phone
times are known (dynamic time warping); F0 from pYIN.
"""

import unicodedata
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import librosa
import numpy as np
import soxr
import torch
from torch import Tensor

from lightning_v2.analysis.metrics.recording import (
    RecordingError,
    SilentRecording,
    phone_ends,
    read_sound,
)
from lightning_v2.errors import ArgumentError
from lightning_v2.files import written_whole
from lightning_v2.model.natural.config import HOP, SAMPLE_RATE, STEP
from lightning_v2.model.natural.source import LOWEST_F0
from lightning_v2.model.natural.voice import NaturalVoice
from lightning_v2.text import TextError
from lightning_v2.training.recordings.metadata import (
    Recording,
    RecordingsError,
    UnusableRecording,
)

_TRACKED_F0 = 60.0, 500.0  # Hz
_SHORTEST = 20  # frames
_FASTEST_PHONE = 0.03  # s: twice as fast as people can read aloud
_SOUNDS = ("Ll", "Lu", "Lo")
"""Categories of characters that are sounds; marks of stress and length are of others."""

FULL_SCALE = 32767


@dataclass(frozen=True, eq=False)
class Take:
    """One spoken sentence. Letters: P phones, T frames of 12.5 ms, two a step.

    Attributes:
        phones: int64 (P,) rows of the phone embedding.
        log_durations: float32 (P,) natural logarithm of one more than the steps, not rounded.
        durations: float32 (P,) whole steps.
        f0: float32 (T,) Hz, 0 where unvoiced.
        wave: int16 (300 T,) at 24 kHz.
    """

    phones: np.ndarray
    log_durations: np.ndarray
    durations: np.ndarray
    f0: np.ndarray
    wave: np.ndarray

    def save(self, arrays: Path, wave: Path) -> None:
        """Write the waveform to one file and the rest to another, whole, that one last."""
        with written_whole(wave) as part, open(part, "wb") as file:
            np.save(file, self.wave)
        rest = {name: value for name, value in vars(self).items() if name != "wave"}
        with written_whole(arrays) as part, open(part, "wb") as file:
            np.savez(file, **rest)

    @classmethod
    def load(cls, arrays: Path, wave: Path) -> Self:
        """Read a take; its waveform is read where it is looked at.

        Raises:
            ArgumentError: naming the file that is damaged or of another kind.
        """
        path = arrays
        try:
            with np.load(path) as stored:
                rest = {name: stored[name] for name in stored.files}
            path = wave
            return cls(**rest, wave=np.load(path, mmap_mode="r"))
        except (
            TypeError, AttributeError, OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error
        ) as error:  # fmt: skip
            raise ArgumentError(f"{path} is damaged or of no take: {error}") from error


def takes_of(recording: Recording, voice: NaturalVoice) -> list[Take]:
    """Measure one recording, a take a sentence of its text.

    Args:
        voice: reads the text, and renders it for the alignment.

    Raises:
        UnusableRecording: it is silent or too short for its text.
        RecordingsError: if the WAV file cannot be read or the text cannot be spoken.
    """
    try:
        wave = read_wave(recording.path)
        sentences = voice.read(recording.text)
    except SilentRecording as error:
        raise UnusableRecording(f"{recording.place}: {error}") from error
    except (RecordingError, TextError) as error:
        raise RecordingsError(f"{recording.place}: {error}") from error
    _refuse_short(recording, len(wave), (phone for phones in sentences for phone in phones))
    rendered = voice.synthesize(recording.text)
    ends = phone_ends(wave, rendered.waveform, rendered.durations, SAMPLE_RATE, HOP) / STEP
    return _cut(recording, wave, ends, sentences, voice)


def read_wave(path: Path) -> np.ndarray:
    """A WAV file of any rate and any number of channels as float32 (N,) at 24 kHz.

    Raises:
        RecordingError: if it is not a sound file, or silent.
    """
    wave, rate = read_sound(path)
    return soxr.resample(wave.mean(1), rate, SAMPLE_RATE, quality="VHQ")


def track_f0(wave: np.ndarray) -> np.ndarray:
    """F0 of (N,) by pYIN: float32 (N // 300,) Hz in the middle of each frame, 0 where unvoiced."""
    lowest, highest = _TRACKED_F0
    f0, voiced, _ = librosa.pyin(
        wave[HOP // 2 :], fmin=lowest, fmax=highest, sr=SAMPLE_RATE, frame_length=2048,
        hop_length=HOP,
    )  # fmt: skip
    return np.where(voiced, np.nan_to_num(f0), 0).astype(np.float32)[: len(wave) // HOP]


def with_unvoiced(f0: Tensor, told: Tensor) -> Tensor:
    """F0 (..., T) in Hz of takes, with what a voice tells where nothing is voiced.

    A voice tells small values there, which its decoder hears, and a recording none.
    """
    return torch.where(f0 > 0, f0, told.clamp(0, LOWEST_F0 / 2))


def _cut(
    recording: Recording,
    wave: np.ndarray,
    ends: np.ndarray,
    sentences: list[tuple[str, ...]],
    voice: NaturalVoice,
) -> list[Take]:
    """Take a recording (N,) apart, whose phones end at so many steps (P,)."""
    steps = np.round(ends).astype(int)
    samples = np.zeros(steps[-1] * STEP * HOP, np.float32)
    count = min(len(wave), len(samples))
    samples[:count] = np.clip(wave[:count], -1, 1)
    f0 = track_f0(samples)
    takes, first, begun, start = [], 0, 0.0, 0
    for phones in sentences:
        here = slice(first, first + len(phones))
        frames = slice(STEP * start, STEP * steps[here.stop - 1])
        piece = samples[frames.start * HOP : frames.stop * HOP]
        _refuse_short(recording, len(piece), phones)
        lengths = np.diff(ends[here], prepend=begun)
        takes.append(
            Take(
                phones=np.array([voice.symbols.get(phone, 0) for phone in phones], np.int64),
                log_durations=np.log1p(lengths).astype(np.float32),
                durations=np.diff(steps[here], prepend=start).astype(np.float32),
                f0=f0[frames],
                wave=(piece * FULL_SCALE).round().astype(np.int16),
            )
        )
        first, begun, start = here.stop, ends[here.stop - 1], steps[here.stop - 1]
    return takes


def _refuse_short(recording: Recording, samples: int, phones: Iterable[str]) -> None:
    seconds = samples / SAMPLE_RATE
    sounds = sum(unicodedata.category(phone) in _SOUNDS for phone in phones)
    if samples < _SHORTEST * HOP or seconds < sounds * _FASTEST_PHONE:
        raise UnusableRecording(
            f"{recording.place}: {recording.path} is too short, {seconds:.2f} s for {sounds} phones"
        )
