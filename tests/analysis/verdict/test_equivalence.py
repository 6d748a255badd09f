"""The verdict of the equivalence test on samples whose answer is known."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from lightning_v2.analysis.metrics.endpoints import Endpoint
from lightning_v2.analysis.verdict.equivalence import (
    RESAMPLES,
    judge,
    mean_bounds,
    percentile_bounds,
)

UPPER = Endpoint("distance", "distance", "mean", "<=", 0.5, "dB")
LOWER = Endpoint("quality", "quality", "mean", ">=", 4.5, "MOS")
SPREAD = Endpoint("p95", "change", "95th percentile of magnitudes", "<=", 3.0, "%")


def verdict(table, endpoints):
    return judge({"teacher-forced": pd.DataFrame(table)}, endpoints)


def only(table, endpoint):
    (judgement,) = verdict(table, [endpoint]).judgements
    return judgement


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
    bound = mean_bounds(values, weights, RESAMPLES, seed=0)[0 if lower else 1]
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
        bound = mean_bounds(sample, np.ones(100), 799, seed=0)[0 if lower else 1]
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
    for value, state in ((limit, "holds"), (beyond, "FAILS")):
        judgement = only({endpoint.column: [value] * 5}, endpoint)
        assert judgement.state == state
        assert judgement.bound == value


def test_the_bound_counts_and_not_the_estimate():
    values = np.tile([0.2, 0.7], 10)
    judgement = only({"distance": values}, UPPER)
    assert judgement.estimate == pytest.approx(0.45)
    assert judgement.best_case < 0.5 < judgement.bound
    assert judgement.state == "not resolved"
    assert only({"distance": np.tile(values, 30)}, UPPER).state == "holds"
    assert only({"distance": np.tile(values + 0.1, 30)}, UPPER).state == "FAILS"


def test_one_endpoint_is_enough_to_fail():
    good = pd.DataFrame({"distance": [0.1, 0.2, 0.1] * 2, "quality": [4.6, 4.6, 4.62] * 2})
    assert verdict(good, [UPPER, LOWER]).answer == "equivalent"
    bad = verdict(good.assign(quality=[4.4, 4.3, 4.2] * 2), [UPPER, LOWER])
    assert bad.answer == "not equivalent"
    assert [j.endpoint for j in bad.failed] == [LOWER]


def test_what_is_not_resolved_never_counts_as_passed():
    table = {"distance": [0.1, 0.2] * 10, "change": [0.1] * 20}
    found = verdict(table, [UPPER, SPREAD])
    assert found.answer == "not resolved"
    assert found.table()["verdict"].tolist() == ["holds", "not resolved"]
    # A failure beside it is an answer.
    failed = verdict(table | {"distance": [0.8, 0.9] * 10}, [UPPER, SPREAD])
    assert failed.answer == "not equivalent"


@pytest.mark.parametrize(("count", "state"), [(2, "not resolved"), (4, "not resolved"),
                                              (5, "holds")])  # fmt: skip
def test_few_sentences_show_nothing_but_failure(count, state):
    assert only({"distance": [0.1] * count}, UPPER).state == state
    assert only({"distance": [0.8] * count}, UPPER).state == "FAILS"


def test_one_value_shows_nothing_at_all():
    assert only({"distance": [0.8, np.nan]}, UPPER).state == "not resolved"


def test_shares_of_words_need_as_many_words_as_can_show_the_limit():
    share = Endpoint("words", "change", "share", "<=", 2.0, "points", weight="words")
    # If 2 % of words were lost, one sample in twenty of so many words would still show none.
    assert 0.98**share.least_weight <= 0.05 < 0.98 ** (share.least_weight - 1)
    assert only({"change": [0.0] * 10, "words": [14] * 10}, share).state == "not resolved"
    assert only({"change": [0.0] * 10, "words": [15] * 10}, share).state == "holds"


def test_where_nothing_is_allowed_one_sentence_decides():
    none = Endpoint("none", "share", "share", "<=", 0.0, "%", weight="frames")
    table = {"share": [0.0] * 99 + [0.3], "frames": [300] * 100}
    assert only(table, none).best_case == 0
    assert only(table, none).state == "FAILS"


def test_shares_weigh_sentences_by_their_size():
    share = Endpoint("flips", "flips", "share", "<", 2.0, "%", weight="frames")
    records = pd.DataFrame({"flips": [10.0, 0.0, 0.0], "frames": [10, 995, 995]})
    assert only(records, share).estimate == pytest.approx(0.05)


def test_errors_of_both_signs_do_not_cancel():
    gain = Endpoint("gain", "gain_db", "mean magnitude", "<=", 0.2, "dB")
    judgement = only({"gain_db": [1.0, -1.0] * 10}, gain)
    assert judgement.estimate == 1.0
    assert judgement.state == "FAILS"


def test_what_does_not_apply_is_left_out_and_what_is_broken_fails():
    records = pd.DataFrame({"distance": [0.1, np.nan, 0.2, 0.1, 0.1, 0.2]})
    judgement = only(records, UPPER)
    assert judgement.sentences == 5
    assert judgement.state == "holds"
    broken = only(records.fillna(np.inf), UPPER)
    assert broken.bound == np.inf
    assert broken.state == "FAILS"
    worst = only({"quality": [4.6, -np.inf, 4.6]}, LOWER)
    assert worst.bound == -np.inf
    assert worst.state == "FAILS"


def test_what_nobody_measured_is_not_judged():
    found = verdict({"distance": [0.1, 0.2] * 3}, [UPPER, LOWER])
    assert found.answer == "equivalent"
    assert found.not_judged == (LOWER,)
    assert found.table()["verdict"].tolist() == ["holds", "not judged"]
    with pytest.raises(ValueError, match="no endpoint can be judged"):
        verdict({"other": [0.1, 0.2]}, [UPPER])
    with pytest.raises(ValueError, match="needs at least 2"):
        verdict({"distance": [0.1]}, [UPPER])
    with pytest.raises(ValueError, match="0 sentences"):
        judge({}, [UPPER])


def test_each_run_has_its_own_records():
    free = Endpoint("free", "distance", "mean", "<=", 0.5, "dB", "free-running")
    found = judge(
        {
            "teacher-forced": pd.DataFrame({"distance": [0.1] * 5}),
            "free-running": pd.DataFrame({"distance": [0.9] * 5}),
        },
        [UPPER, free],
    )
    assert [j.state for j in found.judgements] == ["holds", "FAILS"]


def test_a_void_endpoint_is_shown_and_not_judged():
    void = Endpoint("quality", "quality", "mean", ">=", 4.5, "MOS", void="it is broken")
    found = verdict({"distance": [0.1, 0.2] * 3, "quality": [1] * 6}, [UPPER, void])
    assert found.answer == "equivalent"
    assert found.not_judged == (void,)
    assert found.table()["bound"].tolist()[1] == 1


def test_bounds_where_the_bootstrap_is_degenerate():
    ones = np.ones(50)
    assert mean_bounds(0 * ones, ones, 999, seed=0) == (0, 0)
    single = np.zeros(50)
    single[7] = 1.0
    assert 0.02 < mean_bounds(single, ones, 999, seed=0)[1] <= 1
    assert mean_bounds(np.array([1.0, 2.0]), np.ones(2), 999, seed=0) == (1, 2)
    assert mean_bounds(np.array([1.0, np.inf]), np.ones(2), 999, seed=0) == (np.inf, np.inf)


class TestPercentileOfSentences:
    @pytest.mark.parametrize("count", [1, 2, 20, 58, 59, 100, 240])
    def test_bounds_cover_the_truth_as_often_as_they_say(self, count):
        rng = np.random.default_rng(count)
        truth = -np.log(0.05)
        bounds = np.array([percentile_bounds(rng.exponential(size=count)) for _ in range(2000)])
        assert np.mean(bounds[:, 0] <= truth) > 0.935  # 0.95 but for three standard errors
        assert np.mean(bounds[:, 1] >= truth) > 0.935

    def test_too_few_sentences_have_no_upper_bound(self):
        assert percentile_bounds(np.arange(58.0))[1] == np.inf
        assert percentile_bounds(np.arange(59.0))[1] == 58
        assert SPREAD.least_sentences == 59
        assert percentile_bounds(np.arange(100.0)) == (90, 98)

    def test_the_worst_of_a_hundred_may_be_bad(self):
        good = {"change": [1.0, -1.0] * 49 + [20.0] + [1.0]}
        assert only(good, SPREAD).state == "holds"
        assert only({"change": [1.0] * 90 + [-4.0] * 10}, SPREAD).state != "holds"
        assert only({"change": [-4.0] * 3}, SPREAD).state == "FAILS"


def test_the_same_sample_has_the_same_verdict():
    values = {"distance": np.random.default_rng(0).random(30)}
    assert only(values, UPPER) == only(values, UPPER)
