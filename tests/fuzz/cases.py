"""One case after another, and what came of each."""

import random
import signal
import traceback
from collections import Counter
from dataclasses import dataclass, field

from lightning_v2.errors import LightningError
from tests.fuzz import checkpoints, plans, texts

KINDS = {"texts": texts, "plans": plans, "checkpoints": checkpoints}
SLOWEST_S = 60
"""A case that takes longer has failed."""


@dataclass
class Outcome:
    """Of some cases of one kind.

    Attributes:
        counts: "fine", or the class of the error of this library.
        failures: a text for each case that raised anything else, with what is needed to repeat it.
    """

    kind: str
    counts: Counter = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


def run(kind: str, seed: int, numbers: range) -> Outcome:
    """Make and use cases; each depends on the seed and its number alone."""
    outcome = Outcome(kind)
    KINDS[kind].prepare()
    signal.signal(signal.SIGALRM, _too_slow)
    for number in numbers:
        made = None
        signal.alarm(SLOWEST_S)
        try:
            made = KINDS[kind].make(random.Random(f"{kind} {seed} {number}"))
            KINDS[kind].use(made)
            outcome.counts["fine"] += 1
        except LightningError as error:
            outcome.counts[type(error).__name__] += 1
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            outcome.failures.append(
                f"{kind} --seed {seed}, case {number}: {type(error).__name__}: {error!s:.200}\n"
                f"  raised in {where.filename}:{where.lineno}\n  input: {made!r:.400}"
            )
        finally:
            signal.alarm(0)
    return outcome


def _too_slow(*_) -> None:
    raise TimeoutError(f"took longer than {SLOWEST_S} s")
