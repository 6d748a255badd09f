"""A vowel, a fricative and silence, with their samples stored in each format.

This is the format applied to the samples of a waveform, in blocks of 16 neighbours, and not a
precision plan: nothing is computed in it. A plan rounds hidden tensors, whose errors reach the
waveform through everything that follows.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from lightning_v2.analysis.display import colours
from lightning_v2.analysis.display.tables import Sheet
from lightning_v2.analysis.display.versions import Version
from lightning_v2.analysis.metrics.audio_metrics import snr_db
from lightning_v2.analysis.metrics.sound.loudness import level_dbfs
from lightning_v2.analysis.metrics.sound.spectrogram import decibels, hann
from lightning_v2.errors import ArgumentError
from lightning_v2.model import Speech
from lightning_v2.tensix.numbers.formats import FORMATS, GROUP, pack_host

STORED = FORMATS[1:]
"""Formats that lose something."""
HIGH_HZ = 4000.0
"""Above it a vowel has little, and an ear still hears well."""

SOUND_S, SILENCE_S = 0.08, 0.16
"""How long a sound that is cut out lasts."""
STEP_S = 0.005
"""Sounds are looked for so far apart."""
HISSING = 0.9
"""A fricative has at least this share of its energy above `HIGH_HZ`."""
QUIET_DB = 50.0
"""Silence is at least so far below the vowel: what is left there is the room of the voice."""

_BINS = 512
_AS_IT_IS = "the voice in PyTorch float32"
_STORED = "the same samples, packed in blocks of 16: emulated, not a plan"


@dataclass(frozen=True, eq=False)
class Sound:
    """A stretch out of a speech. N samples, a multiple of 16.

    Attributes:
        kind: "vowel", "fricative" or "silence".
        start_s: where it begins, in seconds.
        sample_rate: Hz.
        waveform: (N,), full scale 1.
        stored: format -> (N,), what a reader of the stored samples hears.
    """

    kind: str
    start_s: float
    sample_rate: int
    waveform: np.ndarray
    stored: dict[str, np.ndarray]

    @property
    def words(self) -> str:
        """Kind and place."""
        seconds = len(self.waveform) / self.sample_rate
        return f"{self.kind}, {1000 * seconds:.0f} ms at {self.start_s:.2f} s"

    def error(self, dtype: str) -> np.ndarray:
        """Stored minus given (N,)."""
        return self.stored[dtype] - self.waveform


def store(waveform: np.ndarray, dtype: str) -> np.ndarray:
    """Samples (N,) as a tensor of that format holds them, in blocks of 16 from the first one on."""
    given = torch.from_numpy(np.ascontiguousarray(waveform, dtype=np.float32))
    return pack_host(given, dtype).numpy()


def sounds(speech: Speech) -> list[Sound]:
    """A vowel (the loudest stretch), a fricative (the loudest that hisses) and the loudest silence.

    Found by their sound: what a voice tells of its phones may be some of them off.

    Raises:
        ArgumentError: the speech has none of one kind.
    """
    wave, rate = speech.waveform, speech.sample_rate
    short, long = (_stretches(speech, seconds) for seconds in (SOUND_S, SILENCE_S))

    def level(part: slice) -> float:
        return level_dbfs(wave[part])

    loudest = max(map(level, short), default=0.0)
    found = {
        "vowel": short,
        "fricative": [part for part in short if _hisses(wave[part], rate)],
        "silence": [part for part in long if level(part) < loudest - QUIET_DB],
    }
    sounds = []
    for kind, parts in found.items():
        if not parts:
            raise ArgumentError(f"{speech.text!r} has no {kind}")
        part = max(parts, key=level)
        stored = {dtype: store(wave[part], dtype) for dtype in STORED}
        sounds.append(Sound(kind, part.start / rate, rate, wave[part], stored))
    return sounds


def _stretches(speech: Speech, seconds: float) -> list[slice]:
    """Where it can be cut, in blocks of 16."""
    size = int(seconds * speech.sample_rate) // GROUP * GROUP
    step = max(1, int(STEP_S * speech.sample_rate) // GROUP) * GROUP
    return [slice(at, at + size) for at in range(0, len(speech.waveform) - size + 1, step)]


def _hisses(wave: np.ndarray, rate: int) -> bool:
    power = np.abs(np.fft.rfft(wave)) ** 2
    high = np.fft.rfftfreq(len(wave), 1 / rate) >= HIGH_HZ
    return bool(power[high].sum() > HISSING * power.sum())


def spectrum_dbfs(waveform: np.ndarray) -> np.ndarray:
    """Mean power spectrum (F,) of a waveform (N,) in dB; a sine of full scale reads 0.

    512-point Hann windows, half overlapping; what is shorter is padded with zeros.
    """
    padded = np.pad(waveform.astype(np.float64), (0, max(0, _BINS - len(waveform))))
    pieces = np.lib.stride_tricks.sliding_window_view(padded, _BINS)[:: _BINS // 2]
    window = hann(_BINS)
    spectra = np.abs(np.fft.rfft(pieces * window, axis=1)) * 2 / window.sum()
    return decibels(np.mean(spectra**2, axis=0), power=True)


def frequencies_hz(sample_rate: int) -> np.ndarray:
    """Of the bins (F,) of `spectrum_dbfs`."""
    return np.arange(_BINS // 2 + 1) * sample_rate / _BINS


def high_snr_db(sound: Sound, dtype: str) -> float:
    """Signal to error above `HIGH_HZ`."""
    high = frequencies_hz(sound.sample_rate) >= HIGH_HZ
    signal, error = (
        10 ** (spectrum_dbfs(wave)[high] / 10) for wave in (sound.waveform, sound.error(dtype))
    )
    return float(10 * np.log10(signal.sum() / error.sum()))


def sound_table(sounds: list[Sound]) -> Sheet:
    """Levels and errors of each sound in each format."""
    rows = [
        {
            "sound": sound.words,
            "samples stored as": dtype,
            "level (dBFS)": round(level_dbfs(sound.waveform), 1),
            "error (dBFS)": round(level_dbfs(sound.error(dtype)), 1),
            "SNR (dB)": round(snr_db(sound.waveform, sound.stored[dtype]), 1),
            f"SNR above {HIGH_HZ / 1000:g} kHz (dB)": round(high_snr_db(sound, dtype), 1),
            "samples that become 0 (%)": round(
                100 * float(np.mean((sound.stored[dtype] == 0) & (sound.waveform != 0))), 1
            ),
        }
        for sound in sounds
        for dtype in STORED
    ]
    caption = "Samples packed as by the host in blocks of 16: emulated, bit for bit; not a plan."
    return Sheet(pd.DataFrame(rows), caption)


def versions(sounds: list[Sound], gap_s: float = 0.25) -> list[Version]:
    """All sounds one after the other, with digital silence between them, in every format."""
    rate = sounds[0].sample_rate
    gap = np.zeros(int(gap_s * rate), np.float32)
    kinds = ", ".join(sound.kind for sound in sounds)

    def joined(waves: list[np.ndarray]) -> np.ndarray:
        return np.concatenate([gap, *(piece for wave in waves for piece in (wave, gap))])

    given = joined([sound.waveform for sound in sounds])
    return [
        Version("as it is", given, rate, colours.REFERENCE, f"{kinds}: {_AS_IT_IS}"),
        *(
            Version(dtype, joined([sound.stored[dtype] for sound in sounds]), rate,
                    colours.FORMATS[dtype], f"{kinds}: {_STORED}")
            for dtype in STORED
        ),
    ]  # fmt: skip


def sentence_versions(speech: Speech) -> list[Version]:
    """A whole sentence with its samples in every format."""
    rate = speech.sample_rate
    return [
        Version("as it is", speech.waveform, rate, colours.REFERENCE, _AS_IT_IS),
        *(
            Version(dtype, store(speech.waveform, dtype), rate, colours.FORMATS[dtype], _STORED)
            for dtype in STORED
        ),
    ]


def silence_versions(
    sounds: list[Sound], to_dbfs: float = -36.0, seconds: float = 1.5
) -> list[Version]:
    """The silence alone, repeated, with as much gain in steps of 6 dB as brings it to a level."""
    silence = next(sound for sound in sounds if sound.kind == "silence")
    times = -(-int(seconds * silence.sample_rate) // len(silence.waveform))
    steps = (to_dbfs - level_dbfs(silence.waveform)) // 6
    gain = float(np.clip(6 * steps, 0, 60))
    note = f"{times} times the same {len(silence.waveform) / silence.sample_rate:.2f} s"
    waves = {"as it is": silence.waveform, **silence.stored}
    return [
        Version(name, np.tile(wave, times), silence.sample_rate,
                colours.FORMATS.get(name, colours.REFERENCE), note, gain)
        for name, wave in waves.items()
    ]  # fmt: skip
