"""Which site minds: each site, or group of sites, alone in low precision over a base plan."""

from collections.abc import Mapping, Sequence

import pandas as pd

from lightning_v2.deployment.cycles import cycles
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.coverage import Coverage
from lightning_v2.precision.moves import Move, Precisions, applied, groups, plan_of, precisions_of
from lightning_v2.search.plans.bench import Bench
from lightning_v2.search.sweep.voices import voice as voice_of


def sensitivity(
    bench: Bench,
    base: Plan,
    low: Mapping[str, object],
    globs: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Rank sites by what is lost when they alone are turned low. All emulated, costs modelled.

    Args:
        bench: sentences and metric.
        base: how all others run.
        low: fields of a plan, such as {"math_fidelity": "LoFi"}.
        globs: groups of sites; each site by itself if not given.

    Returns:
        A row a group, worst first. Columns: group, sites (their number), lost (score above that of
        the base, in units of the metric), saved_bytes (of constants), macs, saved_cycles
        (modelled), and the mean of each metric.

    Raises:
        ValueError: see `moves.groups`. SearchError: see `Bench.measure`.
    """
    sites = voice_sites(voice_of(bench.voice))
    moves = [Move.of(name, found, low) for name, found in groups(sites, low, globs).items()]
    start = precisions_of(base, sites)
    table = ranked(bench, start, moves, base.adapted)
    details = [_saved(start, move, tuple(sites)) for move in moves]
    columns = pd.DataFrame(details)
    table = pd.concat([table[["group"]], columns, table.drop(columns="group")], axis=1)
    return table.sort_values("lost", ascending=False, ignore_index=True)


def ranked(
    bench: Bench, start: Precisions, moves: Sequence[Move], adapted: str = ""
) -> pd.DataFrame:
    """What is lost by each move alone: a row a move, in order. adapted: weights of the voice.

    Columns: group, lost, and those of `Bench.measure`.
    """
    tried = [start, *(applied(start, [move]) for move in moves)]
    plans = [plan_of(precisions, adapted=adapted) for precisions in tried]
    found = bench.measure(plans)
    # A base that is broken already (infinite) loses nothing by anything.
    lost = (found["score"] - found["score"].iloc[0]).fillna(0.0)
    head = pd.DataFrame({"group": [move.group for move in moves], "lost": lost.iloc[1:].tolist()})
    return pd.concat([head, found.iloc[1:].reset_index(drop=True)], axis=1)


def _saved(start: Precisions, move: Move, sites: tuple) -> dict[str, float]:
    end = applied(start, [move])
    before, after = (Coverage(plan_of(p), sites).weight_bytes for p in (start, end))
    return {
        "sites": len(move.sites),
        "macs": sum(site.macs for site in sites if site.name in move.sites),
        "saved_bytes": before - after,
        "saved_cycles": cycles(start, sites) - cycles(end, sites),
    }
