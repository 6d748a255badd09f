"""Strategies on losses that are known: the optimum is found by trying all."""

import math
from itertools import combinations

import pandas as pd
import pytest
from stubs import BASE, StubBench, linear

from lightning_v2.precision import Plan
from lightning_v2.precision.moves import Move, groups, precisions_of
from lightning_v2.search.plans.bench import SearchError
from lightning_v2.search.plans.constraints import Constraints
from lightning_v2.search.plans.sensitivity import ranked
from lightning_v2.search.plans.strategies import CHILDREN, evolve, greedy
from lightning_v2.search.plans.trials import Space, Trials

SITES = tuple(linear(f"blocks.{index}.up") for index in range(8))
LOFI = [0.5, 0.1, 3.0, 0.2, 0.9, 0.05, 1.5, 0.3]
BFP8 = [0.02, 0.4, 0.01, 0.03, 0.05, 0.6, 0.04, 0.02]
LOST = {(site.name, "LoFi"): value for site, value in zip(SITES, LOFI, strict=True)} | {
    (site.name, "bfloat8_b"): value for site, value in zip(SITES, BFP8, strict=True)
}


def searched(constraints, extra=None, sites=SITES, lost=LOST, adapted=""):
    moves = tuple(
        Move.of(name, found, low)
        for low in constraints.lows()
        for name, found in groups(sites, low).items()
    )
    bench = StubBench(sites, lost, extra)
    space = Space(precisions_of(BASE, sites), moves, sites, constraints, adapted)
    return bench, Trials(bench, space), ranked(bench, space.start, moves, adapted)["lost"]


def optimum(bench, space):
    moves = range(len(space.moves))
    choices = (frozenset(c) for n in range(len(moves) + 1) for c in combinations(moves, n))
    return min(bench.loss(space.plan(c)) for c in choices if not space.unmet(c))


def test_greedy_finds_the_optimum_of_losses_that_add_up():
    sites = SITES[:6]
    bench, trials, lost = searched(Constraints(lofi_share=0.66), sites=sites)
    assert lost.tolist() == pytest.approx(LOFI[:6])
    greedy(trials, lost)
    best = trials.best()[0]
    low = {trials.space.moves[move].group for move in best.choice}
    assert low == {sites[index].name for index in (0, 1, 3, 5)}
    assert best.score == pytest.approx(optimum(bench, trials.space))


def test_every_plan_speaks_with_the_weights_of_the_base():
    bench, trials, lost = searched(Constraints(lofi_share=0.5), adapted="mine")
    greedy(trials, lost)
    evolve(trials, lost, 1)
    assert bench.adapted == {"mine"} == {trial.plan.adapted for trial in trials.all}


def test_greedy_meets_two_constraints_at_once():
    _, trials, lost = searched(Constraints(lofi_share=0.5, bfp8_share=0.6))
    greedy(trials, lost)
    best = trials.best()[0]
    assert best.figures.lofi_share == 0.5
    assert best.figures.bfp8_share >= 0.6
    assert best.score == pytest.approx(sum(sorted(LOFI)[:4]) + sum(sorted(BFP8)[:6]))
    assert [trial.unmet for trial in trials.all if trial.choice == frozenset()] == [
        ("bfp8_share", "lofi_share")
    ]


def test_greedy_takes_what_saves_most_cycles_for_its_loss():
    sites = (linear("large", 1024, 1024), linear("small"), linear("other"))
    lost = {("large", "LoFi"): 1.0, ("small", "LoFi"): 0.9, ("other", "LoFi"): 0.9}
    _, trials, _ = searched(Constraints(lofi_share=0.1), sites=sites, lost=lost)
    whole = trials.space.figures(frozenset()).cycles
    _, trials, losses = searched(Constraints(cycles=whole // 2), sites=sites, lost=lost)
    greedy(trials, losses)
    best = trials.best()[0]
    assert best.figures.cycles <= whole // 2
    assert best.score == 1.0


def test_small_formats_are_not_undone_by_larger_ones():
    sites = SITES[:4]
    lost = {(site.name, "bfloat4_b"): 1.0 + index for index, site in enumerate(sites)}
    _, trials, losses = searched(
        Constraints(bfp8_share=0.9, bfp4_share=0.3), sites=sites, lost=lost
    )
    greedy(trials, losses)
    best = trials.best()[0]
    formats = [trials.space.precisions(best.choice)[site.name].weights for site in sites]
    assert formats == ["bfloat4_b", "bfloat4_b", "bfloat8_b", "bfloat8_b"]
    assert best.score == 3.0


def test_evolution_finds_sites_that_feed_on_each_other():
    names = [site.name for site in SITES]

    def together(low):
        return 5.0 * (names[5] in low and names[1] in low)

    _, trials, lost = searched(Constraints(lofi_share=0.5), together)
    greedy(trials, lost)
    known = math.fsum([0.05, 0.2, 0.3, 0.5])  # without the site that 5 does not get on with
    assert trials.best()[0].score > known + 0.1
    evolve(trials, lost, generations=6)
    assert trials.best()[0].score == pytest.approx(known)
    assert trials.best()[0].strategy == "evolve"
    assert len({trial.choice for trial in trials.all}) == len(trials.all)


def test_the_same_seed_proposes_the_same_plans():
    tables = []
    for seed in (0, 0, 1):
        _, trials, lost = searched(Constraints(lofi_share=0.5))
        greedy(trials, lost)
        evolve(trials, lost, generations=2, seed=seed)
        tables.append(trials.table()["plan_digest"].tolist())
    assert tables[0] == tables[1] != tables[2]


def test_evolution_ends_where_nothing_is_new():
    _, trials, lost = searched(Constraints(lofi_share=1.0), sites=SITES[:2])
    greedy(trials, lost)
    before = len(trials.all)
    evolve(trials, lost, generations=50)
    assert len(trials.all) - before <= CHILDREN


def test_what_cannot_be_met():
    _, trials, lost = searched(Constraints(bfp8_share=1.0))
    with pytest.raises(SearchError, match=r"bfp8_share 1 cannot be met: with all moves it is 0.97"):
        greedy(trials, lost)


def test_every_trial_is_kept(tmp_path):
    _, trials, lost = searched(Constraints(lofi_share=0.5))
    path = tmp_path / "searches" / "trials.parquet"
    kept = Trials(StubBench(SITES, LOST), trials.space, path)
    greedy(kept, lost)
    kept.verdicts[kept.best()[0].number] = "equivalent"
    kept.save()
    table = pd.read_parquet(path)
    assert table.equals(kept.table())
    assert table[table.verdict == "equivalent"].meets.tolist() == [True]
    for row in table.itertuples():
        assert Plan.parse(row.plan).digest == row.plan_digest
