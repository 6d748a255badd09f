"""Why a measure of two waveforms has no value, in words."""

from collections.abc import Mapping

import numpy as np

from lightning_v2.analysis.metrics.alignment import pairing
from lightning_v2.analysis.metrics.metric import METRICS
from lightning_v2.analysis.metrics.sanity import SECONDS, flaw, refusal
from lightning_v2.model import Speech

ON_REQUEST = "measured only on request: recogniser=True"

_UNDEFINED = {
    "pesq_wb_mos": "PESQ finds no speech in one of the two",
    "stoi": "less than 0.4 s of speech",
    "estoi": "less than 0.4 s of speech",
    "waveform_pcc": "one of the two is constant",
    "group_delay_p95_ms": "no bin is loud enough in both",
    "pause_level_dbfs": "the reference has no pause",
    "pause_rise_db": "the reference has no pause",
    "words_agree_percent": "the recogniser hears no word",
    "loudness_difference_lu": "nothing in one of the two is louder than -70 LUFS",
}
_NO_DURATIONS = "the voice does not tell how long its phones last"
_UNVOICED = "no frame is voiced in both"


def reasons(
    reference: Speech,
    candidate: Speech,
    aligned: bool,
    metrics: Mapping[str, float],
    recogniser: bool = False,
) -> dict[str, str]:
    """Name of each metric that is NaN -> why.

    Args:
        reference, candidate: what was measured.
        aligned: whether sample n of the one belongs to sample n of the other.
        metrics: what `audio_metrics.measure` has made of them.
        recogniser: whether it was asked to hear them.
    """
    waves = {"reference": reference.waveform, "candidate": candidate.waveform}
    flaws = [f"{name}: {found}" for name, wave in waves.items() if (found := flaw(wave, name))]
    needs = {metric.name: metric.needs for metric in METRICS}

    def reason(name: str) -> str:
        if name == "words_agree_percent" and not recogniser:
            return ON_REQUEST
        if flaws:
            return flaws[0]
        if name == "boundary_shift_p95_ms":
            return _NO_DURATIONS
        if needs[name] != "nothing" and pairing(reference, candidate) == "nothing":
            return f"{_NO_DURATIONS}, and it has decided otherwise about time: nothing is paired"
        if needs[name] == "samples" and not aligned:
            return unaligned_words(reference, candidate)
        refused = refusal(name, reference.sample_rate, **waves) if name in SECONDS else ""
        return refused or _UNDEFINED.get(name, _UNVOICED)

    return {name: reason(name) for name, value in metrics.items() if np.isnan(value)}


def unaligned_words(reference: Speech, candidate: Speech) -> str:
    """Why two waveforms, even two of the same length, cannot be compared sample by sample."""
    differ = np.count_nonzero(np.not_equal(reference.durations, candidate.durations))
    phones = f"{differ} of {len(reference.durations)} phones last longer or shorter"
    what = phones if differ else "the lengths differ"
    return f"{what}, so the waveforms cannot be compared sample by sample"
