"""What a plan costs the ear, as one number that can be ranked and added to.

The equivalence test says yes or no; a search has to know by how much. `loss` adds up how much of
what the test allows is used (mean over sentences): 0 is float32, and at 1 a plan that hurts in one
way only has used all of it. What is allowed is what the table of `analysis.endpoints` says.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lightning_v2.analysis.metrics.alignment import matching_frames
from lightning_v2.analysis.metrics.endpoints import Run, limit_of
from lightning_v2.analysis.metrics.metric import METRICS
from lightning_v2.errors import ArgumentError
from lightning_v2.model import Speech
from lightning_v2.search.plans.own_loss import is_own
from lightning_v2.search.sweep.measurements import emulated
from lightning_v2.search.sweep.sweep import measurement
from lightning_v2.search.sweep.voices import voice as voice_of


@dataclass(frozen=True)
class Term:
    """One part of the loss: (value - best) / (allowed - best), never below 0.

    Attributes:
        column: of the records.
        best: its value for float32 itself.
        endpoint: column and run in the table of limits.
    """

    column: str
    best: float
    endpoint: tuple[str, Run]

    @property
    def allowed(self) -> float:
        return limit_of(*self.endpoint)

    def share(self, values: pd.Series) -> pd.Series:
        return ((values - self.best) / (self.allowed - self.best)).clip(lower=0.0)


TERMS = (
    Term("pesq_wb_mos", 4.644, ("pesq_wb_mos", "teacher-forced")),  # the most that PESQ-WB gives
    *(Term(name, 0.0, (name, "teacher-forced")) for name in ("zimtohrli", "lsd_db", "mel_rmse_db")),
    # Measured on what the voice predicts, which costs less than hearing it.
    Term("boundary_shift_ms", 0.0, ("boundary_shift_p95_ms", "free-running")),
    Term("f0_shift_cents", 0.0, ("f0_median_cents", "free-running")),
)

PROSODY = ("boundary_shift_ms", "f0_shift_cents")
"""Metrics of `prosody`, both of free-running speech, lower is better."""

METRIC_NAMES = ("loss", *PROSODY, *(m.name for m in METRICS if not m.judge))
"""What plans can be ranked by."""


@measurement("prosody")
def prosody(voice: str, sentence: str, plan: str, tier: str, seed: int = 0) -> dict[str, float]:
    """What a free-running plan changes in durations and F0 that the voice predicts.

    boundary_shift_ms: mean distance of the ends of phones from those of float32.
    f0_shift_cents: median over frames that both call voiced, paired by phones (a mean would tell of
    steep glides that are paired a frame too late); infinite where only the reference has voiced
    frames, 0 where it has none either. Either is NaN for a voice that does not tell durations, the
    second one for a voice that tells no F0.
    """
    speaker = voice_of(voice)
    candidate = emulated(speaker, sentence, plan, tier, seed, None)
    return prosody_of(speaker.synthesize(sentence, seed=seed), candidate)


def prosody_of(reference: Speech, candidate: Speech) -> dict[str, float]:
    """The values of `prosody` for two `Speech` of the same phones."""
    if not len(reference.durations):
        return dict.fromkeys(PROSODY, float("nan"))
    shift = np.cumsum(candidate.durations - reference.durations, dtype=np.float64)
    match = matching_frames(
        reference.durations, candidate.durations, len(reference.f0), len(candidate.f0)
    )
    a, b = reference.f0, candidate.f0[match]
    voiced = (a > 0) & (b > 0)
    if not len(reference.f0):
        cents = float("nan")
    elif voiced.any():
        cents = float(np.median(np.abs(1200 * np.log2(b[voiced] / a[voiced]))))
    else:
        cents = float("inf") if (a > 0).any() else 0.0
    milliseconds = float(np.abs(shift).mean()) * 1000 * reference.hop / reference.sample_rate
    return {
        "boundary_shift_ms": milliseconds if np.isfinite(milliseconds) else float("inf"),
        "f0_shift_cents": cents,
    }


def loss(records: pd.DataFrame) -> pd.Series:
    """The loss of each sentence, a row of `records`. What does not apply (NaN) costs nothing."""
    return sum(term.share(records[term.column]).fillna(0.0) for term in TERMS)


def badness(metric: str, values: pd.Series | float) -> pd.Series | float:
    """Values of a metric as something of which less is better.

    Raises:
        ArgumentError: there is no such metric.
    """
    if is_own(metric):
        return values
    if metric not in METRIC_NAMES:
        raise ArgumentError(
            f"metric is {metric!r}; legal are {', '.join(METRIC_NAMES)}, or FILE.py:FUNCTION"
        )
    direction = {m.name: m.better for m in METRICS}.get(metric, "lower")
    if direction == "zero":
        return abs(values)
    return -values if direction == "higher" else values
