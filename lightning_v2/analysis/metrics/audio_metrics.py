"""Measures of a candidate against a reference: `measure` fills in the table of `metric.METRICS`."""

import functools

import numpy as np

from lightning_v2.analysis.metrics import alignment
from lightning_v2.analysis.metrics.alignment import (
    boundary_shifts,
    matching_frames,
    matching_samples,
)
from lightning_v2.analysis.metrics.metric import DNSMOS_SCORES, METRICS
from lightning_v2.analysis.metrics.sanity import flaw, refusal
from lightning_v2.analysis.metrics.sound import loudness, pitch
from lightning_v2.analysis.metrics.sound.phase import PhaseDrift, phase_drift
from lightning_v2.analysis.metrics.sound.spectrogram import (
    HOP,
    comparison_floor,
    mel_level_db,
    spectrogram,
)
from lightning_v2.errors import ArgumentError
from lightning_v2.threads import subnormals_as_zero

NAN = float("nan")

HEARD_BELOW_PEAK_DB = 60.0
"""Spectral distances count down to this far below the reference's loudest bin. With it white noise
at -50 and -40 dB has a log-spectral distance of 0.4 and 1.2 dB: the scale of the bounds."""

PESQ_LEADS = (0, 200, 500)
"""PESQ is asked with each of so many samples of silence before both waveforms, at 16 kHz, and the
median counts: where its frames begin moves the score of single pairs by some tenths."""

CLEAR_FLIP = 0.1
"""Voicing flips count where the periodicity changes by more than this, not at the threshold."""


