"""The one table of measures: names, units, directions, and what each of them cannot hear.

Limits stand in `endpoints`. docs/adding.md, "A metric", adds one.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from lightning_v2.analysis.metrics.endpoints import SIGNS, Relation, Run, endpoint_of, holds


@dataclass(frozen=True)
class Metric:
    """One row of the table.

    Attributes:
        name: key in `Comparison.metrics`, unit last.
        label: words for a person.
        unit: as printed.
        better: which way is better; "zero" means that any difference is one.
        needs: "samples" (sample n belongs to sample n), "frames" (frame belongs to frame, if need
            be by way of the phones) or "nothing" (levels and durations alone).
        hears: what moves it.
        deaf_to: what does not, or what moves it too much.
        undefined: why it may have no value although what it needs is there.
        of_durations: of durations alone, which a teacher-forced candidate is given.
        judge: who has to be asked for it, which takes longer than all else; empty: it is always
            measured.
        bound: what a plan has to reach, as the mean of many sentences, to count as equivalent;
            from the table of `endpoints`.
        relation: of a value to the bound, of its magnitude where zero is best; from there, too.
    """

    name: str
    label: str
    unit: str
    better: Literal["higher", "lower", "zero"]
    needs: Literal["samples", "frames", "nothing"]
    hears: str
    deaf_to: str
    undefined: str = "it is not defined for these waveforms"
    of_durations: bool = False
    judge: str = ""
    bound: float | None = None
    relation: Relation | None = None

    @property
    def bound_words(self) -> str:
        """The bound as it is printed; empty where there is none."""
        if self.bound is None:
            return ""
        return f"{'±' if self.better == 'zero' else SIGNS[self.relation]} {self.bound:g}"

    def holds(self, value: float) -> bool | None:
        """Whether a value keeps the bound; None where there is no bound or no value."""
        if self.bound is None or np.isnan(value):
            return None
        return holds(abs(value) if self.better == "zero" else value, self.relation, self.bound)


_UNVOICED = "no frame is voiced in both"

DNSMOS_SCORES = {
    "ovrl": "overall (P.835)",
    "sig": "speech (P.835)",
    "bak": "background (P.835)",
    "p808": "P.808",
}
"""Scores of `naturalness` -> what listeners were asked for."""


def _dnsmos(score: str) -> tuple[Metric, Metric, Metric]:
    """Rows of a score: of the reference, of the candidate, and by how much the latter is better."""

    def row(of: str, words: str, unit: str, hears: str, deaf_to: str) -> Metric:
        return Metric(
            f"dnsmos_{score}{of}_mos", f"DNSMOS {DNSMOS_SCORES[score]}, {words}", unit, "higher",
            "nothing", hears, deaf_to, undefined="one of the two is silent", judge="DNSMOS",
        )  # fmt: skip

    deaf = "words that are wrong or missing, pitch, timing, level"
    return (
        row("_reference", "reference", "MOS, 1 to 5", "how natural the reference sounds", deaf),
        row("", "candidate", "MOS, 1 to 5", "how natural the candidate sounds", deaf),
        row("_change", "candidate above reference", "MOS", "hiss, buzz, roughness; measured only "
            "on request", f"{deaf}; small differences between two signals, each of which is scored "
            "alone"),
    )  # fmt: skip


_METRICS = (
    Metric("pesq_wb_mos", "PESQ-WB at 16 kHz", "MOS-LQO, 1 to 4.64", "higher", "samples",
           "noise, also quiet noise in pauses; distortion", "polarity, constant delay; everything "
           "above 8 kHz; falls far too much for a shift of a few cents",
           undefined="PESQ finds no speech in one of the two"),
    Metric("zimtohrli", "zimtohrli distance at 48 kHz", "0 to 1", "lower", "samples",
           "hiss, timbre, roughness, a change of level by decibels", "polarity, a delay of a "
           "millisecond; nearly so to small shifts of pitch and to phases"),
    Metric("stoi", "STOI", "0 to 1", "higher", "samples", "words that get lost",
           "hiss, timbre, pitch: stays near 1 while all of them are plain",
           undefined="less than 0.4 s of speech"),
    Metric("estoi", "ESTOI", "0 to 1", "higher", "samples", "the same; noise that comes and goes",
           "polarity, level, steady hiss",
           undefined="less than 0.4 s of speech"),
    Metric("snr_db", "waveform SNR", "dB", "higher", "samples", "any difference of samples",
           "what it means: a polarity flip and a small group delay make it low"),
    Metric("waveform_pcc", "waveform correlation", "-1 to 1", "higher", "samples",
           "polarity, delay, pitch", "hiss, gain",
           undefined="one of the two is constant"),
    Metric("group_delay_p95_ms", "group delay, p95 of bins above -50 dB", "ms", "lower", "samples",
           "smeared onsets, phases of bands that drift apart", "polarity, gain, noise; more than "
           "half a pitch period",
           undefined="no bin is loud enough in both"),
    Metric("fundamental_drift_p95_cycles", "phase drift of the fundamental, p95", "cycles", "lower",
           "samples", "source phase, F0", "everything in unvoiced sound",
           undefined=_UNVOICED),
    Metric("harmonic_drift_p95_cycles", "phase drift of ten harmonics, p95", "cycles", "lower",
           "samples", "the same, and smeared phases of single harmonics", "unvoiced sound; what "
           "was lost before a voiced stretch, but for parts of a cycle",
           undefined=_UNVOICED),
    Metric("harmonic_relation_p95_cycles", "harmonics against their fundamental, p95", "cycles",
           "lower", "frames", "the shape of a period: buzz, roughness", "delay, wrong durations, "
           "pitch; a polarity flip moves it by half a cycle, and nobody hears that",
           undefined=_UNVOICED),
    Metric("frequency_deviation_p95_cents", "frequency of ten harmonics, p95", "cents", "lower",
           "frames", "jitter, a voice that wavers or is out of tune", "unvoiced sound, levels; "
           "weak harmonics near -50 dB tell noise rather than frequency",
           undefined=_UNVOICED),
    Metric("lsd_db", "log-spectral distance, mean", "dB", "lower", "frames",
           "hiss, timbre, lost harmonics", "phase, polarity, delay"),
    Metric("lsd_2_to_4_percent", "frames with 2 to 4 dB log-spectral distance", "%", "lower",
           "frames", "short distortions", "phase"),
    Metric("lsd_above_4_percent", "frames above 4 dB log-spectral distance", "%", "lower", "frames",
           "short, gross distortions", "phase"),
    Metric("mel_rmse_db", "mel spectrum, RMS difference (80 bands)", "dB", "lower", "frames",
           "timbre, hiss", "phase, small changes of pitch"),
    Metric("f0_median_cents", "F0 difference, median", "cents", "lower", "frames",
           "a voice that is out of tune", "unvoiced sound; single wrong frames",
           undefined=_UNVOICED),
    Metric("f0_p95_cents", "F0 difference, 95th percentile", "cents", "lower", "frames",
           "a voice that wavers", "unvoiced sound",
           undefined=_UNVOICED),
    Metric("voicing_flips_percent", "frames whose voicing flips", "%", "lower", "frames",
           "buzz and whisper in the wrong place", "pitch"),
    Metric("pause_level_dbfs", "level in pauses", "dBFS", "lower", "frames",
           "hiss where the reference is silent", "everything while somebody speaks",
           undefined="the reference has no pause"),
    Metric("pause_rise_db", "level in pauses above the reference", "dB", "lower", "frames",
           "the same, as a change; below -75 dBFS all is silence", "everything while somebody "
           "speaks",
           undefined="the reference has no pause"),
    Metric("gain_db", "level difference", "dB", "zero", "nothing", "shrinking sums", "everything "
           "that keeps the level"),
    Metric("loudness_difference_lu", "loudness difference (BS.1770)", "LU", "zero", "nothing",
           "the same, as ears weigh it", "everything that keeps the loudness",
           undefined="nothing in one of the two is louder than -70 LUFS"),
    Metric("duration_difference_ms", "candidate longer by", "ms", "zero", "nothing",
           "drift of the predicted durations; 0 when teacher-forced", "where the time went",
           of_durations=True),
    Metric("length_change_percent", "change of length", "%", "zero", "nothing",
           "the same, as a share of the length: a voice in a hurry", "where the time went",
           of_durations=True),
    Metric("boundary_shift_p95_ms", "ends of phones, p95 after the mean shift", "ms", "lower",
           "nothing", "a rhythm that changes, single phones that are stretched; 0 when "
           "teacher-forced", "a sentence that starts later",
           undefined="the voice does not tell how long its phones last", of_durations=True),
    Metric("words_agree_percent", "words that a recogniser hears right again", "%", "higher",
           "nothing", "words that get lost or change; measured only on request", "everything that "
           "leaves words alone, and words too many",
           undefined="the recogniser hears no word right", judge="a recogniser"),
    *(row for score in DNSMOS_SCORES for row in _dnsmos(score)),
)  # fmt: skip


def metrics_of(run: Run) -> tuple[Metric, ...]:
    """The table, with the limits that the equivalence test has for a run."""
    found = ((metric, endpoint_of(metric.name, run)) for metric in _METRICS)
    return tuple(
        replace(metric, bound=endpoint.limit, relation=endpoint.relation) if endpoint else metric
        for metric, endpoint in found
    )


METRICS = metrics_of("teacher-forced")
"""All of them. Free-running speech has other bounds: see `metrics_of`."""
