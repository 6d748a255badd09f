"""What ran otherwise than asked for: counted by call and place, with a reason."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Unemulated:
    """Calls of one kind at one place that ran otherwise than asked for.

    Attributes:
        reason: of the first of them, in words.
    """

    name: str
    site: str
    count: int
    reason: str = field(default="", compare=False)


class Tally:
    """Counts such calls."""

    def __init__(self):
        self._counts: Counter[tuple[str, str]] = Counter()
        self._reasons: dict[tuple[str, str], str] = {}

    def add(self, name: str, site: str, reason: str) -> None:
        """Count one more call."""
        self._counts[name, site] += 1
        self._reasons.setdefault((name, site), reason)

    def listed(self) -> list[Unemulated]:
        """All, in the order of their first."""
        return [Unemulated(*call, n, self._reasons[call]) for call, n in self._counts.items()]
