"""`lightning-v2 check`."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from lightning_v2.cli import values
from lightning_v2.cli.arguments import JSON_FILE, add_output, add_tier, add_voice

if TYPE_CHECKING:
    from lightning_v2.analysis.verdict.control_verdict import ControlVerdict
    from lightning_v2.search.check import Check


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options."""
    parser.description = (
        "Test whether a plan is equivalent to PyTorch float32: every one-sided 95 % bound keeps "
        "its limit. Beside it the controls that must pass and must fail. An interrupted check goes "
        "on where it was. Exit code 0: equivalent. 1: not equivalent. 2: no answer, because it "
        "could not run, a control came out wrong, or there were too few sentences to resolve an "
        "endpoint. docs/equivalence.md is the definition."
    )
    parser.add_argument("plan", help="a name in data/plans/ or a YAML file")
    parser.add_argument(
        "--sentences",
        type=values.sentences(2),
        default=100,
        metavar="N|FILE",
        help=f"how many held-out ones, 2 to {values.HELD_OUT}, which are English, or a UTF-8 file "
        "with a sentence a line, or key<TAB>sentence (default: %(default)s); with fewer than 59 a "
        "plan can only fail",
    )
    add_voice(parser)
    parser.add_argument(
        "--reference",
        metavar="VOICE",
        help="whose float32 is the reference, such as the voice that another one was adapted from "
        "(default: the voice itself)",
    )
    add_tier(parser)
    parser.add_argument(
        "--no-controls",
        dest="controls",
        action="store_false",
        help="leave out what must pass and must fail; the verdict is worth less",
    )
    parser.add_argument(
        "--whole",
        action="store_true",
        help="measure all sentences even of a plan that the first 10 or 20 of them refuse",
    )
    parser.add_argument(
        "--recordings",
        type=Path,
        metavar="FOLDER",
        help="WAV files of the held-out sentences, KEY.wav, mono at 24 kHz, to judge the endpoints "
        "against recordings as well; 'python -m lightning_v2.training.heldout FOLDER' lets hibari "
        "say them",
    )
    add_output(parser, "-o", "--output", metavar="FILE.json", help="all of it as JSON")
    parser.add_argument(
        "--folder",
        type=Path,
        help="keep the results of single sentences here (default: among the user's caches)",
    )
    add_cluster_arguments(parser)


def add_cluster_arguments(parser: argparse.ArgumentParser) -> None:
    """Define where units run."""
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "--scheduler",
        type=values.address,
        metavar="tcp://HOST:PORT",
        help="of Dask, with workers that have this library (default: processes of this machine)",
    )
    either.add_argument(
        "--workers",
        type=values.whole(1),
        metavar="N",
        help="processes of this machine, 1 or more (default: one a core)",
    )


def run(args: argparse.Namespace) -> int:
    """0: equivalent. 1: not equivalent. 2: no answer: see stderr."""
    from lightning_v2.files import check_output, write_output
    from lightning_v2.model.protocol import only_sentences
    from lightning_v2.provenance import provenance
    from lightning_v2.search.check import check
    from lightning_v2.search.sweep.settings import Settings
    from lightning_v2.search.sweep.voices import voice as voice_of

    start = perf_counter()
    if args.output:
        check_output(args.output, *JSON_FILE)
    found = check(
        args.plan,
        given_sentences(args.sentences, only_sentences(voice_of(args.voice))),
        reference=args.reference,
        controls=args.controls,
        early=not args.whole,
        recordings=args.recordings,
        folder=args.folder,
        **Settings.of(args),
    )
    show(found)
    if args.output:
        origin = provenance(Path(__file__).parent)
        record = {**found.to_dict(), "seconds": perf_counter() - start, **origin}
        write_output(args.output, json.dumps(record, indent=2, allow_nan=False) + "\n")
        print(f"written to {args.output}")
    if found.equivalent is None:
        print(f"error: {why_no_answer(found)}", file=sys.stderr)
        return 2
    return 0 if found.equivalent else 1


def given_sentences(given: int | Path, own: Sequence[str] | None) -> dict[str, str]:
    """Identifier -> text of the first held-out sentences, or of a file.

    Args:
        given: how many, or the file.
        own: the sentences of a voice that speaks no others, in place of the held-out ones.

    Raises:
        ArgumentError: there are too few, or the file is not laid out as it should be.
    """
    from lightning_v2.resources import sentence_lines
    from lightning_v2.search.check import held_out

    return sentence_lines(given) if isinstance(given, Path) else held_out(given, own)


def why_no_answer(found: Check) -> str:
    """Why a check says neither yes nor no."""
    if found.wrong_controls:
        return f"no verdict, controls came out wrong: {', '.join(found.wrong_controls)}"
    count = len(found.sentences)
    return f"not resolved: {count} sentences are too few to say, and nothing fails plainly"


def show(found: Check) -> None:
    """Print all that a check says."""
    from lightning_v2.analysis.metrics.endpoints import limit_of

    print(
        f"plan {found.plan.name} on voice {found.voice} ({found.voice_digest[:12]}), emulated, "
        f"{found.tier} tier, against PyTorch float32"
        f"{f' of voice {found.reference.name}' if found.reference else ''}\n"
        f"{len(found.sentences)} held-out sentences, one-sided 95 % bounds, BCa bootstrap with "
        f"{found.resamples} resamples, seed {found.seed}, code {', '.join(found.code)}\n"
    )
    print(_formatted(found.verdict.table()).to_string(index=False))
    if found.controls:
        print(f"\n{_controls_text(found.controls)}")
    print("\nfree-running against float32, means of what has no limit:")
    further = {
        name: value
        for name, value in found.free_running.items()
        if limit_of(name, "free-running") is None
    }
    print(_wrapped(", ".join(f"{name} {value:.4g}" for name, value in further.items())))
    failed = ", ".join(j.endpoint.label for j in found.verdict.failed)
    print(f"\n{found.plan.name}: {found.answer.upper()}" + (f"; fails {failed}" if failed else ""))
    for note in found.notes:
        print(f"note: {note}")


def _controls_text(controls: Sequence[ControlVerdict]) -> str:
    """Three columns, and under each control what it is and which endpoints it fails."""
    from lightning_v2.analysis.verdict.control_verdict import control_table

    rows = control_table(controls).to_dict("records")
    width = max(len(row["control"]) for row in rows)
    head = f"{'control':{width}}  must  does          right"
    told = (
        f"{row['control']:{width}}  {row['must']}  {row['does']:12}  {row['right']}\n"
        f"{_wrapped(row['what'], indent=4)}\n{_wrapped('fails: ' + row['fails'], indent=4)}"
        for row in rows
    )
    return "\n".join([head, *told])


def _wrapped(text: str, indent: int = 0) -> str:
    margin = " " * indent
    return textwrap.fill(text, 100, initial_indent=margin, subsequent_indent=margin)


def _formatted(table):
    """Figures with four significant digits, and nothing where there is none."""
    shown = table.copy()
    for name in ("estimate", "bound"):
        shown[name] = ["" if value != value else f"{value:.4g}" for value in table[name]]
    return shown
