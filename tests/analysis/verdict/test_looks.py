"""Looks at the first sentences: they err no more often than one look at the end."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lightning_v2.analysis.metrics.endpoints import CONFIDENCE, Endpoint
from lightning_v2.analysis.verdict.equivalence import judge, mean_bounds, percentile_bounds
from lightning_v2.analysis.verdict.looks import EARLY, best_mean, looks_of

DISTANCE = Endpoint("distance", "distance", "mean", "<=", 1.0, "dB")
QUALITY = Endpoint("quality", "quality", "mean", ">=", -1.0, "MOS")


def test_looks_spend_the_error_of_one():
    for sentences in (2, 20, 21, 41, 100, 1000):
        looks = looks_of(sentences)
        assert sum(look.error for look in looks) == pytest.approx(1 - CONFIDENCE)
        assert [look.last for look in looks] == [False] * (len(looks) - 1) + [True]
        assert looks[-1].sentences == sentences
    assert [look.sentences for look in looks_of(100)] == [10, 20, 100]
    assert [look.sentences for look in looks_of(20)] == [20]
    assert looks_of(100, early=False)[0].error == pytest.approx(1 - CONFIDENCE)


def test_a_best_mean_is_that_of_student():
    values = np.random.default_rng(0).normal(size=12)
    values = np.concatenate([values, 2 * values.mean() - values])  # without any skewness
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.98)
    ones = np.ones(len(values))
    assert best_mean(values, ones, 0.01, lower=False) == pytest.approx(low)
    assert best_mean(values, ones, 0.01, lower=True) == pytest.approx(high)
    # A sentence that weighs as much as two is not two.
    twice = np.repeat(values, 2)
    assert best_mean(twice, np.ones(len(twice)), 0.01, lower=False) > low
    assert best_mean(values, 7 * ones, 0.01, lower=False) == pytest.approx(low)


@pytest.mark.parametrize(
    ("values", "lower", "bound"),
    [
        ([0.5], False, -np.inf),
        ([0.5], True, np.inf),
        ([2.0, 2.0], False, 2.0),
        ([1.0, np.inf], False, np.inf),
        ([1.0, -np.inf], True, -np.inf),
    ],
)
def test_corners(values, lower, bound):
    assert best_mean(np.array(values), np.ones(len(values)), 0.01, lower) == bound


SHAPES = {
    "normal": stats.norm(1, 0.4),
    "skewed to the bad side": stats.lognorm(0.8, scale=np.exp(-0.32)),
    "skewed to the good side": stats.beta(4, 1, scale=1.25),
    "heavy tails": stats.t(3, loc=1, scale=0.3),
    "mostly nothing": stats.lognorm(2.0, scale=np.exp(-2.0)),
}
"""Distributions of what a sentence has, all with the mean 1, just at the limit."""


@pytest.mark.parametrize("shape", SHAPES)
def test_who_keeps_a_limit_just_so_is_seldom_refused(shape):
    """At all looks together, 5 % but for four standard errors of the simulation."""
    trials, sentences = 400, 100
    ones, refused = np.ones(sentences), np.zeros(trials, dtype=bool)
    assert SHAPES[shape].mean() == pytest.approx(1)
    samples = SHAPES[shape].rvs((trials, sentences), random_state=0)
    for look in looks_of(sentences):
        for trial, values in enumerate(samples[:, : look.sentences]):
            if look.last:
                best, _ = mean_bounds(values, ones, 299, 0, (look.error, 1 - CONFIDENCE))
            else:
                best = best_mean(values, ones[: look.sentences], look.error, lower=False)
            refused[trial] |= best > 1
    assert np.mean(refused) <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / trials)


def test_a_percentile_that_keeps_its_limit_just_so_is_seldom_refused():
    trials, rng = 1000, np.random.default_rng(0)
    refused = np.zeros(trials, dtype=bool)
    samples = rng.uniform(0, 1 / 0.95, (trials, 100))
    for look in looks_of(100):
        part = samples[:, : look.sentences]
        refused |= [percentile_bounds(x, (look.error, 0.05))[0] > 1 for x in part]
    assert np.mean(refused) <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / trials)


@pytest.mark.parametrize("endpoint", [DISTANCE, QUALITY])
def test_plain_failures_are_seen_at_once_and_others_later(endpoint):
    sign = -1 if endpoint.lower else 1
    rng = np.random.default_rng(0)
    noise = rng.normal(scale=0.3, size=100)
    for excess, seen in ((1.5, (True, True, True)), (0.3, (False, True, True)),
                         (0.08, (False, False, True)), (-0.2, (False,) * 3)):  # fmt: skip
        values = sign * (1 + excess + noise - noise.mean())
        states = []
        for look in looks_of(100):
            table = pd.DataFrame({endpoint.column: values[: look.sentences]})
            (found,) = judge({"teacher-forced": table}, [endpoint], 999, look=look).judgements
            states.append(found.state == "FAILS")
        assert tuple(states) == seen, excess


def test_early_looks_never_spend_more_than_a_tenth():
    assert sum(look.error for look in EARLY) <= 0.1 * (1 - CONFIDENCE)
