"""The verdict of the equivalence test on samples whose answer is known."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from lightning_v2.analysis.audio_metrics import METRICS
from lightning_v2.analysis.equivalence import (
    ENDPOINTS,
    RESAMPLES,
    Endpoint,
    confidence_bound,
    judge,
)

UPPER = Endpoint("distance", "distance", "mean", "<=", 0.5, "dB")
LOWER = Endpoint("quality", "quality", "mean", ">=", 4.5, "MOS")


def slow_bound(values, weights, lower, resamples=4000, seed=1):
    """BCa as Efron wrote it, one resample at a time."""
    rng, count = np.random.default_rng(seed), len(values)
    estimate = np.average(values, weights=weights)
    again = []
    for _ in range(resamples):
        chosen = rng.integers(0, count, count)
        again.append(np.average(values[chosen], weights=weights[chosen]))
    left_out = np.array(
        [np.average(np.delete(values, i), weights=np.delete(weights, i)) for i in range(count)]
    )
    bias = norm.ppf(np.mean(np.array(again) < estimate))
    spread = left_out.mean() - left_out
    acceleration = (spread**3).sum() / (6 * (spread**2).sum() ** 1.5)
    z = bias + norm.ppf(0.05 if lower else 0.95)
    return np.quantile(again, norm.cdf(bias + z / (1 - acceleration * z)))


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_bounds_are_those_of_a_slow_bootstrap(lower, weighted):
    rng = np.random.default_rng(0)
    values = rng.lognormal(size=60)
    weights = rng.integers(5, 30, 60).astype(float) if weighted else np.ones(60)
    bound = confidence_bound(values, weights, lower, RESAMPLES, seed=0)
    slow = slow_bound(values, weights, lower)
    error = np.average(values, weights=weights) - slow
    assert (error > 0) == lower
    assert bound == pytest.approx(slow, abs=0.08 * abs(error))


@pytest.mark.parametrize("lower", [True, False])
def test_bounds_cover_the_truth_as_often_as_they_say(lower):
    """Skewed data: plain percentiles would be too small above."""
    rng, trials = np.random.default_rng(0), 400
    truth = np.exp(0.5**2 / 2)
    held = 0
    for _ in range(trials):
        sample = rng.lognormal(sigma=0.5, size=100)
        bound = confidence_bound(sample, np.ones(100), lower, 799, seed=0)
        held += bound <= truth if lower else bound >= truth
    assert 0.91 < held / trials < 0.985  # 0.95 but for four standard errors, and small samples


@pytest.mark.parametrize(
    ("endpoint", "limit", "beyond"),
    [
        (UPPER, 0.5, np.nextafter(0.5, 1)),
        (LOWER, 4.5, np.nextafter(4.5, 0)),
        (Endpoint("s", "s", "mean", "<", 2.0, "%"), np.nextafter(2, 0), 2.0),
        (Endpoint("s", "s", "mean", ">", -0.05, ""), np.nextafter(-0.05, 0), -0.05),
        (Endpoint("none", "none", "mean", "<=", 0.0, "%"), 0.0, np.nextafter(0, 1)),
    ],
)
def test_the_verdict_flips_exactly_at_the_limit(endpoint, limit, beyond):
    for value, holds in ((limit, True), (beyond, False)):
        verdict = judge(pd.DataFrame({endpoint.column: [value] * 5}), [endpoint])
        assert verdict.equivalent is holds
        assert verdict.judgements[0].bound == value


def test_the_bound_counts_and_not_the_estimate():
    values = np.tile([0.2, 0.7], 10)
    (judgement,) = judge(pd.DataFrame({"distance": values}), [UPPER]).judgements
    assert judgement.estimate == pytest.approx(0.45)
    assert judgement.bound > 0.5
    assert judgement.holds is False
    (judgement,) = judge(pd.DataFrame({"distance": np.tile(values, 30)}), [UPPER]).judgements
    assert judgement.holds is True


def test_one_endpoint_is_enough_to_fail():
    good = pd.DataFrame({"distance": [0.1, 0.2, 0.1], "quality": [4.6, 4.6, 4.62]})
    assert judge(good, [UPPER, LOWER]).equivalent
    bad = judge(good.assign(quality=[4.6, 4.6, 4.2]), [UPPER, LOWER])
    assert not bad.equivalent
    assert [j.endpoint for j in bad.failed] == [LOWER]


def test_shares_weigh_sentences_by_their_size():
    share = Endpoint("flips", "flips", "share", "<", 2.0, "%", weight="frames")
    records = pd.DataFrame({"flips": [10.0, 0.0, 0.0], "frames": [10, 995, 995]})
    (judgement,) = judge(records, [share]).judgements
    assert judgement.estimate == pytest.approx(0.05)


def test_errors_of_both_signs_do_not_cancel():
    gain = Endpoint("gain", "gain_db", "mean magnitude", "<=", 0.2, "dB")
    verdict = judge(pd.DataFrame({"gain_db": [1.0, -1.0] * 10}), [gain])
    assert verdict.judgements[0].estimate == 1.0
    assert not verdict.equivalent


def test_what_does_not_apply_is_left_out_and_what_is_broken_fails():
    records = pd.DataFrame({"distance": [0.1, np.nan, 0.2, 0.1]})
    (judgement,) = judge(records, [UPPER]).judgements
    assert judgement.sentences == 3
    assert judgement.holds
    broken = judge(records.fillna(np.inf), [UPPER])
    assert broken.judgements[0].bound == np.inf
    assert not broken.equivalent
    worst = judge(pd.DataFrame({"quality": [4.6, -np.inf, 4.6]}), [LOWER])
    assert worst.judgements[0].bound == -np.inf
    assert not worst.equivalent


def test_what_nobody_measured_is_not_judged():
    verdict = judge(pd.DataFrame({"distance": [0.1, 0.2]}), [UPPER, LOWER])
    assert verdict.equivalent
    assert verdict.not_judged == (LOWER,)
    assert verdict.table()["verdict"].tolist() == ["holds", "not judged"]
    with pytest.raises(ValueError, match="no endpoint can be judged"):
        judge(pd.DataFrame({"other": [0.1, 0.2]}), [UPPER])
    with pytest.raises(ValueError, match="needs at least 2"):
        judge(pd.DataFrame({"distance": [0.1]}), [UPPER])


def test_a_void_endpoint_is_shown_and_not_judged():
    void = Endpoint("quality", "quality", "mean", ">=", 4.5, "MOS", void="it is broken")
    verdict = judge(pd.DataFrame({"distance": [0.1, 0.2], "quality": [1, 1]}), [UPPER, void])
    assert verdict.equivalent
    assert verdict.not_judged == (void,)
    assert verdict.table()["bound"].tolist()[1] == 1


def test_bounds_where_the_bootstrap_is_degenerate():
    ones = np.ones(50)
    assert confidence_bound(0 * ones, ones, False, 999, seed=0) == 0
    single = np.zeros(50)
    single[7] = 1.0
    assert 0.02 < confidence_bound(single, ones, False, 999, seed=0) <= 1
    assert confidence_bound(np.array([1.0, 2.0]), np.ones(2), False, 999, seed=0) == 2
    assert confidence_bound(np.array([1.0, 2.0]), np.ones(2), True, 999, seed=0) == 1


def test_the_same_sample_has_the_same_verdict():
    values = pd.DataFrame({"distance": np.random.default_rng(0).random(30)})
    first, second = (judge(values, [UPPER]).judgements[0].bound for _ in range(2))
    assert first == second


def test_the_table_agrees_with_the_one_of_metrics():
    """Limits stand in both: where a metric has a bound, it is the endpoint's."""
    metrics = {metric.name: metric for metric in METRICS}
    for endpoint in ENDPOINTS:
        if endpoint.run == "recordings" or endpoint.column == "word_error_change_points":
            continue
        metric = metrics.pop(endpoint.column)
        assert metric.bound == endpoint.limit
        assert endpoint.lower == (metric.better == "higher")
    assert [metric.name for metric in metrics.values() if metric.bound is not None] == []
