"""A clip as whoever hears one signal without a reference gets it: one rate, one level, its sound.

Such a judge, a recogniser or a model of a listener, is moved by what is nobody's voice: the level,
a rate and how it was reached, silence before and after. docs/equivalence.md, "Judges of one signal"
has what each of them makes of it.
"""

import numpy as np
import soxr

from lightning_v2.analysis.metrics.sanity import SMALLEST_PEAK
from lightning_v2.analysis.metrics.sound.loudness import loudness_lufs

RATE = 16000
LOUDNESS_LUFS = -23.0
"""That of programmes (EBU R 128)."""
AROUND_S = 0.1
"""Of what lies before and after the sound, so much is heard. None is put there: beside silence,
DNSMOS does not hear the noise that is in a sound."""
SILENT_BELOW_PEAK_DB = 50.0
"""What is this far below the loudest 20 ms is silence, at both ends of a clip."""

_WINDOW_S = 0.02
_HALF_PAUSE = RATE // 20


def heard_part(waveform: np.ndarray, sample_rate: int) -> np.ndarray:
    """A waveform (N,) at 16 kHz and `LOUDNESS_LUFS` from its first sound to its last, float32, and
    at most `AROUND_S` before and after.

    Ends are found to the sample, so that longer silence changes nothing. Samples beyond full scale
    are clipped. Empty if all is silent, or nothing that an ear hears.
    """
    if np.abs(waveform).max(initial=0.0) < SMALLEST_PEAK:
        return np.empty(0, np.float32)
    half = round(_WINDOW_S * sample_rate / 2)
    wave = np.asarray(waveform, np.float32)
    total = np.cumsum(np.square(np.pad(wave, (half + 1, half)), dtype=np.float64))
    energy = total[2 * half + 1 :] - total[: -2 * half - 1]
    loudest = energy.max()
    loud = np.flatnonzero(energy > loudest * 10 ** (-SILENT_BELOW_PEAK_DB / 10))
    around = round(AROUND_S * sample_rate)
    sound = wave[max(0, loud[0] - around) : loud[-1] + 1 + around]
    sound = sound / np.float32(np.sqrt(loudest / (2 * half + 1)))
    # Only now: below -70 LUFS the meter takes everything for silence.
    gain_db = LOUDNESS_LUFS - loudness_lufs(sound, sample_rate)
    if not np.isfinite(gain_db):
        return np.empty(0, np.float32)
    level = np.float32(10 ** (gain_db / 20))
    return np.clip(soxr.resample(sound * level, sample_rate, RATE, quality="VHQ"), -1, 1)


def pieces(clip: np.ndarray, longest: int) -> list[np.ndarray]:
    """A clip (N,) at 16 kHz whole, or in about equal pieces of at most `longest` samples.

    Cut at the quietest place within a tenth of `longest` around where equal pieces would end.
    """
    if len(clip) <= longest:
        return [clip]
    count = -(-len(clip) // (longest * 4 // 5))
    near = longest // 10
    quiet = np.convolve(np.square(clip), np.ones(2 * _HALF_PAUSE + 1), mode="same")
    starts = len(clip) * np.arange(1, count) // count - near
    return np.split(clip, [at + int(quiet[at : at + 2 * near].argmin()) for at in starts])
