"""Phase of a candidate against a reference: over time and frequency, as delay, as lost cycles.

Where sample n of one belongs to sample n of the other (teacher-forced), all of it can be said.
Otherwise frames are paired by way of the phones, and the two have no common clock: no delay and no
drift, but how the harmonics of a frame lie to each other, and how fast each of them turns. Frames
are paired to half a frame, 5 ms: where F0 glides, that alone is some 20 cents.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from lightning_v2.analysis.metrics.sound import harmonics, pitch
from lightning_v2.analysis.metrics.sound.peak import peak
from lightning_v2.analysis.metrics.sound.spectrogram import HOP, spectrogram
from lightning_v2.errors import ArgumentError

MASK_DB = -50.0
"""Bins below this level, relative to the reference's loudest bin, have no phase worth showing."""
BAND_EDGES_HZ = (0, 1000, 2000, 4000, 6000, 8000, 12000)
LONGEST_DELAY_MS = 4.0
"""Group delays are searched this far to both sides; half a pitch period is what voiced sound can
tell apart."""


@dataclass(frozen=True)
class PhaseDrift:
    """How far a candidate's phase has moved away from the reference's.

    Bins and harmonics are masked that lie below `MASK_DB` in one of the two.

    Attributes:
        aligned: whether samples of the two belong to each other. If not, `radians`,
            `group_delay_ms`, `fundamental_cycles` and `harmonic_cycles` are all NaN.
        times_s: (T,), middle of each frame of the reference.
        frequencies_hz: (F,).
        radians: (F, T) in (-pi, pi], candidate minus reference; NaN where masked.
        group_delay_ms: (B, T), how much later the candidate is, a row a band of
            `BAND_EDGES_HZ`; NaN where masked.
        audible_bins: (B, T), how many bins of the band are not masked.
        fundamental_cycles: (T,), phase of the candidate's fundamental minus the reference's,
            followed through each voiced stretch; NaN where one of them is unvoiced.
        harmonic_cycles: (K, T), the same for the first K harmonics, each in cycles of its own; NaN
            where masked or unvoiced. What was lost before a stretch begins is known only up to
            whole cycles.
        relation_cycles: (K, T) in [-0.5, 0.5], how far harmonic k is from where the fundamental
            would have it, candidate minus reference: the shape of a period. A delay leaves it
            alone; a polarity flip is half a cycle of every even harmonic. NaN as above.
        frequency_cents: (K, T), instantaneous frequency of each harmonic, interval from the
            reference to the candidate. NaN as above.
    """

    aligned: bool
    times_s: np.ndarray
    frequencies_hz: np.ndarray
    radians: np.ndarray
    group_delay_ms: np.ndarray
    audible_bins: np.ndarray
    fundamental_cycles: np.ndarray
    harmonic_cycles: np.ndarray
    relation_cycles: np.ndarray
    frequency_cents: np.ndarray

    @property
    def group_delay_p95_ms(self) -> float:
        """95th percentile of |delay| over all bins that are not masked; NaN if all are."""
        known = np.isfinite(self.group_delay_ms)
        delays = np.repeat(np.abs(self.group_delay_ms[known]), self.audible_bins[known])
        return _p95(delays)

    @property
    def fundamental_drift_p95_cycles(self) -> float:
        """95th percentile of |drift| of the fundamental; NaN without voiced frames."""
        return _p95(self.fundamental_cycles)

    @property
    def harmonic_drift_p95_cycles(self) -> float:
        """95th percentile of |drift| of all harmonics; NaN if there is none."""
        return _p95(self.harmonic_cycles)

    @property
    def harmonic_relation_p95_cycles(self) -> float:
        """95th percentile of |relation| of the harmonics above the first; NaN if there is none."""
        return _p95(self.relation_cycles[1:])

    @property
    def frequency_deviation_p95_cents(self) -> float:
        """95th percentile of |deviation| of the frequencies of all harmonics; NaN without any."""
        return _p95(self.frequency_cents)


