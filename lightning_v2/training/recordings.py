"""A corpus of recordings in LJ Speech layout: metadata.csv and wavs/.

Durations come from aligning each recording with a rendering of the same text by a voice whose
phone times are known (dynamic time warping); F0 from pYIN; the envelope from averages of the
spectrum one F0 wide. Its source phase is not known: the vocoder learns from magnitudes.
"""

from dataclasses import dataclass
from pathlib import Path

import librosa
import numpy as np
import soxr
from tqdm import tqdm

from lightning_v2.analysis.metrics.recording import (
    RecordingError,
    SilentRecording,
    phone_ends,
    read_sound,
)
from lightning_v2.errors import ArgumentError
from lightning_v2.model import HOP, SAMPLE_RATE, SourceFilterVoice, load
from lightning_v2.resources import keyed_lines
from lightning_v2.text import Sentence, TextError, features, phone_indices, phonemize
from lightning_v2.training.corpus import BANDS, Corpus, Example
from lightning_v2.training.spread import spread
from lightning_v2.training.teacher import SAMPLE_RATE as WARPED_RATE
from lightning_v2.training.teacher import WARPING

_FFT = 1024
_LOWEST_F0, _HIGHEST_F0 = 60.0, 500.0  # Hz
_UNVOICED_WIDTH = 300.0  # Hz
_SHORTEST = 20  # frames
_FASTEST_PHONE = 0.03  # s: twice as fast as people can read aloud


class RecordingsError(ArgumentError):
    """A corpus of recordings that cannot be used; the message names the file and the line."""


class UnusableRecording(RecordingsError):
    """A recording from which nothing can be learned: silent, or too short for its text."""


@dataclass(frozen=True)
class Recording:
    """One line of metadata.csv.

    Attributes:
        place: file and line.
    """

    key: str
    text: str
    path: Path
    place: str


def read_metadata(folder: Path) -> list[Recording]:
    """Read metadata.csv: `key|text` or `key|text|normalized text` a line, wavs/key.wav beside it.

    Raises:
        ArgumentError: naming the line that is malformed, double, or whose WAV file is missing.
    """
    table = folder / "metadata.csv"
    if not table.exists():
        raise RecordingsError(f"{table} is missing: not a corpus in LJ Speech layout")
    recordings = []
    layout = "'key|text' or 'key|text|normalized text'"
    for place, key, rest in keyed_lines(table, "|", layout):
        texts = [text.strip() for text in rest.split("|")]
        if len(texts) > 2 or not texts[-1]:
            raise RecordingsError(f"{place}: expected {layout}, found {rest[:60]!r} after the key")
        path = folder / "wavs" / f"{key}.wav"
        if not path.exists():
            raise RecordingsError(f"{place}: {path} is missing")
        recordings.append(Recording(key, texts[-1], path, place))
    if not recordings:
        raise RecordingsError(f"{table} is empty")
    return recordings


def build(recordings: list[Recording], folder: Path, jobs: int) -> Corpus:
    """Turn recordings into examples; what is there already is kept.

    Silent recordings and those too short for their text are left out and counted.

    Raises:
        RecordingsError: if a WAV file cannot be read, a text cannot be spoken, or all are left out.
    """
    corpus = Corpus(folder)
    (folder / "examples").mkdir(parents=True, exist_ok=True)
    done = set(corpus.keys())
    work = [(recording, folder) for recording in recordings if recording.key not in done]
    results = spread(_build_one, work, jobs)
    progress = tqdm(results, total=len(work), desc="recordings", unit="sentence")
    unusable = [problem for problem in progress if problem]
    if unusable:
        count = f"{len(unusable)} of {len(recordings)} recordings"
        if len(unusable) == len(recordings):
            raise RecordingsError(f"{count} cannot be used, for example: {unusable[0]}")
        tqdm.write(f"left out {count}, for example: {unusable[0]}")
    return corpus


def _build_one(job: tuple[Recording, Path]) -> str | None:
    """Save an example; or why there is none."""
    recording, folder = job
    try:
        example = to_example(recording, load("slt"))
    except UnusableRecording as error:
        return str(error)
    example.save(folder / "examples" / f"{recording.key}.npz")
    return None


