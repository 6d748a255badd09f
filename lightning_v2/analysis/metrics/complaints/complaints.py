"""What users of quantised voices complain of, as measures of a candidate against a reference.

They have no limits: a verdict is that of `endpoints`. What a float32 voice makes of them when only
its noise changes (`chapters.your_own_voice.control_arms`) says which values mean anything.
"""

import numpy as np

from lightning_v2.analysis.metrics import alignment
from lightning_v2.analysis.metrics.complaints import rails
from lightning_v2.analysis.metrics.complaints.hiss import hiss
from lightning_v2.analysis.metrics.complaints.phone_lengths import phone_lengths
from lightning_v2.analysis.metrics.complaints.transients import clicks, onset_loss_db
from lightning_v2.analysis.metrics.metric import Metric
from lightning_v2.analysis.metrics.sanity import flaw
from lightning_v2.model import Speech

LEAST_CHANGE_MS = 1.0
"""A phone that lasts longer or shorter by less has not changed."""

_UNTIMED = "the voice does not tell how long its phones last"

COMPLAINTS = (
    Metric("hiss_rise_db", "hiss in pauses: rise of the worst band", "dB", "lower", "frames",
           "noise in one band of what was silent", "everything while somebody speaks; what is "
           "below -75 dBFS; hum and offset below the first bins",
           undefined="the reference has no pause"),
    Metric("clicks_per_s", "clicks that were not there", "1/s", "lower", "frames",
           "single samples or jumps that stand out by 12 dB", "clicks that loud speech hides, "
           "and those that come more often than every few milliseconds: that is a buzz"),
    Metric("onset_loss_db", "onsets: lost of their rise, mean", "dB", "lower", "frames",
           "plosives that are smeared, noise before them", "gain; sounds that begin slowly",
           undefined="nothing begins suddenly in the reference"),
    Metric("pinned_percent", "samples stuck at the highest or lowest value", "%", "lower",
           "nothing", "clipping, saturation", "soft limiting, and clipping that is filtered "
           "afterwards"),
    Metric("over_full_scale_percent", "samples beyond full scale", "%", "lower", "nothing",
           "what a file or a converter will cut off", "clipping that has happened already"),
    Metric("offset_change_percent", "constant offset, change", "% of full scale", "zero",
           "nothing", "a bias that rounding leaves behind", "everything that can be heard: it "
           "takes room, and clicks where speech begins and ends"),
    Metric("phones_changed_percent", "phones that last longer or shorter", "%", "lower",
           "nothing", "rounding in the predictor of durations; 0 when teacher-forced",
           "by how much; changes of less than a millisecond",
           undefined=_UNTIMED, of_durations=True),
    Metric("phone_change_max_ms", "the phone that changes most", "ms", "lower", "nothing",
           "one phone that is swallowed or drawn out; 0 when teacher-forced", "a change of pace "
           "that all phones share", undefined=_UNTIMED, of_durations=True),
)  # fmt: skip
"""All of them."""


def complaints(reference: Speech, candidate: Speech) -> dict[str, float]:
    """All of `COMPLAINTS` for two speeches of one text; NaN where there is no value.

    Raises:
        ArgumentError: the phones differ, or a waveform is no array (N,).
    """
    lengths = phone_lengths(reference, candidate)
    a, b, rate = reference.waveform, candidate.waveform, reference.sample_rate
    values = dict.fromkeys((metric.name for metric in COMPLAINTS), np.nan)
    if len(lengths):
        changes = lengths["change_ms"].abs()
        values["phones_changed_percent"] = float(100 * (changes >= LEAST_CHANGE_MS).mean())
        values["phone_change_max_ms"] = float(changes.max())
    if flaw(a, "the reference's waveform") or flaw(b, "the candidate's waveform"):
        return values
    values |= {
        "pinned_percent": rails.pinned_percent(b),
        "over_full_scale_percent": rails.over_full_scale_percent(b),
        "offset_change_percent": rails.offset_percent(b) - rails.offset_percent(a),
    }
    paired_by = alignment.pairing(reference, candidate)
    if paired_by == "nothing":
        return values
    there, back = alignment.paired_samples(reference, candidate)
    rises = hiss(a, b, rate, there).rise_db
    return values | {
        "hiss_rise_db": float(rises.max()),
        "clicks_per_s": len(clicks(a, b, rate, back)) / candidate.duration_s,
        "onset_loss_db": onset_loss_db(a, b, rate, there),
    }