def phase_drift(
    reference: np.ndarray,
    candidate: np.ndarray,
    sample_rate: int,
    reference_pitch: pitch.PitchTrack,
    candidate_pitch: pitch.PitchTrack,
    match: np.ndarray | None = None,
) -> PhaseDrift:
    """Compare the phases of two waveforms.

    Args:
        reference: (N,).
        candidate: (N,), sample n belongs to sample n of the reference; with `match` any length.
        sample_rate: Hz.
        reference_pitch: F0 of the reference, T frames.
        candidate_pitch: F0 of the candidate, in its own frames.
        match: (T,), frame of the candidate for each frame of the reference, if samples do not
            belong to each other (`alignment.matching_frames`).

    Raises:
        ArgumentError: the lengths differ, and nothing says which frame belongs to which.
    """
    if match is None and len(reference) != len(candidate):
        raise ArgumentError(
            f"phase needs waveforms of one length, not {len(reference)} and {len(candidate)}"
        )
    a = spectrogram(reference, sample_rate)
    quietest = np.abs(a.values).max(initial=0.0) * 10 ** (MASK_DB / 20)
    followed = harmonics.follow(reference, sample_rate, reference_pitch.hz)
    other = harmonics.follow(candidate, sample_rate, candidate_pitch.hz)
    if match is None:
        b = spectrogram(candidate, sample_rate)
        cross = b.values * a.values.conj()
        audible = np.minimum(np.abs(a.values), np.abs(b.values)) > quietest
        radians = np.where(audible, np.angle(cross), np.nan)
        delay, counts = _group_delay(np.where(audible, cross, 0), a.frequencies_hz)
        drift = _drift(followed, other, reference_pitch, candidate_pitch, sample_rate)
    else:
        other = other.at(match)
        radians = np.full(a.values.shape, np.nan)
        delay = np.full((len(BAND_EDGES_HZ) - 1, len(a.times_s)), np.nan)
        counts = np.zeros(delay.shape, int)
        drift = np.full(followed.cycles.shape, np.nan)
    # A comparison with NaN, which an unvoiced frame has, is False.
    heard = (followed.amplitude > quietest) & (other.amplitude > quietest)
    order = np.arange(1, harmonics.COUNT + 1)[:, None]
    apart = other.cycles - followed.cycles
    with np.errstate(invalid="ignore"):
        cents = 1200 * np.log2(other.hz / followed.hz)
    return PhaseDrift(
        aligned=match is None,
        times_s=a.times_s,
        frequencies_hz=a.frequencies_hz,
        radians=radians,
        group_delay_ms=delay,
        audible_bins=counts,
        fundamental_cycles=drift[0],
        harmonic_cycles=np.where(heard, drift, np.nan),
        relation_cycles=np.where(heard & heard[0], _wrap(apart - order * apart[0]), np.nan),
        frequency_cents=np.where(heard, cents, np.nan),
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


def _drift(
    reference: harmonics.Harmonics,
    candidate: harmonics.Harmonics,
    reference_pitch: pitch.PitchTrack,
    candidate_pitch: pitch.PitchTrack,
    sample_rate: int,
) -> np.ndarray:
    """Drift (K, T) of each harmonic in cycles of its own.

    Between frames the phase tells the drift only up to whole cycles: for the fundamental the two
    pitch tracks say which whole number it is, for all others the fundamental does.
    """
    apart = candidate.cycles - reference.cycles
    voiced = reference_pitch.voiced & candidate_pitch.voiced
    apart_hz = candidate_pitch.hz - reference_pitch.hz
    order = np.arange(1, len(apart) + 1)
    drift = np.full(apart.shape, np.nan)
    for t in np.flatnonzero(voiced):
        if t > 0 and voiced[t - 1]:
            gained = (apart_hz[t] + apart_hz[t - 1]) / 2 * HOP / sample_rate
            fundamental = drift[0, t - 1] + gained
            fundamental += _wrap(apart[0, t] - fundamental)
            expected = drift[:, t - 1] + order * (fundamental - drift[0, t - 1])
            expected = np.where(np.isfinite(expected), expected, 0.0)
        else:
            expected = np.zeros(len(apart))
        drift[:, t] = expected + _wrap(apart[:, t] - expected)
    return drift


def _wrap(cycles: np.ndarray | float) -> np.ndarray | float:
    """The same angle in [-0.5, 0.5] cycles."""
    return cycles - np.round(cycles)


def _p95(values: np.ndarray) -> float:
    known = np.abs(values[np.isfinite(values)])
    return float(np.percentile(known, 95)) if len(known) else float("nan")
