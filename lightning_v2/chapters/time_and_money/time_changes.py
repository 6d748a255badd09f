"""Whether plans are faster or slower than another one, and what makes them so, in sentences."""

import html
from dataclasses import dataclass

from lightning_v2.chapters.time_and_money.cost_figures import PART_LOOKS
from lightning_v2.chapters.time_and_money.purchase_question import PurchaseQuestion
from lightning_v2.economics.resources.time import PARTS
from lightning_v2.economics.sentence import Cost, Stage

_TOLD = 0.01
"""Share of the time from which a change of a part is told."""
_PARTS = 3
"""At most so many are."""
_KIB = 2**10


@dataclass(frozen=True, eq=False)
class TimeChanges:
    """What becomes of the time of a sentence, counted from the costs.

    Attributes:
        asked: costs of plans.
        measure: the plan that others are held against; the first one if not given.
    """

    asked: PurchaseQuestion
    measure: str = ""

    def lines(self) -> list[str]:
        """For each batch what bounds it, and a sentence a plan."""
        asked = self.asked
        if asked.reason:
            return [asked.reason]
        of = asked.costs[asked.board]
        measure = self.measure or asked.plans[0]
        lines = []
        for at, base in enumerate(of[measure]):
            lines.append(_bound(base))
            lines += [_change(base, of[plan][at]) for plan in asked.plans if plan != measure]
        return lines

    def __repr__(self) -> str:
        return "\n".join(f"- {line}" for line in self.lines())

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{html.escape(line)}</li>" for line in self.lines())
        head = f"<p><strong>Faster or slower, on {html.escape(self.asked.board)}</strong></p>"
        return f'<div class="findings">{head}<ul>{items}</ul></div>'


def together(cost: Cost) -> str:
    """How many sentences, in words."""
    return "a sentence alone" if cost.batch == 1 else f"{cost.batch} sentences at once"


def _bound(base: Cost) -> str:
    shares = {part: getattr(base.time, part) / base.latency_s for part in PARTS}
    most = max(shares, key=shares.get)
    return (
        f"{together(base).capitalize()}: of the time of {base.plan} {shares['engine']:.0%} goes to "
        f"products, where fidelity counts; its largest part is “{PART_LOOKS[most][0]}” with "
        f"{shares[most]:.0%}. With products that took no time at all {1 - shares['engine']:.0%} "
        "would be left, less what smaller formats save in memory and network."
    )


def _change(base: Cost, other: Cost) -> str:
    share = other.latency_s / base.latency_s
    rounded = round(100 * share)
    words = "slower than" if rounded > 100 else "faster than" if rounded < 100 else "as fast as"
    changes = {p: getattr(other.time, p) - getattr(base.time, p) for p in PARTS}
    told = [p for p in PARTS if abs(changes[p]) >= _TOLD * base.latency_s]
    told = sorted(told, key=lambda part: -abs(changes[part]))[:_PARTS]
    parts = ", ".join(_part(part, changes[part], base, other) for part in told)
    why = f", mostly: {parts}" if parts else ""
    return (
        f"{together(base).capitalize()}: {other.plan} is {words} {base.plan} and takes "
        f"{share:.0%} of its time{why}."
    )


def _part(part: str, seconds: float, base: Cost, other: Cost) -> str:
    sense = "more" if seconds > 0 else "less"
    why = {"host": _transfers, "launch": _programs}.get(part)
    because = why(base, other) if why else ""
    return f"{PART_LOOKS[part][0]} {abs(seconds) * 1e3:.2f} ms {sense}{because}"


def _programs(base: Cost, other: Cost) -> str:
    if other.programs == base.programs:
        return ""
    return f" ({other.programs} programs, {base.plan} has {base.programs})"


def _transfers(base: Cost, other: Cost) -> str:
    """Which stage sends the host more or less than before, and in which format."""
    before = {stage.name: stage for stage in base.stages}
    known = [(before[x.name], x) for x in other.stages if x.name in before]
    old, new = max(known, key=lambda two: abs(_fetched(two[1], other) - _fetched(two[0], base)))
    sent, was = _fetched(new, other), _fetched(old, base)
    if sent == was:
        return ""
    formats = _result(new), _result(old)
    what = f", as its result is {formats[0]} and not {formats[1]}" if len({*formats}) > 1 else ""
    return (
        f" ({new.name} sends the host {sent / _KIB:.0f} KiB a sentence, that of {base.plan} "
        f"{was / _KIB:.0f}{what})"
    )


def _fetched(stage: Stage, cost: Cost) -> float:
    return stage.download_bytes * stage.runs / cost.batch


def _result(stage: Stage) -> str:
    return stage.programs[-1].results[0].dtype
