"""The equivalence test: the verdict on a sample, after the definition in docs/equivalence.md.

A plan is equivalent to PyTorch float32 if and only if every endpoint's one-sided 95 % confidence
bound keeps its limit (an intersection-union test: no correction for their number is needed, and
each has to hold). The limits are those of `endpoints`. Bounds of means are BCa bootstrap over
sentences (B. Efron, "Better bootstrap confidence intervals", 1987), paired: both sides say the same
sentence with the same noise. Bounds of a percentile over sentences are order statistics of the
sample (W. Conover, "Practical nonparametric statistics", section on quantiles): no bootstrap can
say what lies beyond the worst sentence. Other quantiles are taken within a sentence, then averaged.
What plainly fails may do so at a look at the first few sentences: `looks`.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from lightning_v2.analysis.metrics.endpoints import CONFIDENCE, ENDPOINTS, QUANTILE, Endpoint, Run
from lightning_v2.analysis.verdict.looks import Look, best_mean
from lightning_v2.errors import ArgumentError

RESAMPLES = 9999
LEAST_RESAMPLES = 99
"""With fewer a bootstrap has no resample beyond the 95th percentile to speak of."""
ENOUGH_SENTENCES = 100
"""The definition asks for so many, none of which the voice was trained on."""

State = Literal["holds", "FAILS", "not resolved", "not judged"]
Answer = Literal["equivalent", "not equivalent", "not resolved"]


@dataclass(frozen=True)
class Judgement:
    """One endpoint of one sample.

    Attributes:
        endpoint: what was asked.
        sentences: that have a value.
        total_weight: of them; their number where all weigh the same.
        estimate: the statistic of the sample.
        bound: its one-sided 95 % confidence bound, on the side that is bad.
        best_case: the same on the side that is good, with the confidence of the look.
    """

    endpoint: Endpoint
    sentences: int
    total_weight: float
    estimate: float
    bound: float
    best_case: float

    @property
    def state(self) -> State:
        """What is known.

        "holds": the bound keeps the limit, in a sample that is large enough to show it. "FAILS":
        not even the best case does; where nothing at all is allowed, one sentence is enough.
        "not resolved": the limit lies between the two bounds, or the sample is too small. "not
        judged": the endpoint is void, or no sentence has a value.
        """
        endpoint = self.endpoint
        if endpoint.void or not self.sentences:
            return "not judged"
        if not endpoint.holds(self.best_case):
            return "FAILS"
        if endpoint.allows_nothing and not endpoint.holds(self.estimate):
            return "FAILS"
        enough = (
            self.sentences >= endpoint.least_sentences
            and self.total_weight >= endpoint.least_weight
        )
        return "holds" if enough and endpoint.holds(self.bound) else "not resolved"


@dataclass(frozen=True)
class Verdict:
    """What the test says.

    Attributes:
        sentences: in the sample.
    """

    judgements: tuple[Judgement, ...]
    sentences: int

    @property
    def answer(self) -> Answer:
        """One endpoint that fails is enough; what is not resolved never counts as passed."""
        if self.failed:
            return "not equivalent"
        return "not resolved" if self.not_resolved else "equivalent"

    @property
    def judged(self) -> tuple[Judgement, ...]:
        return tuple(j for j in self.judgements if j.state != "not judged")

    @property
    def failed(self) -> tuple[Judgement, ...]:
        return tuple(j for j in self.judgements if j.state == "FAILS")

    @property
    def not_resolved(self) -> tuple[Judgement, ...]:
        return tuple(j for j in self.judgements if j.state == "not resolved")

    @property
    def not_judged(self) -> tuple[Endpoint, ...]:
        """Endpoints that are void or of which the records say nothing: the verdict does not rest
        on them."""
        return tuple(j.endpoint for j in self.judgements if j.state == "not judged")

    def table(self) -> pd.DataFrame:
        """A row an endpoint: endpoint, run, unit, sentences, estimate, bound, limit, verdict."""
        return pd.DataFrame(
            {
                "endpoint": j.endpoint.label,
                "run": j.endpoint.run,
                "unit": j.endpoint.unit,
                "sentences": j.sentences,
                "estimate": j.estimate,
                "bound": j.bound,
                "limit": f"{j.endpoint.relation} {j.endpoint.limit:g}",
                "verdict": j.state,
            }
            for j in self.judgements
        )


def judge(
    records: Mapping[Run, pd.DataFrame],
    endpoints: Sequence[Endpoint] = ENDPOINTS,
    resamples: int = RESAMPLES,
    seed: int = 0,
    look: Look | None = None,
) -> Verdict:
    """The verdict on a sample.

    Args:
        records: of each run that was made, a row a sentence. A value that is missing (NaN) does not
            apply to its sentence; one that could not be measured because the candidate is broken
            has to be infinite. A run or column that is not there, or has no value, leaves its
            endpoint without a judgement.
        endpoints: to be judged.
        resamples: of the bootstrap.
        seed: of the bootstrap, the same for each endpoint.
        look: at the part of a sample that the records are of; if not given, one at all of it that
            may err as often as any bound does.

    Raises:
        ArgumentError: fewer than two sentences, or nothing at all can be judged.
    """
    sentences = max((len(table) for table in records.values()), default=0)
    if sentences < 2:
        raise ArgumentError(f"{sentences} sentences; a confidence bound needs at least 2")
    look = look or Look(sentences, 1 - CONFIDENCE, last=True)
    judgements = tuple(
        _judge(records.get(endpoint.run, pd.DataFrame()), endpoint, resamples, seed, look)
        for endpoint in endpoints
    )
    if all(judgement.state == "not judged" for judgement in judgements):
        known = ", ".join(f"{endpoint.column} ({endpoint.run})" for endpoint in endpoints)
        raise ArgumentError(f"no endpoint can be judged: the records have none of {known}")
    return Verdict(judgements, sentences)


def _judge(
    records: pd.DataFrame, endpoint: Endpoint, resamples: int, seed: int, look: Look
) -> Judgement:
    values = _column(records, endpoint.column)
    weights = _column(records, endpoint.weight) if endpoint.weight else np.ones(len(values))
    there = np.isfinite(weights) & (weights > 0) & ~np.isnan(values)
    values, weights = values[there], weights[there]
    if "magnitude" in endpoint.statistic:
        values = np.abs(values)
    total = float(weights.sum())
    if not len(values):
        return Judgement(endpoint, 0, total, *3 * (float("nan"),))
    bad, good = 1 - CONFIDENCE, look.error
    errors = (bad, good) if endpoint.lower else (good, bad)
    if endpoint.statistic == "95th percentile of magnitudes":
        estimate = float(np.quantile(values, QUANTILE, method="higher"))
        low, high = percentile_bounds(values, errors)
    else:
        estimate = float(_weighted_mean(values, weights))
        low, high = mean_bounds(values, weights, resamples, seed, errors)
        if not look.last:
            best = best_mean(values, weights, look.error, endpoint.lower)
            low, high = (low, best) if endpoint.lower else (best, high)
    bound, best_case = (low, high) if endpoint.lower else (high, low)
    return Judgement(endpoint, len(values), total, estimate, bound, best_case)


def mean_bounds(
    values: np.ndarray,
    weights: np.ndarray,
    resamples: int,
    seed: int,
    errors: tuple[float, float] = (1 - CONFIDENCE, 1 - CONFIDENCE),
) -> tuple[float, float]:
    """One-sided BCa bounds, lower and upper, of the weighted mean of (S,) values.

    docs/equivalence.md, "The bounds".

    Where the bootstrap has nothing to vary, because all values are the same, both are that value:
    they say nothing of sentences that are not in the sample. One infinite value makes the mean
    infinite. Where BCa is not defined, they are the extremes of the sample. One sentence bounds
    nothing.

    Args:
        errors: probabilities that the lower and the upper one are on the wrong side of the truth.
    """
    if len(values) < 2:
        return -np.inf, np.inf
    least, most = float(values.min()), float(values.max())
    if least == most:
        return least, most
    if not np.isfinite(values).all():
        return (float(_weighted_mean(values, weights)),) * 2
    drawn, ends = None, {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        for error in dict.fromkeys(errors):
            drawn = stats.bootstrap(
                (values, weights),
                _weighted_mean,
                paired=True,
                vectorized=True,
                n_resamples=0 if drawn else resamples,
                bootstrap_result=drawn,
                # Two one-sided bounds leave out `error` on either side.
                confidence_level=1 - 2 * error,
                method="BCa",
                rng=np.random.default_rng(seed),
            )
            ends[error] = drawn.confidence_interval
    low, high = float(ends[errors[0]].low), float(ends[errors[1]].high)
    return low if np.isfinite(low) else least, high if np.isfinite(high) else most


def percentile_bounds(
    values: np.ndarray, errors: tuple[float, float] = (1 - CONFIDENCE, 1 - CONFIDENCE)
) -> tuple[float, float]:
    """One-sided bounds, lower and upper, of the 95th percentile of the population of which
    (S,) values are a sample: order statistics, whatever the distribution.

    The k-th smallest value is no less than the percentile unless k or more values lie below it,
    and their number is binomial. Infinite where the sample is too small for a bound.

    Args:
        errors: see `mean_bounds`.
    """
    ordered = np.concatenate([[-np.inf], np.sort(values), [np.inf]])
    at = [errors[0], 1 - errors[1]]
    low, high = stats.binom.ppf(at, len(values), QUANTILE).astype(int)
    return float(ordered[low]), float(ordered[high + 1])


def _weighted_mean(values: np.ndarray, weights: np.ndarray, axis: int = -1) -> np.ndarray:
    return (values * weights).sum(axis=axis) / weights.sum(axis=axis)


def _column(records: pd.DataFrame, name: str) -> np.ndarray:
    if name not in records:
        return np.full(len(records), np.nan)
    return records[name].to_numpy(dtype=np.float64)
