"""`lightning-v2 search`."""

from __future__ import annotations

import argparse
import math
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from lightning_v2.cli import values
from lightning_v2.cli.arguments import add_output, add_tier, add_voice
from lightning_v2.cli.check import add_cluster_arguments, given_sentences, why_no_answer
from lightning_v2.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lightning_v2.precision import Plan
    from lightning_v2.search.plans.bench import Bench
    from lightning_v2.search.plans.find import Search
    from lightning_v2.search.plans.strategies import UnreachableError

STRATEGIES = ("greedy", "evolve")
"""Those of `search.plans`, without the wait for its import."""

_SHARES = ("lofi_share", "bfp8_share", "bfp4_share")

_SHOWN = (
    "trial",
    "strategy",
    "score",
    "cycles",
    "weight_bytes",
    "lofi_share",
    "bfp8_share",
    "bfp4_share",
    "meets",
    "verdict",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options."""
    parser.description = (
        "Find the plan that loses least under constraints: rank sites by what each loses alone in "
        "low precision, combine them, and let the equivalence test judge the best. Every plan that "
        "was tried is kept; an interrupted search, started again, goes on where it was. With "
        "--bisect: find the first site that breaks a plan. Exit code 0: an equivalent plan was "
        "found, or the site, or, with --judged 0, a candidate that nobody has judged. 1: no "
        "candidate is equivalent. 2: no answer, because it could not run, a control came out "
        "wrong, or the test had too few sentences."
    )
    goals = parser.add_argument_group("constraints, at least one")
    goals.add_argument(
        "--budget",
        type=values.part,
        metavar="SHARE",
        help="modelled cycles of the matrix products: at most this share of the base's, above 0 "
        "and below 1",
    )
    for name, what in (
        ("--lofi-share", "of the sites of the matrix engine in LoFi, such as 0.98"),
        ("--bfp8-share", "of the bytes of constants in bfloat8_b or bfloat4_b"),
        ("--bfp4-share", "of the bytes of constants in bfloat4_b"),
    ):
        words = f"least share {what}, 0 to 1 (default: 0)"
        goals.add_argument(name, type=values.share, default=0.0, metavar="SHARE", help=words)
    parser.add_argument(
        "--base",
        default="bf16",
        metavar="PLAN",
        help="how all other sites run: a name in data/plans/ or a YAML file (default: %(default)s)",
    )
    parser.add_argument(
        "--strategy",
        choices=STRATEGIES,
        default="evolve",
        help="greedy, or evolve, which goes on from there (default: %(default)s)",
    )
    parser.add_argument(
        "--generations",
        type=values.whole(0),
        default=4,
        metavar="N",
        help="of evolve, 8 plans each, 0 or more (default: %(default)s)",
    )
    parser.add_argument(
        "--sites",
        nargs="+",
        metavar="GLOB",
        help="turn sites low in these groups, such as 'decoder.*.up', and leave others as in the "
        "base (default: all, one by one; of a voice with more than 100 products its modules)",
    )
    parser.add_argument(
        "--metric",
        default="loss",
        help="that candidates are ranked by: a name that 'lightning-v2 compare' prints, such as "
        "pesq_wb_mos, loss, which adds up how much is used of what the test allows, or "
        "FILE.py:FUNCTION, a loss of your own of two speeches (default: %(default)s)",
    )
    parser.add_argument(
        "--sentences",
        type=values.sentences(1),
        default=8,
        metavar="N|FILE",
        help="how many held-out ones are measured on the way, 1 or more, or a UTF-8 file with a "
        "sentence a line, or key<TAB>sentence (default: %(default)s)",
    )
    parser.add_argument(
        "--judged-sentences",
        type=values.sentences(2),
        default=100,
        metavar="N|FILE",
        help="how many held-out ones, or which, are in the test, 2 or more, others than those "
        f"measured on the way: {values.HELD_OUT} together at most (default: %(default)s)",
    )
    parser.add_argument(
        "--judged",
        type=values.whole(0),
        default=3,
        metavar="N",
        help="candidates tested, until one passes; 0: none (default: %(default)s)",
    )
    parser.add_argument(
        "--no-controls",
        dest="controls",
        action="store_false",
        help="leave out what must pass and must fail; the verdict is worth less",
    )
    parser.add_argument(
        "--bisect",
        metavar="PLAN",
        help="go from the base to this plan site by site, by --threshold",
    )
    parser.add_argument(
        "--threshold",
        type=values.finite,
        metavar="VALUE",
        help="in units of --metric: a plan breaks where it is worse",
    )
    add_output(parser, "-o", "--output", metavar="FILE.yaml", help="the best plan")
    add_output(parser, "--figure", metavar="FILE.png", help="quality against cost")
    add_voice(parser, seed_of="the noise, and of evolve")
    add_tier(parser)
    parser.add_argument(
        "--folder",
        type=Path,
        help="keep the results of single sentences and the trials here (default: among the user's "
        "caches)",
    )
    add_cluster_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """0: found. 1: no candidate is equivalent. 2: no answer: see stderr."""
    _refuse_what_does_not_go_together(args)  # before imports that take seconds

    from lightning_v2.analysis.display.picture import FIGURE_FILE
    from lightning_v2.files import check_output, user_cache
    from lightning_v2.model.protocol import only_sentences
    from lightning_v2.resources import sentence_lines
    from lightning_v2.search.plans.bench import Bench
    from lightning_v2.search.plans.find import sentences_for_search
    from lightning_v2.search.sweep.settings import Settings
    from lightning_v2.search.sweep.voices import voice as voice_of

    if args.output:
        check_output(args.output, (".yaml", ".yml"), "a plan")
    if args.figure:
        check_output(args.figure, *FIGURE_FILE)
    own, given = only_sentences(voice_of(args.voice)), args.sentences
    on_the_way = sentence_lines(given).values() if isinstance(given, Path) else None
    bench = Bench(
        tuple(on_the_way) if on_the_way else sentences_for_search(given, own),
        args.folder or user_cache() / "sweeps",
        metric=args.metric,
        **Settings.of(args),
    )
    if args.bisect:
        return _bisect(args, bench)
    others = own and own[: -len(bench.sentences)]
    judges = given_sentences(args.judged_sentences, others) if args.judged else None
    return _search(args, bench, judges)


def _refuse_what_does_not_go_together(args: argparse.Namespace) -> None:
    """Raises:
    ArgumentError: an option is missing, or one would have no effect.
    """
    goals = [_option(name) for name in ("budget", *_SHARES) if getattr(args, name)]
    if args.bisect is not None:
        if args.threshold is None:
            raise ArgumentError("--bisect needs a --threshold, in units of --metric")
        others = [_option(name) for name in ("sites", "output", "figure") if getattr(args, name)]
        if others := goals + others:
            raise ArgumentError(f"{others[0]} has no meaning with --bisect")
        return
    if args.threshold is not None:
        raise ArgumentError("--threshold belongs to --bisect")
    if not goals:
        options = ", ".join(_option(name) for name in ("budget", *_SHARES))
        raise ArgumentError(
            f"no constraint: every plan would do; give one or more of {options}, above 0"
        )
    counts = args.sentences, args.judged_sentences
    if args.judged and all(isinstance(n, int) for n in counts) and sum(counts) > values.HELD_OUT:
        raise ArgumentError(
            f"--sentences {args.sentences} and --judged-sentences {args.judged_sentences} are more "
            f"than the {values.HELD_OUT} held-out ones, and none may judge what it helped to find"
        )


def _unreachable_words(error: UnreachableError, args: argparse.Namespace, base: Plan) -> str:
    """The same in terms of the options, rounded to what can be reached."""
    from lightning_v2.search.plans.find import cycles_of

    if error.name == "cycles":
        name, reached = "budget", error.reached / cycles_of(args.voice, base)
        most = f"the least is {math.ceil(reached * 1e4) / 1e4:g}"
    else:
        name, reached = error.name, error.reached
        most = f"the most is {math.floor(reached * 1e4) / 1e4:g}"
    sites = "the sites of --sites" if args.sites else "all sites"
    return (
        f"{_option(name)} {getattr(args, name):g} cannot be reached: over --base {args.base}, with "
        f"{sites} turned low, {most}"
    )


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def found_by(searched: Search) -> str:
    """The best plan as YAML, with comments on how it was found."""
    from dataclasses import replace

    figures, metrics = searched.best.figures, searched.best.metrics
    lines = [
        f"{_title(searched)} `lightning-v2 search`, strategy {searched.strategy}, among "
        f"{len(searched.trials)} plans, as number {searched.best.number}, under "
        f"{searched.constraints}, over the base {searched.base.name}.",
        f"Sites of the matrix engine in LoFi: {figures.lofi_share:.1%}. Bytes of constants in "
        f"bfloat8_b or smaller: {figures.bfp8_share:.1%}, in bfloat4_b: {figures.bfp4_share:.1%}, "
        f"of {figures.weight_bytes / 1e6:.2f} MB. Modelled cycles: {figures.cycles}.",
        f"Means: loss {metrics['loss']:.4g}, PESQ-WB {metrics['pesq_wb_mos']:.3f}, zimtohrli "
        f"{metrics['zimtohrli']:.2g}, LSD {metrics['lsd_db']:.3f} dB; free-running: phones end "
        f"{metrics['boundary_shift_ms']:.2g} ms elsewhere, F0 differs by "
        f"{metrics['f0_shift_cents']:.2g} cents (median).",
        f"{searched.provenance[0].upper()}{searched.provenance[1:]}.",
        f"Equivalence test: {_verdict_words(searched)}",
    ]
    comment = "\n".join(
        textwrap.fill(line, 100, initial_indent="# ", subsequent_indent="#   ") for line in lines
    )
    plan = replace(
        searched.best.plan,
        name=_title(searched).split()[0].lower(),
        description=f"Least loss under {searched.constraints}.",
    )
    return f"{comment}\n{plan.to_yaml()}"


def _title(searched: Search) -> str:
    """What the best plan is called: found is one that was judged equivalent."""
    return "Found by" if searched.verdict == "equivalent" else "Candidate of"


def _verdict_words(searched: Search) -> str:
    if searched.check is None:
        return "not asked, so that nobody knows whether this plan is equivalent."
    failed = "; ".join(
        f"{j.endpoint.label} {j.bound:.4g}, limit {j.endpoint.relation} {j.endpoint.limit:g}"
        for j in searched.check.verdict.failed
    )
    # Each candidate is another chance to pass by luck: a reader has to know how many there were.
    asked = int((searched.trials["verdict"] != "").sum())
    words = (
        f"{searched.verdict} on {len(searched.check.sentences)} other sentences, "
        f"candidates judged: {asked}"
    )
    return f"{words}; fails: {failed}." if failed else f"{words}."


def _search(args: argparse.Namespace, bench: Bench, judges: Mapping[str, str] | None) -> int:
    from lightning_v2.files import write_output
    from lightning_v2.precision import Plan
    from lightning_v2.search.plans.constraints import Constraints
    from lightning_v2.search.plans.find import search, usual_globs, within
    from lightning_v2.search.plans.pareto import front
    from lightning_v2.search.plans.strategies import UnreachableError

    base = Plan.load(args.base)
    constraints = Constraints(
        args.lofi_share,
        args.bfp8_share,
        args.bfp4_share,
        None if args.budget is None else within(args.budget, args.voice, base),
    )
    try:
        searched = search(
            bench,
            constraints,
            base,
            strategy=args.strategy,
            globs=args.sites or usual_globs(args.voice),
            generations=args.generations,
            judges=judges,
            judged=args.judged,
            controls=args.controls,
        )
    except UnreachableError as error:
        raise ArgumentError(_unreachable_words(error, args, base)) from error
    best = front(searched.trials)
    print(
        f"{searched.provenance}\n\nlosses of groups of sites alone, over {base.name}, worst first:"
    )
    losses = searched.losses.sort_values("lost", ascending=False)
    print(losses[["group", "move", "lost"]].head(10).to_string(index=False))
    print(f"\nof {len(searched.trials)} plans those that no other beats in score and in cycles:")
    print(best[list(_SHOWN)].to_string(index=False, float_format="{:.4g}".format))
    print(f"\nbest under {constraints}: trial {searched.best.number}")
    print(f"equivalence test: {_verdict_words(searched)}")
    print(f"all trials: {searched.path}")
    if args.figure:
        _draw(searched, best, args.figure)
    if args.output:
        write_output(args.output, found_by(searched))
        print(f"written to {args.output}")
    if searched.check is not None and searched.check.equivalent is None:
        print(f"error: {why_no_answer(searched.check)}", file=sys.stderr)
        return 2
    return 1 if searched.verdict == "not equivalent" else 0


def _draw(searched: Search, best, path: str) -> None:
    from lightning_v2.analysis.display.picture import Note
    from lightning_v2.chapters.find_a_plan.pareto_figures import pareto
    from lightning_v2.search.plans.own_loss import column_of

    metric = column_of(searched.bench.metric)
    drawn = pareto(searched.trials, best, metric, "cycles", searched.provenance)
    if isinstance(drawn, Note):
        print(drawn.text)
        return
    drawn.save(path)
    print(f"written to {path}")


def _bisect(args: argparse.Namespace, bench: Bench) -> int:
    from lightning_v2.precision import Plan
    from lightning_v2.search.plans.bisect import first_break
    from lightning_v2.search.plans.own_loss import column_of

    good, bad = Plan.load(args.base), Plan.load(args.bisect)
    metric = column_of(bench.metric)
    with bench.open() as opened:
        found = first_break(opened, good, bad, args.threshold)
    print(found.steps.sort_values("low_sites").to_string(index=False))
    print(
        f"\nfrom {good.name} to {bad.name}, in the order of execution, {found.site} is the first "
        f"that breaks: {metric} {found.before:.4g} before, {found.after:.4g} with it\n"
        f"emulated, {bench.tier} tier, {len(bench.sentences)} sentences, voice {bench.voice}"
    )
    return 0
