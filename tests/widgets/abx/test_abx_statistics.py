import math

import pytest
from scipy.stats import beta, binomtest

from widgets.abx.abx_statistics import ABXStatistics, goals


def done(trials, correct):
    return ABXStatistics(trials, trials, correct)


@pytest.mark.parametrize(("trials", "correct"), [(10, 9), (16, 12), (16, 8), (24, 0), (24, 24)])
def test_p_is_that_of_the_exact_test(trials, correct):
    expected = sum(math.comb(trials, k) for k in range(correct, trials + 1)) / 2**trials
    assert done(trials, correct).p_value == pytest.approx(expected, rel=1e-12)
    test = binomtest(correct, trials, 0.5, alternative="greater")
    assert done(trials, correct).p_value == pytest.approx(test.pvalue, rel=1e-12)


def test_twelve_of_sixteen_is_a_difference_and_eleven_is_not():
    assert done(16, 12).verdict == "difference"
    assert done(16, 12).p_value == pytest.approx(0.0384, abs=1e-4)
    assert done(16, 11).verdict == "undecided"


@pytest.mark.parametrize(("trials", "correct"), [(16, 3), (16, 8), (50, 31)])
def test_interval_is_that_of_clopper_and_pearson(trials, correct):
    low = beta.ppf(0.025, correct, trials - correct + 1)
    high = beta.ppf(0.975, correct + 1, trials - correct)
    assert done(trials, correct).interval == pytest.approx((low, high))
    upper = beta.ppf(0.95, correct + 1, trials - correct)
    assert done(trials, correct).upper_bound == pytest.approx(upper)


def test_corners():
    nothing, everything = done(20, 0), done(20, 20)
    assert nothing.p_value == 1
    assert nothing.interval == pytest.approx((0, 1 - 0.025 ** (1 / 20)))
    assert nothing.upper_bound == pytest.approx(1 - 0.05 ** (1 / 20))
    assert everything.p_value == 2.0**-20
    assert everything.interval == pytest.approx((0.025 ** (1 / 20), 1))
    assert everything.upper_bound == 1


def test_before_the_first_answer_nothing_is_known():
    start = ABXStatistics(16, 0, 0)
    assert (start.p_value, start.interval, start.upper_bound) == (1, (0, 1), 1)
    assert (start.share_correct, start.reversed, start.verdict) == (None, False, "unfinished")


def test_nothing_is_final_before_the_last_trial():
    early = ABXStatistics(16, 10, 10)
    assert early.p_value < 0.001
    assert (early.final, early.verdict) == (False, "unfinished")


def test_verdicts():
    assert done(40, 20).verdict == "equivalent"
    assert done(40, 10).verdict == "reversed"
    assert done(16, 0).verdict == "reversed"
    assert done(200, 115).verdict == "difference below the limit"
    assert done(4, 4).verdict == "undecided"


def test_goals_say_what_a_test_can_show():
    sixteen = goals(16)
    assert sixteen["fewest_for_difference"] == 12
    assert (sixteen["fewest_for_equivalence"], sixteen["most_for_equivalence"]) == (5, 7)
    expected = sum(math.comb(16, k) for k in (5, 6, 7)) / 2**16  # 4 or fewer are "reversed"
    assert sixteen["guesser_equivalent"] == pytest.approx(expected)
    assert goals(4)["fewest_for_difference"] is None
    assert goals(2)["most_for_equivalence"] is None
    assert goals(2)["guesser_equivalent"] == 0
    assert goals(100)["guesser_equivalent"] > 0.9


def test_a_guesser_is_rarely_told_that_a_difference_was_heard():
    for trials in (10, 16, 24):
        results = [done(trials, k) for k in range(trials + 1)]
        wrong = [r.correct for r in results if r.verdict.startswith("difference")]
        assert sum(math.comb(trials, k) for k in wrong) / 2**trials < 0.05


def test_somebody_who_hears_seventy_percent_is_rarely_called_equivalent():
    for trials in (16, 24, 60):
        equal = [k for k in range(trials + 1) if done(trials, k).verdict == "equivalent"]
        assert sum(math.comb(trials, k) * 0.7**k * 0.3 ** (trials - k) for k in equal) <= 0.05


@pytest.mark.parametrize("counts", [(16, 17, 3), (16, 4, 5), (16, 4, -1), (0, 0, 0)])
def test_impossible_counts_are_refused(counts):
    with pytest.raises(ValueError, match="right of"):
        ABXStatistics(*counts)
