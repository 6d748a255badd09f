"""Why a measure of two waveforms has no value, in words."""

from collections.abc import Mapping

import numpy as np

from lightning_v2.analysis.metrics.alignment import pairing
from lightning_v2.analysis.metrics.metric import METRICS
from lightning_v2.analysis.metrics.sanity import SECONDS, flaw, refusal
from lightning_v2.model import Speech

ON_REQUEST = "measured only on request: judges=True"
_UNPAIRED = (
    "the voice does not tell how long its phones last, and it has decided otherwise about time: "
    "nothing is paired"
)


def reasons(
    reference: Speech,
    candidate: Speech,
    aligned: bool,
    metrics: Mapping[str, float],
    judges: bool = False,
) -> dict[str, str]:
    """Name of each metric that is NaN -> why.

    Args:
        reference, candidate: what was measured.
        aligned: whether sample n of the one belongs to sample n of the other.
        metrics: what `audio_metrics.measure` has made of them.
        judges: whether they were asked to hear both.
    """
    waves = {"reference": reference.waveform, "candidate": candidate.waveform}
    flaws = [f"{name}: {found}" for name, wave in waves.items() if (found := flaw(wave, name))]
    table = {metric.name: metric for metric in METRICS}

    def reason(name: str) -> str:
        if table[name].judge and not judges:
            return ON_REQUEST
        if flaws:
            return flaws[0]
        needs = table[name].needs
        if needs != "nothing" and pairing(reference, candidate) == "nothing":
            return _UNPAIRED
        if needs == "samples" and not aligned:
            return unaligned_words(reference, candidate)
        library = next((known for known in SECONDS if name.startswith(known)), None)
        refused = refusal(library, reference.sample_rate, **waves) if library else ""
        return refused or table[name].undefined

    return {name: reason(name) for name, value in metrics.items() if np.isnan(value)}


def unaligned_words(reference: Speech, candidate: Speech) -> str:
    """Why two waveforms, even two of the same length, cannot be compared sample by sample."""
    differ = np.count_nonzero(np.not_equal(reference.durations, candidate.durations))
    phones = f"{differ} of {len(reference.durations)} phones last longer or shorter"
    what = phones if differ else "the lengths differ"
    return f"{what}, so the waveforms cannot be compared sample by sample"