def to_example(recording: Recording, voice: SourceFilterVoice) -> Example:
    """Measure one recording.

    Args:
        voice: renders the text with known phone times, for the alignment.

    Raises:
        UnusableRecording: it is silent or too short for its text.
        RecordingsError: if the WAV file cannot be read or the text cannot be spoken.
    """
    try:
        wave = read_wave(recording.path)
        parts = phonemize(recording.text)
    except SilentRecording as error:
        raise UnusableRecording(f"{recording.place}: {error}") from error
    except (RecordingError, TextError) as error:
        raise RecordingsError(f"{recording.place}: {error}") from error
    sentence = Sentence(tuple(word for part in parts for word in part.words))
    frames, phones = len(wave) // HOP, len(sentence.phones)
    seconds = len(wave) / SAMPLE_RATE
    if frames < _SHORTEST or seconds < phones * _FASTEST_PHONE:
        raise UnusableRecording(
            f"{recording.place}: {recording.path} is too short, {seconds:.2f} s for {phones} phones"
        )
    wave = wave[: frames * HOP]
    f0 = track_f0(wave)[:frames]
    return Example(
        phones=phone_indices(sentence),
        features=features(sentence),
        ends=align(wave, voice, sentence),
        f0=f0,
        envelope=smooth_envelope(wave, f0),
        wave=(np.clip(wave, -1, 1) * 32767).round().astype(np.int16),
        teacher_f0=np.empty(0, np.float32),
    )


def read_wave(path: Path) -> np.ndarray:
    """A WAV file of any rate and any number of channels as float32 (N,) at 24 kHz.

    Raises:
        RecordingError: if it is not a sound file, or silent.
    """
    wave, rate = read_sound(path)
    return soxr.resample(wave.mean(1), rate, SAMPLE_RATE, quality="VHQ")


def track_f0(wave: np.ndarray) -> np.ndarray:
    """F0 of (N,) by pYIN: float32 (T,) Hz at every hop, 0 where unvoiced."""
    f0, voiced, _ = librosa.pyin(
        wave, fmin=_LOWEST_F0, fmax=_HIGHEST_F0, sr=SAMPLE_RATE, frame_length=2048, hop_length=HOP
    )
    return np.where(voiced, np.nan_to_num(f0), 0).astype(np.float32)


def align(wave: np.ndarray, voice: SourceFilterVoice, sentence: Sentence) -> np.ndarray:
    """End of each phone in frames, float32 (P,), by warping a rendering onto the recording (N,)."""
    rendered = voice.speak(sentence)
    return phone_ends(wave, rendered.waveform, rendered.durations)


def smooth_envelope(wave: np.ndarray, f0: np.ndarray) -> np.ndarray:
    """Pitch-free log amplitude at 64 points of the warped axis, float32 (T, 64).

    The power spectrum is averaged over a band one F0 wide, which holds exactly one harmonic
    wherever it lies (after M. Morise, "CheapTrick", Speech Communication 2015).
    """
    power = np.abs(librosa.stft(wave, n_fft=_FFT, hop_length=HOP, window="hann")) ** 2 / _FFT
    width = np.where(f0 > 0, f0, _UNVOICED_WIDTH)
    step = SAMPLE_RATE / _FFT
    reach = int(_HIGHEST_F0 / step) + 1
    edges = (np.arange(-reach, _FFT // 2 + 2 + reach) - 0.5) * step
    target = band_frequencies()
    rows = []
    for column, band in zip(power.T, width, strict=False):
        mirrored = np.concatenate([column[reach:0:-1], column, column[-2 : -reach - 2 : -1]])
        total = np.concatenate([[0], np.cumsum(mirrored)])
        upper, lower = (np.interp(target + side * band / 2, edges, total) for side in (1, -1))
        rows.append(0.5 * np.log((upper - lower) * step / band + 1e-12))
    return np.stack(rows).astype(np.float32)


def band_frequencies() -> np.ndarray:
    """Frequency in Hz of the 64 points of the warped axis; those above 12 kHz are held there."""
    warped = np.pi * (np.arange(BANDS) + 0.5) / BANDS
    plain = warped - 2 * np.arctan(WARPING * np.sin(warped) / (1 + WARPING * np.cos(warped)))
    return np.minimum(plain / np.pi * WARPED_RATE / 2, SAMPLE_RATE / 2)
