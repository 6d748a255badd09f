"""The first site that breaks a plan, found by halving."""

from dataclasses import dataclass

import pandas as pd

from lightning_v2.errors import ArgumentError
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.moves import plan_of, precisions_of
from lightning_v2.search.plans.bench import Bench
from lightning_v2.search.plans.own_loss import column_of
from lightning_v2.search.plans.quality import badness
from lightning_v2.search.sweep.voices import voice as voice_of


@dataclass(frozen=True, eq=False)
class Bisection:
    """What was found.

    Attributes:
        site: with it the threshold is crossed, with all before it alone it is not.
        before, after: values of the metric without and with it.
        steps: a row a plan that was tried: low_sites (how many of those that differ, in the order
            of execution, ran as in the bad plan), last_site (the last of them), the value, breaks.
    """

    site: str
    before: float
    after: float
    steps: pd.DataFrame


def first_break(bench: Bench, good: Plan, bad: Plan, threshold: float) -> Bisection:
    """Switch a growing number of sites, in the order of execution, from a good plan to a bad one.

    The voice speaks with the weights that the bad plan asks for: they are not of one site.
    Halving finds a crossing of the threshold. There may be others where a site further on makes
    good what one before it has broken.

    Args:
        bench: sentences and metric.
        good: keeps the threshold.
        bad: does not.
        threshold: in units of the metric; a plan breaks where it is worse.

    Raises:
        ArgumentError: good breaks, bad does not, or both say the same of every site.
        SearchError: see `Bench.measure`.
    """
    sites = voice_sites(voice_of(bench.voice))
    start, end = precisions_of(good, sites), precisions_of(bad, sites)
    order = [site for site in start if start[site] != end[site]]
    if not order:
        raise ArgumentError(f"{good.name} and {bad.name} say the same of every site")
    limit, metric = badness(bench.metric, threshold), column_of(bench.metric)
    found: dict[int, tuple[float, bool]] = {}

    def try_out(counts: list[int]) -> None:
        tried = [start | {site: end[site] for site in order[:n]} for n in counts]
        plans = [plan_of(precisions, adapted=bad.adapted) for precisions in tried]
        table = bench.measure(plans)
        for count, value, score in zip(counts, table[metric], table["score"], strict=True):
            found[count] = float(value), not score <= limit

    low, high = 0, len(order)
    try_out([low, high])
    for count, plan, wrong in ((low, good, True), (high, bad, False)):
        value, breaks = found[count]
        if breaks == wrong:
            what = "breaks already" if wrong else "does not break"
            raise ArgumentError(f"{plan.name} {what}: {metric} is {value:g}, not {threshold:g}")
    while high - low > 1:
        middle = (low + high) // 2
        try_out([middle])
        low, high = (low, middle) if found[middle][1] else (middle, high)
    steps = pd.DataFrame(
        {
            "low_sites": count,
            "last_site": order[count - 1] if count else "",
            metric: value,
            "breaks": breaks,
        }
        for count, (value, breaks) in found.items()
    )
    return Bisection(order[low], found[low][0], found[high][0], steps)
