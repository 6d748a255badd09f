"""A corpus of recordings in LJ Speech layout: metadata.csv and wavs/.

Durations come from aligning each recording with a rendering of the same text by a voice whose
phone times are known (dynamic time warping); F0 from pYIN; the envelope from averages of the
spectrum one F0 wide. Its source phase is not known: the vocoder learns from magnitudes.
"""

import multiprocessing
from dataclasses import dataclass
from pathlib import Path

import librosa
import numpy as np
import soundfile
import soxr
from tqdm import tqdm

from ..analysis.recording import phone_ends
from ..errors import LightningError
from ..model import HOP, SAMPLE_RATE, Voice, load
from ..text import Sentence, TextError, features, phone_indices, phonemize
from .corpus import BANDS, Corpus, Example
from .teacher import SAMPLE_RATE as WARPED_RATE
from .teacher import WARPING

_FFT = 1024
_LOWEST_F0, _HIGHEST_F0 = 60.0, 500.0  # Hz
_UNVOICED_WIDTH = 300.0  # Hz


class RecordingsError(LightningError, ValueError):
    """A corpus of recordings that cannot be used; the message names the file and the line."""


@dataclass(frozen=True)
class Recording:
    """One line of metadata.csv."""

    key: str
    text: str
    path: Path


def read_metadata(folder: Path) -> list[Recording]:
    """Read metadata.csv: `key|text` or `key|text|normalized text` a line, wavs/key.wav beside it.

    Raises:
        RecordingsError: naming the line that is malformed, double, or whose WAV file is missing.
    """
    table = folder / "metadata.csv"
    if not table.exists():
        raise RecordingsError(f"{table} is missing: not a corpus in LJ Speech layout")
    recordings: dict[str, Recording] = {}
    for number, line in enumerate(table.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        columns = line.split("|")
        if len(columns) not in (2, 3) or not columns[0].strip() or not columns[-1].strip():
            raise RecordingsError(
                f"{table}:{number}: expected 'key|text' or 'key|text|normalized text', "
                f"found {line[:60]!r}"
            )
        key = columns[0].strip()
        path = folder / "wavs" / f"{key}.wav"
        if key in recordings:
            raise RecordingsError(f"{table}:{number}: {key} was there before")
        if not path.exists():
            raise RecordingsError(f"{table}:{number}: {path} is missing")
        recordings[key] = Recording(key, columns[-1].strip(), path)
    if not recordings:
        raise RecordingsError(f"{table} is empty")
    return list(recordings.values())


def build(recordings: list[Recording], folder: Path, jobs: int) -> Corpus:
    """Turn recordings into examples; what is there already is kept.

    Raises:
        RecordingsError: if a WAV file cannot be read or a text cannot be spoken.
    """
    corpus = Corpus(folder)
    (folder / "examples").mkdir(parents=True, exist_ok=True)
    done = set(corpus.keys())
    work = [(recording, folder) for recording in recordings if recording.key not in done]
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        results = pool.imap_unordered(_build_one, work)
        list(tqdm(results, total=len(work), desc="recordings", unit="sentence"))
    return corpus


def _build_one(job: tuple[Recording, Path]) -> None:
    recording, folder = job
    example = to_example(recording, load())
    example.save(folder / "examples" / f"{recording.key}.npz")


def to_example(recording: Recording, voice: Voice) -> Example:
    """Measure one recording.

    Args:
        voice: renders the text with known phone times, for the alignment.

    Raises:
        RecordingsError: if the WAV file cannot be read or the text cannot be spoken.
    """
    wave = read_wave(recording.path)
    try:
        parts = phonemize(recording.text)
    except TextError as error:
        raise RecordingsError(f"{recording.path}: {error}") from error
    sentence = Sentence(tuple(word for part in parts for word in part.words))
    frames = len(wave) // HOP
    if frames < 20:
        raise RecordingsError(f"{recording.path}: {len(wave) / SAMPLE_RATE:.2f} s is too short")
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
        RecordingsError: if it is not a sound file.
    """
    try:
        wave, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise RecordingsError(f"{path}: {error}") from error
    return soxr.resample(wave.mean(1), rate, SAMPLE_RATE, quality="VHQ")


def track_f0(wave: np.ndarray) -> np.ndarray:
    """F0 of (N,) by pYIN: float32 (T,) Hz at every hop, 0 where unvoiced."""
    f0, voiced, _ = librosa.pyin(
        wave, fmin=_LOWEST_F0, fmax=_HIGHEST_F0, sr=SAMPLE_RATE, frame_length=2048, hop_length=HOP
    )
    return np.where(voiced, np.nan_to_num(f0), 0).astype(np.float32)


def align(wave: np.ndarray, voice: Voice, sentence: Sentence) -> np.ndarray:
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