def measure(reference, candidate, judges: bool = False) -> tuple[dict[str, float], PhaseDrift]:
    """All of `METRICS` for two `Speech` of the same text, and the phase drift.

    Where the durations differ (free-running), what needs samples is NaN; what needs frames pairs
    them phone by phone, and is NaN where the voice does not know its durations. Where one of the
    two waveforms has a `sanity.flaw`, all of them are, and nothing is known of the phase.
    `unmeasured.reasons` says why a value is NaN.

    Args:
        reference: what is right.
        candidate: says the same phones.
        judges: let a recogniser and DNSMOS hear both, which takes longer than all else together;
            their metrics are NaN otherwise.

    Raises:
        ArgumentError: sample rates differ, or the phones do (then the texts do), or a waveform is
            no array (N,).
    """
    if reference.sample_rate != candidate.sample_rate:
        raise ArgumentError(
            f"sample rates differ: {reference.sample_rate} and {candidate.sample_rate} Hz"
        )
    if reference.phonemes != candidate.phonemes:
        raise ArgumentError("two texts cannot be compared: the phonemes differ")
    rate, a, b = reference.sample_rate, reference.waveform, candidate.waveform
    paired_by = alignment.pairing(reference, candidate)
    aligned = paired_by == "samples"
    if flaw(a, "the reference's waveform") or flaw(b, "the candidate's waveform"):
        return {metric.name: NAN for metric in METRICS}, _no_phase(len(a), rate, aligned)
    count, limit = (-(-len(wave) // HOP) for wave in (a, b))
    values = {metric.name: NAN for metric in METRICS} | _of_the_whole(a, b, rate)
    if judges:
        values["words_agree_percent"] = words_agree_percent(a, b, rate, reference.text)
        values |= dnsmos_mos(a, b, rate)
    if paired_by == "nothing":
        return values, _no_phase(len(a), rate, aligned)
    durations = [alignment.durations(speech, HOP) for speech in (reference, candidate)]
    match = matching_frames(*durations, count, limit)
    said = alignment.f0(reference, count, HOP)
    pitch_a = pitch.track(a, rate, guide_hz=said)
    # Both are looked for near the same F0: the same samples then have the same pitch.
    near = pitch_a.hz.copy()
    told = np.flatnonzero(said[:count] > 0)
    near[told] = said[told]
    guide = np.zeros(limit)
    guide[match] = near
    pitch_b = pitch.track(b, rate, guide_hz=guide)
    drift = phase_drift(a, b, rate, pitch_a, pitch_b, None if aligned else match)
    centres, paired = None, pitch_b
    if not aligned:
        centres = matching_samples(*durations, count, HOP)
        paired = pitch.track(b, rate, guide_hz=near, centres=centres)
    if aligned:
        values |= {
            "pesq_wb_mos": pesq_wb_mos(a, b, rate),
            "zimtohrli": zimtohrli(a, b, rate),
            "stoi": stoi(a, b, rate),
            "estoi": stoi(a, b, rate, extended=True),
            "snr_db": snr_db(a, b),
            "waveform_pcc": waveform_pcc(a, b),
            "group_delay_p95_ms": drift.group_delay_p95_ms,
            "fundamental_drift_p95_cycles": drift.fundamental_drift_p95_cycles,
            "harmonic_drift_p95_cycles": drift.harmonic_drift_p95_cycles,
        }
    distance = lsd_db(a, b, rate, centres)
    values |= {
        "harmonic_relation_p95_cycles": drift.harmonic_relation_p95_cycles,
        "frequency_deviation_p95_cents": drift.frequency_deviation_p95_cents,
        "lsd_db": _mean(distance),
        "lsd_2_to_4_percent": 100 * _mean((distance >= 2) & (distance <= 4)),
        "lsd_above_4_percent": 100 * _mean(distance > 4),
        "mel_rmse_db": mel_rmse_db(a, b, rate, centres),
        **_pitch_errors(pitch_a, paired),
        **loudness.pause_levels(a, b, loudness.pauses(a, rate), match),
    }
    if len(durations[0]):
        shifts = np.abs(boundary_shifts(*durations))
        values["boundary_shift_p95_ms"] = float(np.percentile(shifts, 95)) * HOP / rate * 1000
    return values, drift


def _of_the_whole(reference: np.ndarray, candidate: np.ndarray, rate: int) -> dict[str, float]:
    """What two waveforms (N,), (M,) say without any frame that belongs to another."""
    longer = len(candidate) - len(reference)
    loud = [loudness.loudness_lufs(wave, rate) for wave in (candidate, reference)]
    return {
        "gain_db": loudness.level_dbfs(candidate) - loudness.level_dbfs(reference),
        "loudness_difference_lu": _difference(*loud),
        "duration_difference_ms": longer / rate * 1000,
        "length_change_percent": 100 * longer / len(reference) if len(reference) else NAN,
    }


def _no_phase(count: int, sample_rate: int, aligned: bool) -> PhaseDrift:
    """Nothing is known of the phase of so many samples."""
    silence = np.zeros(count)
    track = pitch.track(silence, sample_rate)
    match = None if aligned else np.arange(len(track.hz))
    return phase_drift(silence, silence, sample_rate, track, track, match)


def snr_db(reference: np.ndarray, candidate: np.ndarray) -> float:
    """Energy of the reference over that of the difference; inf for identical waveforms (N,)."""
    signal = np.square(reference, dtype=np.float64).sum()
    noise = np.square(np.subtract(candidate, reference, dtype=np.float64)).sum()
    if noise == 0:
        return float("inf")
    return float(10 * np.log10(max(signal, 1e-300) / noise))


def waveform_pcc(reference: np.ndarray, candidate: np.ndarray) -> float:
    """Pearson correlation of two waveforms (N,); NaN where one of them is constant."""
    a, b = (np.asarray(wave, dtype=np.float64) - np.mean(wave) for wave in (reference, candidate))
    norm = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / norm) if norm > 0 else NAN


def pesq_wb_mos(reference: np.ndarray, candidate: np.ndarray, sample_rate: int) -> float:
    """PESQ wide-band of (N,) after resampling to 16 kHz: the median over `PESQ_LEADS`.

    NaN where nobody speaks, and for a `sanity.refusal`.
    """
    import pesq
    import soxr

    if refusal("pesq_wb_mos", sample_rate, reference=reference, candidate=candidate):
        return NAN
    a, b = (soxr.resample(wave, sample_rate, 16000) for wave in (reference, candidate))
    scores = []
    with subnormals_as_zero():
        for lead in PESQ_LEADS:
            fed = (np.append(np.zeros(lead, wave.dtype), wave) for wave in (a, b))
            try:
                scores.append(pesq.pesq(16000, *fed, "wb"))
            except (pesq.NoUtterancesError, pesq.BufferTooShortError):
                return NAN
    return float(np.median(scores))


def zimtohrli(reference: np.ndarray, candidate: np.ndarray, sample_rate: int) -> float:
    """Zimtohrli's distance of (N,) after resampling to 48 kHz, the one rate that it knows.

    0 for identical waveforms; 1 minus the similarity of what reaches the ear, full scale taken as
    78 dB SPL. Steps of time are aligned first. NaN for a `sanity.refusal`.

    On this scale, in the mean of four held-out sentences, white noise at -60, -50 and -40 dB is
    1.0e-4, 1.1e-3 and 5.4e-3, phase jitter of 0.2 and 0.5 rad 1.1e-4 and 7.7e-4, a shift by 3 and
    30 cents 0.5e-4 and 3.6e-4, rounding to 16 bits 1e-6: the bound of 3e-4 lies between what
    nobody hears and what some do.
    """
    import soxr

    if refusal("zimtohrli", sample_rate, reference=reference, candidate=candidate):
        return NAN
    a, b = (
        soxr.resample(np.asarray(wave, np.float32), sample_rate, 48000)
        for wave in (reference, candidate)
    )
    return float(_ear().distance(a, b))


@functools.cache
def _ear():
    from zimtohrli import Pyohrli

    return Pyohrli()


def words_agree_percent(
    reference: np.ndarray, candidate: np.ndarray, sample_rate: int, said: str
) -> float:
    """Of the words that a recogniser hears right in the reference (N,), how many it hears right in
    the candidate (M,), in percent.

    NaN for none, and for a `sanity.refusal`.
    """
    from lightning_v2.analysis.metrics.judges import recogniser, words

    if refusal("words_agree_percent", sample_rate, reference=reference, candidate=candidate):
        return NAN
    heard = [recogniser.hypothesis(wave, sample_rate) for wave in (reference, candidate)]
    return words.words_agree_percent(said, *heard)


def dnsmos_mos(reference: np.ndarray, candidate: np.ndarray, sample_rate: int) -> dict[str, float]:
    """All that the table has of DNSMOS, for (N,) and (M,): each alone, and the change.

    NaN where one of the two is silent, and for a `sanity.refusal`.
    """
    from lightning_v2.analysis.metrics.judges.naturalness import dnsmos

    before = after = dict.fromkeys(DNSMOS_SCORES, NAN)
    if not refusal("dnsmos", sample_rate, reference=reference, candidate=candidate):
        before = dnsmos(reference, sample_rate)
        after = dnsmos(candidate, sample_rate)
    values = {}
    for score in DNSMOS_SCORES:
        values[f"dnsmos_{score}_reference_mos"] = before[score]
        values[f"dnsmos_{score}_mos"] = after[score]
        values[f"dnsmos_{score}_change_mos"] = after[score] - before[score]
    return values


def stoi(
    reference: np.ndarray, candidate: np.ndarray, sample_rate: int, extended: bool = False
) -> float:
    """Short-time objective intelligibility of (N,).

    NaN for less than 0.4 s of speech, and for a `sanity.refusal`.

    extended: ESTOI, which also hears how noise comes and goes (J. Jensen and C. Taal, 2016).
    """
    import warnings

    import pystoi

    name = "estoi" if extended else "stoi"
    if refusal(name, sample_rate, reference=reference, candidate=candidate):
        return NAN
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        try:
            return float(pystoi.stoi(reference, candidate, sample_rate, extended=extended))
        except RuntimeWarning:
            return NAN


def lsd_db(
    reference: np.ndarray,
    candidate: np.ndarray,
    sample_rate: int,
    centres: np.ndarray | None = None,
) -> np.ndarray:
    """Log-spectral distance (T,) in dB, floor 60 dB under the reference's loudest bin.

    `centres` (T,) are the candidate's samples that belong to the middles of the reference's frames.
    """
    a, b = spectrogram(reference, sample_rate), spectrogram(candidate, sample_rate, centres=centres)
    floor = comparison_floor(a, HEARD_BELOW_PEAK_DB)
    levels = [20 * np.log10(np.abs(spectra.values) + floor) for spectra in (a, b)]
    return np.sqrt(np.mean((levels[1] - levels[0]) ** 2, axis=0))


def mel_rmse_db(
    reference: np.ndarray,
    candidate: np.ndarray,
    sample_rate: int,
    centres: np.ndarray | None = None,
) -> float:
    """Root mean square difference of two mel spectra in dB, with the floor and the `centres` of
    `lsd_db`."""
    floor = comparison_floor(spectrogram(reference, sample_rate), HEARD_BELOW_PEAK_DB)
    a = mel_level_db(reference, sample_rate, floor=floor)
    b = mel_level_db(candidate, sample_rate, floor=floor, centres=centres)
    return float(np.sqrt(_mean((b - a) ** 2)))


def _pitch_errors(reference: pitch.PitchTrack, candidate: pitch.PitchTrack) -> dict[str, float]:
    """Of tracks whose frames belong together, (T,) both."""
    errors = np.abs(pitch.cents(reference.hz, candidate.hz))
    errors = errors[np.isfinite(errors)]
    median, p95 = np.percentile(errors, [50, 95]) if len(errors) else (NAN, NAN)
    flips = candidate.voiced != reference.voiced
    flips &= np.abs(candidate.strength - reference.strength) > CLEAR_FLIP
    return {
        "f0_median_cents": float(median),
        "f0_p95_cents": float(p95),
        "voicing_flips_percent": 100 * _mean(flips),
    }


def _difference(a: float, b: float) -> float:
    return a - b if np.isfinite([a, b]).all() else NAN


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values)) if values.size else NAN
