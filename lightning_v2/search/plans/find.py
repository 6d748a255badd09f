"""Finds a plan: sensitivities first, then candidates, and the equivalence test as the judge."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

import pandas as pd

from lightning_v2 import tensix
from lightning_v2.deployment.cycles import cycles
from lightning_v2.errors import ArgumentError
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.fit import for_voice
from lightning_v2.precision.moves import Move, groups, precisions_of
from lightning_v2.resources import held_out_texts
from lightning_v2.search.check import check
from lightning_v2.search.check_record import Check
from lightning_v2.search.plans.bench import Bench
from lightning_v2.search.plans.constraints import Constraints
from lightning_v2.search.plans.sensitivity import ranked
from lightning_v2.search.plans.strategies import STRATEGIES, evolve, greedy, refuse_unreachable
from lightning_v2.search.plans.trials import Space, Trial, Trials
from lightning_v2.search.sweep.settings import Settings
from lightning_v2.search.sweep.voices import voice as voice_of
from lightning_v2.tensix.numbers.sites import Site
from lightning_v2.voices import label

ROOMS = 12
"""A room has at most this part of the products of a voice, where it can be taken apart."""
MOST_ALONE = 100
"""Products of a voice that a search turns one by one; each costs as many runs as sentences."""


@dataclass(frozen=True, eq=False)
class Search:
    """What came out of `search`.

    Attributes:
        best: the first plan that was found equivalent; if none was, the one with the best score
            among those that meet the constraints.
        check: of the best one; None if nobody was asked to judge.
        trials: a row a plan, see `Trials.table`.
        losses: a row a move: group, move, lost, and the mean of each metric.
        bench, base, constraints, strategy: what was asked.
        path: of the trials, as Parquet.
    """

    best: Trial
    check: Check | None
    trials: pd.DataFrame
    losses: pd.DataFrame
    bench: Bench
    base: Plan
    constraints: Constraints
    strategy: str
    path: Path

    @property
    def verdict(self) -> str:
        """Of the best plan: `Check.answer`, or "not judged"."""
        return self.check.answer if self.check else "not judged"

    @property
    def provenance(self) -> str:
        """One line that belongs beside every figure."""
        count = len(self.bench.sentences)
        noun = "sentence" if count == 1 else "sentences"
        return (
            f"emulated, {self.bench.tier} tier, {count} {noun}, seed {self.bench.seed}, voice "
            f"{label(self.bench.voice)}; cycles modelled"
        )


def sentences_for_search(count: int, own: Sequence[str] | None = None) -> tuple[str, ...]:
    """The last held-out sentences: the judge takes the first ones, which no search has seen.

    Args:
        count: how many.
        own: those of a voice that speaks no others; at most half of them are taken.

    Raises:
        ArgumentError: fewer than 1 are asked for, or more than there are.
    """
    texts = tuple(held_out_texts().values() if own is None else own)
    count = count if own is None else min(count, max(1, len(own) // 2))
    if not 1 <= count <= len(texts):
        raise ArgumentError(f"{count} sentences asked for; legal are 1 to {len(texts)}")
    return texts[-count:]


def search(
    bench: Bench,
    constraints: Constraints,
    base: Plan,
    *,
    strategy: str = "evolve",
    globs: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
    generations: int = 4,
    judges: Mapping[str, str] | None = None,
    judged: int = 3,
    controls: bool = True,
) -> Search:
    """Find the plan that loses least among those that meet constraints.

    What has been measured is not measured again: the same search, interrupted, goes on.

    Args:
        bench: sentences on the way, metric, and where results are kept.
        constraints: on the plan.
        base: how sites run that are not turned low.
        strategy: "greedy" or "evolve", which starts from the greedy plan.
        globs: groups of sites that are turned low together, each by a glob or by its name and
            several; each site by itself if not given. What no glob matches stays as in the base.
        generations: of "evolve".
        judges: sentences of the equivalence test, identifier -> text, at least 2; None: no test.
        judged: candidates that it tests at most, the best first, until one passes.
        controls: see `check`.

    Raises:
        ArgumentError: an unknown strategy, a glob that matches nothing, counts that make no sense,
            or sentences that would judge what they have helped to find.
        PlanError: the base does not fit the voice.
        UnreachableError: the constraints cannot be met. SearchError: plans cannot be measured.
        CheckError, ClusterError: see `check`, `sweep`.
    """
    if strategy not in STRATEGIES:
        raise ArgumentError(f"strategy is {strategy!r}; legal are {', '.join(STRATEGIES)}")
    if seen := set((judges or {}).values()) & set(bench.sentences):
        raise ArgumentError(
            f"{len(seen)} sentences are to judge what they helped to find: use fewer on the way, "
            "or fewer in the test"
        )
    for name, value in (("generations", generations), ("judged", judged)):
        if value < 0:
            raise ArgumentError(f"{name} is {value}; legal are 0 and more")
    if judges is not None and len(judges) < 2:
        raise ArgumentError(f"{len(judges)} sentences are to judge; the test needs at least 2")
    space = space_of(bench.voice, constraints, base, globs)
    refuse_unreachable(space)
    path = bench.folder / "searches" / f"{_digest(bench, space, strategy, generations)}.parquet"
    with bench.open() as opened:
        losses = ranked(opened, space.start, space.moves, space.adapted)
        trials = Trials(opened, space, path)
        greedy(trials, losses["lost"])
        if strategy == "evolve":
            evolve(trials, losses["lost"], generations, bench.seed)
        best, found = _judge(trials, opened, judges, judged, controls)
    losses.insert(1, "move", [", ".join(str(v) for _, v in m.fields) for m in space.moves])
    return Search(best, found, trials.table(), losses, bench, base, constraints, strategy, path)


def space_of(
    voice: str,
    constraints: Constraints,
    base: Plan,
    globs: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
) -> Space:
    """What a search chooses from: each group of sites with each low value that may help.

    Raises:
        PlanError: the base does not fit the voice. ArgumentError: a glob that matches nothing.
    """
    sites = tuple(voice_sites(voice_of(voice)))
    base = for_voice(base, sites)
    base.check(sites)
    # A norm or softmax has a fidelity, but no share and no modelled cost counts it.
    counted = [site for site in sites if site.macs]
    moves = [
        Move.of(group, members, low)
        for low in constraints.lows()
        for group, members in _groups(counted, low, globs)
    ]
    return Space(precisions_of(base, sites), tuple(moves), sites, constraints, base.adapted)


def rooms(sites: Sequence[Site], preferred: Sequence[str] = ()) -> list[str]:
    """Globs of the modules of a voice, for searches that cannot turn every site by itself.

    Sites outside every module go together if they differ in their number alone.

    Args:
        sites: of the voice.
        preferred: globs that are taken if each of them matches a product of it.
    """
    products = [site.name for site in sites if site.macs]
    if preferred and all(any(fnmatchcase(name, glob) for name in products) for glob in preferred):
        return list(preferred)
    most = max(1, len(products) // ROOMS)
    alone: dict[str, None] = {}  # behind modules, of which a glob without a number could take some

    def taken_apart(names: Sequence[str], depth: int) -> list[str]:
        found: dict[str, list[str]] = {}
        for name in names:
            found.setdefault(".".join(name.split(".")[:depth]), []).append(name)
        globs = []
        for module, members in found.items():
            if members == [module]:
                family = re.split(r"_?\d", module)[0]
                several = sum(re.split(r"_?\d", other)[0] == family for other in found) > 1
                alone[f"{family}*" if several else module] = None
            elif len(members) > most:
                globs += taken_apart(members, depth + 1)
            else:
                globs.append(f"{module}.*")
        return globs

    return [*taken_apart(products, 1), *alone]


def usual_globs(voice: str) -> list[str] | None:
    """What a search turns low together unless it is told: nothing, of a large voice its modules."""
    sites = voice_sites(voice_of(voice))
    return None if sum(site.macs > 0 for site in sites) <= MOST_ALONE else rooms(sites)


def within(budget: float, voice: str, base: Plan) -> int:
    """Modelled cycles of a base plan times `budget`.

    Raises:
        ArgumentError: the budget is not above 0, or so large that the base itself keeps it.
    """
    if not 0 < budget < 1:
        raise ArgumentError(f"budget is {budget}; legal are shares above 0 and below 1")
    return int(budget * cycles_of(voice, base))


def cycles_of(voice: str, base: Plan) -> int:
    """Modelled cycles of a voice under a plan."""
    sites = voice_sites(voice_of(voice))
    return cycles(precisions_of(base, sites), sites)


def _groups(sites, low, globs):
    """As `groups`; globs without a site that `low` matters to are fine if another low does."""
    if globs is None:
        return groups(sites, low).items()
    everything = groups(sites, {"math_fidelity": "LoFi"}, globs)
    affected = set(groups(sites, low))
    chosen = {
        glob: [site for site in members if site.name in affected]
        for glob, members in everything.items()
    }
    return [(glob, members) for glob, members in chosen.items() if members]


def _judge(
    trials: Trials,
    bench: Bench,
    judges: Mapping[str, str] | None,
    judged: int,
    controls: bool,
) -> tuple[Trial, Check | None]:
    """The first candidate that passes, or else the best one, each with its check."""
    candidates = trials.best()
    first = None
    for trial in candidates[:judged] if judges else ():
        found = check(
            replace(trial.plan, name=f"trial {trial.number}"),
            judges,
            controls=controls,
            folder=bench.folder,
            **Settings.of(bench),
        )
        trials.verdicts[trial.number] = found.answer
        trials.save()
        first = first or (trial, found)
        if found.answer == "equivalent":
            return trial, found
    return first or (candidates[0], None)


def _digest(bench: Bench, space: Space, *more: object) -> str:
    """Of everything that decides which plans are tried."""
    what = [
        voice_of(bench.voice).digest,
        [bench.sentences, bench.metric, bench.tier, bench.seed, tensix.settings().decisive],
        space.plan(frozenset()).digest,
        [[move.sites, move.fields] for move in space.moves],
        vars(space.constraints),
        more,
    ]
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:20]
