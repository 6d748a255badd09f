"""Phase of a candidate against a reference: over time and frequency, as delay, as lost cycles."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from . import pitch
from .peak import peak
from .spectrogram import HOP, WINDOW, frames, hann, spectrogram

MASK_DB = -50.0
"""Bins below this level, relative to the reference's loudest bin, have no phase worth showing."""
BAND_EDGES_HZ = (0, 1000, 2000, 4000, 6000, 8000, 12000)
LONGEST_DELAY_MS = 4.0
"""Group delays are searched this far to both sides; half a pitch period is what voiced sound can
tell apart."""


@dataclass(frozen=True)
class PhaseDrift:
    """How far a candidate's phase has moved away from the reference's.

    Attributes:
        times_s: (T,), middle of each frame.
        frequencies_hz: (F,).
        radians: (F, T) in (-pi, pi], candidate minus reference; NaN where masked.
        group_delay_ms: (B, T), how much later the candidate is, a row a band of
            `BAND_EDGES_HZ`; NaN where masked.
        audible_bins: (B, T), how many bins of the band are not masked.
        fundamental_cycles: (T,), phase of the candidate's fundamental minus the reference's,
            followed through each voiced stretch; NaN where one of them is unvoiced.
    """

    times_s: np.ndarray
    frequencies_hz: np.ndarray
    radians: np.ndarray
    group_delay_ms: np.ndarray
    audible_bins: np.ndarray
    fundamental_cycles: np.ndarray

    @property
    def group_delay_p95_ms(self) -> float:
        """95th percentile of |delay| over all bins that are not masked; NaN if all are."""
        known = np.isfinite(self.group_delay_ms)
        delays = np.repeat(np.abs(self.group_delay_ms[known]), self.audible_bins[known])
        return float(np.percentile(delays, 95)) if len(delays) else float("nan")

    @property
    def fundamental_drift_p95_cycles(self) -> float:
        """95th percentile of |drift| of the fundamental; NaN without voiced frames."""
        drift = np.abs(self.fundamental_cycles[np.isfinite(self.fundamental_cycles)])
        return float(np.percentile(drift, 95)) if len(drift) else float("nan")


def phase_drift(
    reference: np.ndarray,
    candidate: np.ndarray,
    sample_rate: int,
    reference_pitch: pitch.PitchTrack,
    candidate_pitch: pitch.PitchTrack,
) -> PhaseDrift:
    """Compare the phases of two waveforms of the same length.

    Args:
        reference: (N,).
        candidate: (N,), sample n belongs to sample n of the reference.
        sample_rate: Hz.
        reference_pitch: F0 of the reference, T frames.
        candidate_pitch: F0 of the candidate, T frames.

    Raises:
        ValueError: the lengths differ, so that no sample belongs to another.
    """
    if len(reference) != len(candidate):
        raise ValueError(
            f"phase needs waveforms of one length, not {len(reference)} and {len(candidate)}"
        )
    a, b = spectrogram(reference, sample_rate), spectrogram(candidate, sample_rate)
    cross = b.values * a.values.conj()
    weakest = np.minimum(np.abs(a.values), np.abs(b.values))
    audible = weakest > np.abs(a.values).max(initial=0.0) * 10 ** (MASK_DB / 20)
    delay, counts = _group_delay(np.where(audible, cross, 0), a.frequencies_hz)
    return PhaseDrift(
        times_s=a.times_s,
        frequencies_hz=a.frequencies_hz,
        radians=np.where(audible, np.angle(cross), np.nan),
        group_delay_ms=delay,
        audible_bins=counts,
        fundamental_cycles=_fundamental_drift(
            reference, candidate, sample_rate, reference_pitch, candidate_pitch
        ),
    )


def _group_delay(cross: np.ndarray, frequencies_hz: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Delay (B, T) in ms of each band, and how many bins of `cross` (F, T) are not zero there.

    The delay is the one that brings the phases of all bins of a band together. A phase step from
    bin to bin would not do: inside the lobe of one harmonic all bins share its phase.
    """
    step = 0.05
    delays_ms = np.arange(-LONGEST_DELAY_MS, LONGEST_DELAY_MS + step / 2, step)
    unit = cross / np.maximum(np.abs(cross), 1e-30)
    found, counts = [], []
    for low, high in pairwise(BAND_EDGES_HZ):
        rows = (frequencies_hz >= low) & (frequencies_hz < high)
        turns = np.exp(2j * np.pi * delays_ms[:, None] * 1e-3 * frequencies_hz[None, rows])
        agreement = np.abs(turns @ unit[rows]).T
        best, _ = peak(agreement, agreement.argmax(axis=1))
        counts.append(np.count_nonzero(unit[rows], axis=0))
        found.append(np.where(counts[-1] > 0, best * step - LONGEST_DELAY_MS, np.nan))
    return np.array(found), np.array(counts)


def _fundamental_drift(
    reference: np.ndarray,
    candidate: np.ndarray,
    sample_rate: int,
    reference_pitch: pitch.PitchTrack,
    candidate_pitch: pitch.PitchTrack,
) -> np.ndarray:
    """Drift (T,) of the fundamental in cycles.

    Between frames the phase tells the drift only up to whole cycles; the two pitch tracks say
    which whole number it is.
    """
    reference_hz, candidate_hz = reference_pitch.hz, candidate_pitch.hz
    voiced = reference_pitch.voiced & candidate_pitch.voiced
    difference = _fundamental_phase(candidate, sample_rate, candidate_hz) - _fundamental_phase(
        reference, sample_rate, reference_hz
    )
    apart_hz = candidate_hz - reference_hz
    drift = np.full(len(reference_hz), np.nan)
    for t in np.flatnonzero(voiced):
        if t > 0 and voiced[t - 1]:
            expected = drift[t - 1] + (apart_hz[t] + apart_hz[t - 1]) / 2 * HOP / sample_rate
        else:
            expected = 0.0
        drift[t] = expected + _wrap(difference[t] - expected)
    return drift


def _fundamental_phase(waveform: np.ndarray, sample_rate: int, f0_hz: np.ndarray) -> np.ndarray:
    """Phase (T,) in cycles of the component at `f0_hz` (T,) in the middle of each frame."""
    n = np.arange(WINDOW) - WINDOW // 2
    carrier = np.exp(-2j * np.pi * f0_hz[:, None] * n / sample_rate)
    return np.angle((frames(waveform, WINDOW) * hann(WINDOW) * carrier).sum(axis=1)) / (2 * np.pi)


def _wrap(cycles: float) -> float:
    """The same angle in [-0.5, 0.5] cycles."""
    return cycles - np.round(cycles)
