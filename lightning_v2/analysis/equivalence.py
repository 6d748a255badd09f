"""The equivalence test: what "no measurable degradation" means, as a table, and its verdict.

A plan is equivalent to PyTorch float32 if and only if every endpoint's one-sided 95 % confidence
bound keeps its limit (an intersection-union test: no correction for their number is needed, and
each has to hold). Bounds are BCa bootstrap over sentences (B. Efron, "Better bootstrap confidence
intervals", 1987), paired: both sides say the same sentence with the same noise. Quantiles are taken
within a sentence, then averaged.

One endpoint of the definition is void, because inaudible changes fail it: that a recogniser agrees
on 98 % of words. The change of its word error rate stands in its place, in which words that flip
either way cancel; its limit of 2 points is that of 98 %.
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from ..errors import ArgumentError

CONFIDENCE = 0.95
RESAMPLES = 9999
ENOUGH_SENTENCES = 100
"""The definition asks for so many, none of which the voice was trained on."""

_RELATIONS = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}


@dataclass(frozen=True)
class Endpoint:
    """One condition.

    Attributes:
        label: words for a person.
        column: of the records, which hold a value a sentence.
        statistic: over sentences; a "share" weighs each by the column `weight`.
        relation: of the bound to the limit. The bound is the lower one for ">" and ">=".
        limit: in `unit`.
        unit: as printed.
        run: what is measured: teacher-forced or free-running against float32, or how much further
            than float32 from the recordings.
        weight: column with the size of a sentence, for a share.
        void: why it is measured and shown, but not judged; empty if it is judged.
    """

    label: str
    column: str
    statistic: Literal["mean", "mean magnitude", "share"]
    relation: Literal[">=", ">", "<=", "<"]
    limit: float
    unit: str
    run: Literal["teacher-forced", "free-running", "recordings"] = "teacher-forced"
    weight: str | None = None
    void: str = ""

    @property
    def lower(self) -> bool:
        """Whether the bound is a lower one: large values are good."""
        return self.relation in (">", ">=")

    def holds(self, bound: float) -> bool:
        return bool(_RELATIONS[self.relation](bound, self.limit))


ENDPOINTS = (
    Endpoint("PESQ-WB", "pesq_wb_mos", "mean", ">=", 4.5, "MOS-LQO"),
    Endpoint("zimtohrli", "zimtohrli", "mean", "<=", 3e-4, ""),
    Endpoint("mel spectrum, RMS", "mel_rmse_db", "mean", "<=", 0.5, "dB"),
    Endpoint("log-spectral distance", "lsd_db", "mean", "<=", 1.0, "dB"),
    Endpoint("frames at 2 to 4 dB LSD", "lsd_2_to_4_percent", "share", "<", 2.0, "%",
             weight="frames"),
    Endpoint("frames above 4 dB LSD", "lsd_above_4_percent", "share", "<=", 0.0, "%",
             weight="frames"),
    Endpoint("F0, median", "f0_median_cents", "mean", "<=", 1.0, "cents"),
    Endpoint("F0, 95th percentile", "f0_p95_cents", "mean", "<=", 15.0, "cents"),
    Endpoint("voicing flips", "voicing_flips_percent", "share", "<=", 0.5, "%", weight="frames"),
    Endpoint("rise in pauses", "pause_rise_db", "mean", "<=", 1.0, "dB"),
    Endpoint("gain error", "gain_db", "mean magnitude", "<=", 0.2, "dB"),
    Endpoint("group delay, 95th percentile", "group_delay_p95_ms", "mean", "<=", 1.0, "ms"),
    Endpoint("recogniser agrees", "words_agree_percent", "share", ">=", 98.0, "% of words",
             "free-running", weight="words",
             void="the recogniser is too weak: of 20 sentences, rounding to 16 bits alone changes "
             "1.5 % of the words, and the plan fp32 10 %"),
    Endpoint("word error rate, change", "word_error_change_points", "share", "<=", 2.0,
             "points", "free-running", weight="words"),
    Endpoint("PESQ-WB, change", "pesq_change_mos", "mean", ">", -0.05, "MOS-LQO", "recordings"),
    Endpoint("STOI, change", "stoi_change", "mean", ">", -0.002, "", "recordings"),
    Endpoint("MCD, change", "mcd_change_db", "mean", "<", 0.05, "dB", "recordings"),
)  # fmt: skip


@dataclass(frozen=True)
class Judgement:
    """One endpoint of one sample.

    Attributes:
        endpoint: what was asked.
        sentences: that have a value.
        estimate: the statistic of the sample.
        bound: its one-sided 95 % confidence bound, on the side that is bad.
        holds: whether the bound keeps the limit; None if there was nothing to judge, or the
            endpoint is void.
    """

    endpoint: Endpoint
    sentences: int
    estimate: float
    bound: float
    holds: bool | None


@dataclass(frozen=True)
class Verdict:
    """What the test says. sentences: in the sample."""

    judgements: tuple[Judgement, ...]
    sentences: int

    @property
    def equivalent(self) -> bool:
        """Every endpoint that was judged holds."""
        return all(judgement.holds for judgement in self.judged)

    @property
    def judged(self) -> tuple[Judgement, ...]:
        return tuple(j for j in self.judgements if j.holds is not None)

    @property
    def failed(self) -> tuple[Judgement, ...]:
        return tuple(j for j in self.judged if not j.holds)

    @property
    def not_judged(self) -> tuple[Endpoint, ...]:
        """Endpoints that are void or of which the records say nothing: the verdict does not rest
        on them."""
        return tuple(j.endpoint for j in self.judgements if j.holds is None)

    def table(self) -> pd.DataFrame:
        """A row an endpoint: endpoint, run, unit, sentences, estimate, bound, limit, verdict."""
        words = {True: "holds", False: "FAILS", None: "not judged"}
        return pd.DataFrame(
            {
                "endpoint": j.endpoint.label,
                "run": j.endpoint.run,
                "unit": j.endpoint.unit,
                "sentences": j.sentences,
                "estimate": j.estimate,
                "bound": j.bound,
                "limit": f"{j.endpoint.relation} {j.endpoint.limit:g}",
                "verdict": words[j.holds],
            }
            for j in self.judgements
        )


def judge(
    records: pd.DataFrame,
    endpoints: Sequence[Endpoint] = ENDPOINTS,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Verdict:
    """The verdict on a sample.

    Args:
        records: a row a sentence. A value that is missing (NaN) does not apply to its sentence; one
            that could not be measured because the candidate is broken has to be infinite. A column
            that is not there, or has no value, leaves its endpoint without a judgement.
        endpoints: to be judged.
        resamples: of the bootstrap.
        seed: of the bootstrap, the same for each endpoint.

    Raises:
        ArgumentError: fewer than two sentences, or nothing at all can be judged.
    """
    if len(records) < 2:
        raise ArgumentError(f"{len(records)} sentences; a confidence bound needs at least 2")
    judgements = tuple(_judge(records, endpoint, resamples, seed) for endpoint in endpoints)
    if all(judgement.holds is None for judgement in judgements):
        known = ", ".join(endpoint.column for endpoint in endpoints)
        raise ArgumentError(f"no endpoint can be judged: the records have none of {known}")
    return Verdict(judgements, len(records))


def _judge(records: pd.DataFrame, endpoint: Endpoint, resamples: int, seed: int) -> Judgement:
    values = _column(records, endpoint.column)
    weights = _column(records, endpoint.weight) if endpoint.weight else np.ones(len(values))
    there = np.isfinite(weights) & (weights > 0) & ~np.isnan(values)
    values, weights = values[there], weights[there]
    if endpoint.statistic == "mean magnitude":
        values = np.abs(values)
    if len(values) < 2:
        return Judgement(endpoint, len(values), float("nan"), float("nan"), None)
    estimate = float(_weighted_mean(values, weights))
    bound = confidence_bound(values, weights, endpoint.lower, resamples, seed)
    holds = None if endpoint.void else endpoint.holds(bound)
    return Judgement(endpoint, len(values), estimate, bound, holds)


def confidence_bound(
    values: np.ndarray, weights: np.ndarray, lower: bool, resamples: int, seed: int
) -> float:
    """One-sided 95 % BCa bound of the weighted mean of (S,) values, S sentences, S > 1.

    Where the bootstrap has nothing to vary, because all values are the same, the bound is that
    value: it says nothing of sentences that are not in the sample. Where BCa is not defined, or a
    value is infinite, the bound is the worst value.
    """
    worst = float(values.min() if lower else values.max())
    if (values == worst).all() or not np.isfinite(values).all():
        return worst
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        interval = stats.bootstrap(
            (values, weights),
            _weighted_mean,
            paired=True,
            vectorized=True,
            n_resamples=resamples,
            confidence_level=CONFIDENCE,
            alternative="greater" if lower else "less",
            method="BCa",
            rng=np.random.default_rng(seed),
        ).confidence_interval
    bound = float(interval.low if lower else interval.high)
    return bound if np.isfinite(bound) else worst


def _weighted_mean(values: np.ndarray, weights: np.ndarray, axis: int = -1) -> np.ndarray:
    return (values * weights).sum(axis=axis) / weights.sum(axis=axis)


def _column(records: pd.DataFrame, name: str) -> np.ndarray:
    if name not in records:
        return np.full(len(records), np.nan)
    return records[name].to_numpy(dtype=np.float64)
