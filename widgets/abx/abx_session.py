"""The course of a blind test, without anything to see or to hear."""

import math
import secrets
from datetime import UTC, datetime

import numpy as np

from lightning_v2.errors import ArgumentError
from widgets.abx.abx_statistics import ABXStatistics

CHOICES = ("a", "b")
MOST_TRIALS = 200


class ABXSession:
    """Trials in a hidden order, answered one after the other.

    It begins with a training trial, whose answer is told and does not count; there may be more of
    them. Then come as many trials as were fixed beforehand; nobody says which answers are right.

    Args:
        trials: fixed beforehand, 1 to 200.
        seed: of the order, `numpy.random.default_rng(seed).integers(2, size=trials)`, 0 for a and 1
            for b: independent coins, so that no count of the answers so far helps to guess. None:
            a new one from the system.

    Attributes:
        stage: "training" or "trial" (X waits for an answer), "feedback" (after a training trial),
            "done".
        trial: 1 to `trials`; 0 in training.
        training, answers: a dict an answer: x, choice, correct, seconds, plays, time.

    Raises:
        ArgumentError: a number of trials that is not allowed.
    """

    def __init__(self, trials: int = 16, seed: int | None = None):
        if isinstance(trials, bool) or not isinstance(trials, int | np.integer):
            raise ArgumentError(f"the number of trials is a whole number, not {trials!r}")
        if not 1 <= trials <= MOST_TRIALS:
            raise ArgumentError(f"{trials} trials; a test has 1 to {MOST_TRIALS}")
        # 48 bits stay whole in JSON wherever it is read.
        self.seed = secrets.randbits(48) if seed is None else int(seed)
        coins = np.random.default_rng(self.seed)
        self._order = [CHOICES[coin] for coin in coins.integers(2, size=int(trials))]
        self._coins = coins
        self.training: list[dict] = []
        self.answers: list[dict] = []
        self.started: str | None = None
        self.train()

    @property
    def trials(self) -> int:
        return len(self._order)

    @property
    def statistics(self) -> ABXStatistics:
        """Of the answers so far; training does not count."""
        correct = sum(answer["correct"] for answer in self.answers)
        return ABXStatistics(self.trials, len(self.answers), correct)

    @property
    def x(self) -> str | None:
        """What X is now: the secret."""
        return self._x if self.stage in ("training", "trial") else None

    def train(self) -> None:
        """Another training trial.

        Raises:
            ArgumentError: the test has begun.
        """
        if self.started:
            raise ArgumentError("training is over: the test has begun")
        self.stage, self.trial = "training", 0
        self._x = CHOICES[self._coins.integers(2)]

    def start(self) -> None:
        """The first trial that counts.

        Raises:
            ArgumentError: the test has begun.
        """
        if self.started:
            raise ArgumentError("the test has begun already")
        self.started = _now()
        self._next()

    def answer(self, trial: int, choice: str, seconds: float = 0.0, plays: dict | None = None):
        """Say what X is.

        Args:
            trial: the number that is answered: an answer given twice counts once.
            choice: "a" or "b".
            seconds: it took.
            plays: how often a, b and x were chosen to be heard.

        Raises:
            ArgumentError: another trial, nothing to answer, neither a nor b, or times and counts
                that are no numbers.
        """
        if self.stage not in ("training", "trial") or trial != self.trial:
            raise ArgumentError(f"trial {trial!r} is not waiting for an answer ({self._place})")
        if choice not in CHOICES:
            raise ArgumentError(f"the answer is 'a' or 'b', not {choice!r}")
        counts = {name: (plays or {}).get(name, 0) for name in (*CHOICES, "x")}
        for name, value in {"seconds": seconds, **counts}.items():
            if not isinstance(value, int | float) or not math.isfinite(value):
                raise ArgumentError(f"{name} is {value!r}; legal are finite numbers")
        answer = {
            "x": self._x,
            "choice": choice,
            "correct": choice == self._x,
            "seconds": round(float(seconds), 3),
            "plays": {name: int(count) for name, count in counts.items()},
            "time": _now(),
        }
        if self.stage == "training":
            self.training.append(answer)
            self.stage = "feedback"
        else:
            self.answers.append(answer)
            self._next()

    def to_dict(self) -> dict:
        """What is known without giving the key of open trials away, as JSON."""
        done = self.stage == "done"
        return {
            "trials_fixed_beforehand": self.trials,
            "complete": done,
            "seed_of_order": self.seed if done else None,
            "started": self.started,
            "finished": self.answers[-1]["time"] if done else None,
            "training": list(self.training),
            "trials": [
                {"trial": number, **answer} for number, answer in enumerate(self.answers, 1)
            ],
            "statistics": self.statistics.to_dict(),
        }

    def _next(self) -> None:
        if len(self.answers) == self.trials:
            self.stage = "done"
            return
        self.stage, self.trial = "trial", len(self.answers) + 1
        self._x = self._order[len(self.answers)]

    @property
    def _place(self) -> str:
        return f"trial {self.trial}" if self.stage == "trial" else self.stage


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
