"""`lightning-v2 adapt`."""

from __future__ import annotations

import argparse
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lightning_v2.cli import values
from lightning_v2.cli.arguments import VOICE_HELP, add_seed, add_tier
from lightning_v2.cli.check import given_sentences

if TYPE_CHECKING:
    from lightning_v2.adaptation.adapt import Adapted
    from lightning_v2.search.check_record import Check


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options."""
    parser.description = (
        "Fine-tune the weights of a voice for a plan, without recordings: the teacher is the voice "
        "in float32. Then say, endpoint by endpoint of `check`, what the plan did to it before and "
        "does now, held against the float32 of the voice as it was. An interrupted run goes on "
        "where it was. Exit code 0: a voice was written."
    )
    parser.add_argument("voice", help=VOICE_HELP)
    parser.add_argument(
        "--plan",
        dest="plans",
        action="append",
        required=True,
        metavar="PLAN",
        help="a name in data/plans/ or a YAML file; of several the voice learns all in turn: with "
        "--plan fp32 among them its float32 stays what it was",
    )
    parser.add_argument(
        "-o",
        "--output",
        dest="result",
        type=Path,
        metavar="FOLDER",
        help="the new voice, which every verb takes as --voice, and the state of the training "
        "(default: VOICE-PLAN)",
    )
    parser.add_argument(
        "--steps",
        type=values.whole(1),
        default=1400,
        metavar="N",
        help="of the optimiser, at most: it stops where nothing is gained any more (default: "
        "%(default)s)",
    )
    parser.add_argument(
        "--rate",
        type=values.positive,
        default=1.5e-4,
        help="how far a weight may go in a step, over the root mean square of its tensor (default: "
        "%(default)s)",
    )
    parser.add_argument(
        "--texts",
        type=Path,
        metavar="FILE",
        help="UTF-8, a sentence a line, or key<TAB>sentence (default: data/sentences/training.tsv)",
    )
    parser.add_argument(
        "--device",
        type=values.device,
        default="cpu",
        help="cpu, cuda or cuda:N (default: %(default)s)",
    )
    parser.add_argument(
        "--held-out",
        type=values.whole(0, values.HELD_OUT),
        default=20,
        metavar="N",
        help="sentences for the report, 2 or more; 0: none (default: %(default)s)",
    )
    add_tier(parser)
    add_seed(parser, "the order of the texts and the noise")


def run(args: argparse.Namespace) -> int:
    """0: a voice was written."""
    from lightning_v2.adaptation.adapt import adapt
    from lightning_v2.adaptation.trainer import Schedule
    from lightning_v2.model.protocol import only_sentences
    from lightning_v2.precision import Plan
    from lightning_v2.search.check import check
    from lightning_v2.voices import load

    # What is told of is the weights that are given and those that come out, none kept beside them.
    plans = [replace(Plan.load(plan), adapted="") for plan in args.plans]
    name = "-".join([Path(args.voice).stem, *(plan.name for plan in plans)])
    folder = args.result or Path(re.sub(r"[^\w-]+", "-", name))
    schedule = Schedule(steps=args.steps, rate=args.rate, seed=args.seed)
    own = only_sentences(load(args.voice))
    sentences = given_sentences(args.held_out, own) if args.held_out else {}
    given = {"schedule": schedule, "texts": args.texts, "device": args.device}
    found = adapt(args.voice, plans, folder, **given)
    print(_words(found))
    for plan in plans if sentences else []:
        before, after = (
            check(
                plan,
                sentences,
                voice=name,
                reference=args.voice,
                tier=args.tier,
                seed=args.seed,
                controls=False,
                early=False,
            )
            for name in (args.voice, str(folder))
        )
        _show(before, after, args.voice)
    return 0


def _words(found: Adapted) -> str:
    done = found.progress
    if not found.has_gained:
        return (
            f"{found.folder}: {done.step} steps have gained nothing, the weights are as they were "
            f"(held-out loss {done.before:.4f})"
        )
    return (
        f"{found.folder}: {found.values} weights have learned in {done.step} steps, best after "
        f"{done.best_step}; held-out loss {done.before:.4f} before, {done.best:.4f} now"
    )


def _show(before: Check, after: Check, voice: str) -> None:
    """Both verdicts side by side."""
    import pandas as pd

    columns = {"endpoint": [], "run": [], "limit": [], "before": [], "now": [], "verdict now": []}
    for old, new in zip(before.verdict.judgements, after.verdict.judgements, strict=True):
        if not new.sentences:
            continue
        endpoint = new.endpoint
        row = (
            endpoint.label,
            endpoint.run,
            f"{endpoint.relation} {endpoint.limit:g} {endpoint.unit}".strip(),
            f"{old.estimate:.4g}",
            f"{new.estimate:.4g}",
            new.state,
        )
        for column, value in zip(columns.values(), row, strict=True):
            column.append(value)
    print(
        f"\nplan {after.plan.name} against PyTorch float32 of voice {voice} as it was, emulated, "
        f"{after.tier} tier; means of {len(after.sentences)} held-out sentences:"
    )
    print(pd.DataFrame(columns).to_string(index=False))
    print(f"\nbefore: {before.answer}; now: {after.answer}")
