"""Looks at a part of the sentences: what plainly fails need not wait for all of them.

A group-sequential test that stops for failure alone, never for success. The error that the whole
test allows itself, calling a plan beyond a limit that it reaches just so, is spent in shares over
the looks, fixed beforehand (the use function of K. Lan and D. DeMets, "Discrete sequential
boundaries for clinical trials", 1983, here a step at each look): by Boole's inequality all looks
together err no more often than one look at the end would, whatever the sentences have in common.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from lightning_v2.analysis.metrics.endpoints import CONFIDENCE


@dataclass(frozen=True)
class Look:
    """One look at the sample.

    Attributes:
        sentences: the first so many of it, in an order that has nothing to do with the plan.
        error: the share of the error that it may spend, 0 to 1.
        last: whether it is at all of them.
    """

    sentences: int
    error: float
    last: bool = False


EARLY = (Look(10, 0.001), Look(20, 0.002))
"""They spend less than a tenth of 5 %: the last look loses little of its power, and where sentences
are so skewed that a small sample misleads there is room for it."""


def looks_of(sentences: int, early: bool = True) -> tuple[Look, ...]:
    """The looks at a sample, the last one at all of it.

    Args:
        sentences: in the sample.
        early: look before its end where less than half of it is needed for that.
    """
    first = tuple(look for look in EARLY if early and 2 * look.sentences < sentences)
    left = 1 - CONFIDENCE - sum(look.error for look in first)
    return (*first, Look(sentences, left, last=True))


def best_mean(values: np.ndarray, weights: np.ndarray, error: float, lower: bool) -> float:
    """The best that the mean of a population can be of which (S,) values are a small sample.

    The t bound of the weighted mean, with the spread of what each sentence moves it by: Student's,
    or the one with N. Johnson's term for skewness ("Modified t tests and confidence intervals for
    asymmetrical populations", 1978), whichever is more cautious. Neither needs resamples, of which
    ten sentences have too few that differ.

    Args:
        error: probability that the bound is not as good as the truth, 0 to 1.
        lower: whether large values are good.
    """
    mean = float((values * weights).sum() / weights.sum())
    if len(values) < 2:
        return np.inf if lower else -np.inf
    if not np.isfinite(mean):
        return mean
    if np.ptp(values) == 0:
        return float(values[0])
    count = len(values)
    moved = weights * (values - mean) / weights.mean()
    spread = float(np.sqrt((moved**2).sum() / (count - 1)))
    skewness = float((moved**3).mean()) / spread**3
    t = float(stats.t.isf(error, count - 1))
    # How far the mean of a sample may lie on the bad side of the truth, in standard errors of it.
    reach = max(t, _johnson(t, skewness if not lower else -skewness, count))
    return mean + reach * spread / np.sqrt(count) * (1 if lower else -1)


def _johnson(t: float, skewness: float, count: int) -> float:
    """The statistic of Student that Johnson's corrected one reaches `t` at; infinite if it never
    does."""
    a, b = skewness / (3 * np.sqrt(count)), skewness / (6 * np.sqrt(count)) - t
    if abs(a) < 1e-9:
        return -b
    root = 1 - 4 * a * b
    return np.inf if root < 0 else (-1 + np.sqrt(root)) / (2 * a)
