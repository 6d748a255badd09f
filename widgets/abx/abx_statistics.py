"""What a number of right answers in a blind test says, and what it does not say."""

from dataclasses import asdict, dataclass
from functools import lru_cache

from scipy.stats import binom, binomtest

from lightning_v2.errors import ArgumentError

SIGNIFICANCE = 0.05
CONFIDENCE = 0.95
EQUIVALENCE_LIMIT = 0.70
"""A pair counts as equivalent where the share of right answers is below this with confidence."""


@dataclass(frozen=True)
class ABXStatistics:
    """A test of n trials of which k answers are right; a guesser has 1/2 of them right.

    Attributes:
        planned: number of trials, fixed before the first one.
        answered: n.
        correct: k.

    Raises:
        ArgumentError: not 0 <= correct <= answered <= planned, or no trial planned.
    """

    planned: int
    answered: int
    correct: int

    def __post_init__(self):
        if not 0 <= self.correct <= self.answered <= self.planned or self.planned < 1:
            raise ArgumentError(
                f"{self.correct} right of {self.answered} answered of {self.planned} planned: "
                "needs 0 <= right <= answered <= planned and at least one trial"
            )

    @property
    def final(self) -> bool:
        """Before the last trial every figure is provisional: who may stop when a running p is low
        finds differences that are not there."""
        return self.answered == self.planned

    @property
    def share_correct(self) -> float | None:
        return self.correct / self.answered if self.answered else None

    @property
    def p_value(self) -> float:
        """One-sided, exact: P(Binomial(n, 1/2) >= k)."""
        return float(binom.sf(self.correct - 1, self.answered, 0.5))

    @property
    def interval(self) -> tuple[float, float]:
        """Two-sided 95 % interval of the share right (Clopper and Pearson, Biometrika 26, 1934)."""
        return self._interval("two-sided")

    @property
    def upper_bound(self) -> float:
        """One-sided 95 % Clopper-Pearson bound of the share right."""
        return self._interval("less")[1]

    def _interval(self, alternative: str) -> tuple[float, float]:
        if not self.answered:
            return 0.0, 1.0
        test = binomtest(self.correct, self.answered, 0.5, alternative=alternative)
        interval = test.proportion_ci(CONFIDENCE, method="exact")
        return float(interval.low), float(interval.high)

    @property
    def reversed(self) -> bool:
        """Fewer right than guessing explains, P(Binomial(n, 1/2) <= k) < 0.05: something was heard
        and named the wrong way round, which is no equivalence."""
        return bool(self.answered) and binom.cdf(self.correct, self.answered, 0.5) < SIGNIFICANCE

    @property
    def verdict(self) -> str:
        """In a word or two, of the whole test.

        "unfinished"; "difference" (p < 0.05); "difference below the limit" (p < 0.05, and yet the
        upper bound is below 0.70); "reversed"; "equivalent" (the upper bound is below 0.70);
        "undecided".
        """
        if not self.final:
            return "unfinished"
        small = self.upper_bound < EQUIVALENCE_LIMIT
        if self.p_value < SIGNIFICANCE:
            return "difference below the limit" if small else "difference"
        if self.reversed:
            return "reversed"
        return "equivalent" if small else "undecided"

    def to_dict(self) -> dict:
        """Every figure, as JSON; `goals` are those of the planned number of trials."""
        low, high = self.interval
        return asdict(self) | {
            "final": self.final,
            "share_correct": self.share_correct,
            "p_value": self.p_value,
            "interval_low": low,
            "interval_high": high,
            "upper_bound": self.upper_bound,
            "verdict": self.verdict,
            "goals": goals(self.planned),
        }


@lru_cache
def goals(planned: int) -> dict:
    """What a test of so many trials can show.

    Returns: fewest_for_difference: right answers from which on p < 0.05. fewest_ and
        most_for_equivalence: right answers between which it counts as equivalent, both included.
        Each None if there is no such number. guesser_equivalent: how probably somebody who only
        guesses ends as equivalent.
    """
    results = [ABXStatistics(planned, planned, correct) for correct in range(planned + 1)]
    heard = [r.correct for r in results if r.p_value < SIGNIFICANCE]
    equal = [r.correct for r in results if r.verdict == "equivalent"]
    return {
        "fewest_for_difference": min(heard, default=None),
        "fewest_for_equivalence": min(equal, default=None),
        "most_for_equivalence": max(equal, default=None),
        "guesser_equivalent": float(sum(binom.pmf(correct, planned, 0.5) for correct in equal)),
    }
