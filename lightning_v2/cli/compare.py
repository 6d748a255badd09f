"""`lightning-v2 compare`."""

from __future__ import annotations

import argparse
import math
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from lightning_v2.cli import values
from lightning_v2.cli.arguments import add_tier, add_voice, announce_compilation, given_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lightning_v2.analysis.comparison import Comparison

SHOWN_FIGURES = ("site", "op", "pcc", "sqnr_db", "max_abs", "gain")
"""Ends of the columns of layer errors that fit a terminal."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options."""
    parser.description = (
        "Say a text with the reference and under a plan, and print what the plan changes: metrics "
        "of the sound with their units and limits, and the sites that lose most. One sentence is a "
        "look and no verdict: that is what 'lightning-v2 check' gives."
    )
    parser.add_argument("text", help="English text, or - to read it from standard input")
    parser.add_argument("--plan", required=True, help="a name in data/plans/ or a YAML file")
    parser.add_argument(
        "--reference",
        default="fp32",
        metavar="PLAN",
        help="fp32 (PyTorch, not emulated), or another plan (default: %(default)s)",
    )
    parser.add_argument(
        "--free-running",
        action="store_true",
        help="let the plan predict its own durations and F0 instead of the reference's",
    )
    parser.add_argument(
        "--judges",
        action="store_true",
        help="let a recogniser and DNSMOS hear both as well, for words and naturalness",
    )
    parser.add_argument(
        "--layers",
        type=values.whole(1),
        default=10,
        metavar="N",
        help="how many of the worst sites are shown, 1 or more (default: %(default)s)",
    )
    parser.add_argument(
        "-o",
        "--output",
        dest="folder",
        type=Path,
        metavar="FOLDER",
        help="write a page to hear and see it offline, the sounds, and all figures as JSON here",
    )
    add_voice(parser)
    add_tier(parser)


def run(args: argparse.Namespace) -> int:
    """0: printed."""
    from lightning_v2.analysis.compare import compare
    from lightning_v2.analysis.display.findings import Findings
    from lightning_v2.analysis.sites.site_values import FLUSHED_WORDS
    from lightning_v2.voices import load

    if args.folder:
        from lightning_v2.report.pages.comparison_folder import check_folder

        check_folder(args.folder)
    announce_compilation(args.tier)
    voice = load(args.voice)
    comparison = compare(
        voice,
        given_text(args.text),
        args.plan,
        reference=args.reference,
        teacher_forced=not args.free_running,
        tier=args.tier,
        seed=args.seed,
        judges=args.judges,
    )
    print(f"{comparison.provenance}\n")
    print("\n".join(_measures(comparison)))
    print(f"\n{Findings(comparison).verdict} For a verdict: lightning-v2 check {args.plan}")
    print(f"\n{comparison.values_words}")
    worst = comparison.layers.sort_values("accumulated_sqnr_db").head(args.layers)
    worst = worst[[name for name in worst if name.endswith(SHOWN_FIGURES)]]
    print(f"\n{len(worst)} sites with the largest accumulated error ({args.tier} tier, emulated):")
    print(worst.to_string(index=False, na_rep="-"))
    flushed = comparison.flushed(args.layers)
    if len(flushed):
        print(f"\nsites that flush most. {FLUSHED_WORDS}")
        print(flushed.to_string(index=False, na_rep="-"))
    if args.folder:
        _write(args, voice, comparison)
    return 0


def _measures(comparison: Comparison) -> Iterator[str]:
    """A line a measure that has a value: name, value, unit, limit, whether it is kept. Then what
    has none, by the reason for that."""
    from lightning_v2.analysis.display.tables import number
    from lightning_v2.analysis.metrics.metric import metrics_of
    from lightning_v2.analysis.metrics.unmeasured import ON_REQUEST

    words = {True: "kept", False: "broken", None: ""}
    yield f"{'measure':29}{'value':>9}  {'unit':20}{'limit':10}"
    for metric in metrics_of(comparison.run):
        value = comparison.metrics[metric.name]
        if not math.isnan(value):
            shown = f"{metric.name:29}{number(value, metric.bound):>9}  {metric.unit:20}"
            yield f"{shown}{metric.bound_words:10}{words[metric.holds(value)]}".rstrip()
    by_reason: dict[str, list[str]] = {}
    for name, why in comparison.unmeasured.items():
        by_reason.setdefault(why.replace(ON_REQUEST, "measured only with --judges"), []).append(
            name
        )
    for why, names in by_reason.items():
        yield f"\nnot measured, {why}:"
        yield textwrap.fill(", ".join(names), 100, initial_indent="    ", subsequent_indent="    ")


def _write(args: argparse.Namespace, voice, comparison: Comparison) -> None:
    from lightning_v2.provenance import provenance
    from lightning_v2.report.pages.comparison_folder import FILES, write_folder
    from lightning_v2.report.planning import told

    origin = {"voice": voice.name, "voice_digest": voice.digest, "seed": args.seed}
    origin |= {"voices": told({"voice": args.voice}), **provenance(Path(__file__).parent)}
    write_folder(args.folder, comparison, origin)
    print(f"\nwritten to {args.folder}: {', '.join(FILES)}")
