"""Where the error of a candidate sits: in which sounds, when, and in which band.

The error is candidate minus reference, sample by sample. How loud it is says little about whether
it is heard: the voice itself hides what lies close below it in the same band. `hidden_dbfs` is a
yardstick for that, not a model of hearing: bands do not hide each other, and sounds do not hide
what comes before or after them.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.ndimage import binary_dilation, binary_erosion

from lightning_v2.analysis.comparison import Comparison
from lightning_v2.analysis.metrics.alignment import f0
from lightning_v2.analysis.metrics.sound import loudness, pitch
from lightning_v2.analysis.metrics.sound.spectrogram import HOP, decibels, spectrogram
from lightning_v2.analysis.sites.localisation import band_edges, band_levels
from lightning_v2.errors import ArgumentError

SOUNDS = ("voiced", "unvoiced", "pause")

CRITICAL_BAND_EDGES_HZ = (
    0, 100, 200, 300, 400, 510, 630, 770, 920, 1080, 1270, 1480, 1720, 2000, 2320, 2700, 3150,
    3700, 4400, 5300, 6400, 7700, 9500, 12000,
)  # fmt: skip
"""Bands in which an ear adds up (E. Zwicker, "Subdivision of the audible frequency range into
critical bands", 1961)."""

TONE_HIDES_BELOW_DB = 14.5
"""A tone hides noise in its critical band that lies this much, and 1 dB for each band, below it;
noise hides what lies `NOISE_HIDES_BELOW_DB` below; `TONE_FLATNESS_DB` is as flat as the spectrum of
tones gets, and what lies between counts in proportion (J. Johnston, "Transform coding of audio
signals using perceptual noise criteria", IEEE JSAC 6(2), 1988)."""
NOISE_HIDES_BELOW_DB = 5.5
TONE_FLATNESS_DB = -60.0

QUIET_DBFS = -85.0
"""Nothing below counts: with full scale at 78 dB SPL, as zimtohrli has it, that is below what any
ear hears in silence."""


@dataclass(frozen=True, eq=False)
class ErrorLocation:
    """Levels of a reference and of an error over time and frequency. B bands, T frames.

    Attributes:
        plan: name.
        provenance: one line that belongs beside every figure.
        times_s: (T,), middle of each frame.
        sounds: (T,), which of `SOUNDS` each frame of the reference is.
        band_edges_hz: (B + 1,), bands of 500 Hz.
        reference_dbfs, error_dbfs: (B, T); a sine of full scale reads 0, nothing below -200.
        critical_reference_dbfs, critical_error_dbfs: the same in critical bands, 23 rows.
        tonality: (T,), of the reference, from 0 for noise to 1 for tones.
    """

    plan: str
    provenance: str
    times_s: np.ndarray
    sounds: np.ndarray
    band_edges_hz: np.ndarray
    reference_dbfs: np.ndarray
    error_dbfs: np.ndarray
    critical_reference_dbfs: np.ndarray
    critical_error_dbfs: np.ndarray
    tonality: np.ndarray

    @property
    def hidden_dbfs(self) -> np.ndarray:
        """Level up to which the reference hides an error, in critical bands (23, T)."""
        number = np.arange(1, len(self.critical_reference_dbfs) + 1)[:, None]
        tone = TONE_HIDES_BELOW_DB + number
        below = self.tonality * tone + (1 - self.tonality) * NOISE_HIDES_BELOW_DB
        return np.maximum(self.critical_reference_dbfs - below, QUIET_DBFS)

    @cached_property
    def margin_db(self) -> np.ndarray:
        """Error over what the reference hides, in critical bands (23, T); above 0 it sticks out."""
        return self.critical_error_dbfs - self.hidden_dbfs

    @property
    def by_band(self) -> pd.DataFrame:
        """A row a band of 500 Hz, over all frames.

        Columns: plan, low_hz, high_hz, reference_dbfs, error_dbfs, snr_db.
        """
        levels = [_mean_db(x, axis=1) for x in (self.reference_dbfs, self.error_dbfs)]
        frame = pd.DataFrame(
            {
                "plan": self.plan,
                "low_hz": self.band_edges_hz[:-1],
                "high_hz": self.band_edges_hz[1:],
                "reference_dbfs": levels[0],
                "error_dbfs": levels[1],
            }
        )
        return frame.assign(snr_db=_ratio(*levels))

    @property
    def over_time(self) -> pd.DataFrame:
        """A row a frame, over all bands. Columns: plan, time_s, sound, reference_dbfs,
        error_dbfs."""
        levels = [_sum_db(x) for x in (self.reference_dbfs, self.error_dbfs)]
        return pd.DataFrame(
            {
                "plan": self.plan,
                "time_s": self.times_s,
                "sound": self.sounds,
                "reference_dbfs": levels[0],
                "error_dbfs": levels[1],
            }
        )

    @property
    def by_sound(self) -> pd.DataFrame:
        """A row for each of `SOUNDS` that there is.

        Columns: plan, sound, time_percent, reference_dbfs, error_dbfs (means of power), snr_db,
        error_percent (share of the energy of the error; NaN without error), sticks_out_percent
        (share of critical bands and frames whose `margin_db` is above 0).
        """
        frames = self.over_time
        energy = 10 ** (frames["error_dbfs"].to_numpy(float) / 10)
        total = energy.sum() if (self.error_dbfs > -200).any() else np.nan
        rows = []
        for sound in SOUNDS:
            here = self.sounds == sound
            if not here.any():
                continue
            levels = [
                float(_mean_db(frames[name].to_numpy(float)[here], axis=0))
                for name in ("reference_dbfs", "error_dbfs")
            ]
            rows.append(
                {
                    "plan": self.plan,
                    "sound": sound,
                    "time_percent": 100 * here.mean(),
                    "reference_dbfs": levels[0],
                    "error_dbfs": levels[1],
                    "snr_db": float(_ratio(*levels)),
                    "error_percent": 100 * energy[here].sum() / total,
                    "sticks_out_percent": 100 * (self.margin_db[:, here] > 0).mean(),
                }
            )
        return pd.DataFrame(rows)


def locate_error(comparison: Comparison) -> ErrorLocation:
    """Where the error of a comparison sits.

    Raises:
        ArgumentError: sample n of the candidate does not belong to sample n of the reference.
    """
    if not comparison.aligned:
        longer = comparison.metrics["duration_difference_ms"]
        raise ArgumentError(
            f"the candidate is longer by {longer:+.0f} ms, so that samples do not belong to each "
            "other; teacher_forced=True compares what does"
        )
    rate, reference = comparison.reference.sample_rate, comparison.reference.waveform
    levels, times_s = band_levels(reference, rate)
    critical = [
        band_levels(wave, rate, CRITICAL_BAND_EDGES_HZ)[0]
        for wave in (reference, comparison.difference)
    ]
    return ErrorLocation(
        plan=comparison.plan.name,
        provenance=comparison.provenance,
        times_s=times_s,
        sounds=sounds_of(comparison.reference),
        band_edges_hz=band_edges(rate),
        reference_dbfs=levels,
        error_dbfs=band_levels(comparison.difference, rate)[0],
        critical_reference_dbfs=critical[0],
        critical_error_dbfs=critical[1],
        tonality=tonality(reference, rate),
    )


def sounds_of(speech) -> np.ndarray:
    """Which of `SOUNDS` each frame (T,) of a `Speech` is, T = ceil(N / 256).

    A frame sees what its neighbours see. So it is a pause where `loudness.pauses` says so of them,
    too; otherwise voiced where it or a neighbour has an F0, measured where the voice tells none;
    otherwise unvoiced.
    """
    paused = loudness.pauses(speech.waveform, speech.sample_rate)[::HOP]
    hz = f0(speech, len(paused), HOP)
    if not len(hz):
        hz = pitch.track(speech.waveform, speech.sample_rate).hz
    voiced = np.zeros(len(paused), dtype=bool)
    voiced[: len(hz)] = hz[: len(paused)] > 0
    paused = binary_erosion(paused, border_value=1)
    return np.where(paused, "pause", np.where(binary_dilation(voiced), "voiced", "unvoiced"))


def tonality(waveform: np.ndarray, sample_rate: int) -> np.ndarray:
    """How much each frame (T,) of a waveform (N,) is tones: 0 for noise, 1 for tones.

    From the flatness of its power spectrum, the geometric over the arithmetic mean.
    """
    power = np.abs(spectrogram(waveform, sample_rate).values.astype(complex)) ** 2 + 1e-20
    flatness = decibels(np.exp(np.log(power).mean(axis=0)) / power.mean(axis=0), power=True)
    return np.clip(flatness / TONE_FLATNESS_DB, 0.0, 1.0)


def _sum_db(levels: np.ndarray) -> np.ndarray:
    """Level of all bands together (T,)."""
    return decibels((10 ** (levels.astype(float) / 10)).sum(axis=0), power=True)


def _mean_db(levels: np.ndarray, axis: int) -> np.ndarray:
    """Mean of the power behind levels, in dB."""
    return decibels((10 ** (levels.astype(float) / 10)).mean(axis=axis), power=True)


def _ratio(reference_dbfs: np.ndarray, error_dbfs: np.ndarray) -> np.ndarray:
    """Signal to error in dB; inf where there is no error."""
    silent = np.asarray(error_dbfs) < -180.0  # 24 bands at the floor of -200 add up to -186
    return np.where(silent, np.inf, np.subtract(reference_dbfs, error_dbfs))
