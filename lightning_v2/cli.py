"""The command `lightning-v2`."""

import argparse
import sys
from pathlib import Path

from .arguments import add_tier, add_voice
from .deployment import command as deploy_command
from .report import command as notebooks_command
from .search import check_command, search_command
from .training import command as train_command

INPUT_ERRORS = (OSError, ValueError)
"""What bad input raises: checkpoint, plan and text errors are all ValueErrors."""

SHOWN_FIGURES = ("site", "op", "pcc", "sqnr_db", "max_abs", "gain")
"""Ends of the columns of layer errors that fit a terminal."""


def main(arguments: list[str] | None = None) -> int:
    """Run a verb; 0: done, 1: failed or differs, 2: bad input (the reason is on stderr)."""
    args = _parser().parse_args(arguments)
    try:
        return args.run(args)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lightning-v2",
        description="How little precision can a text-to-speech model run on before anyone can "
        "hear it? Emulates Tenstorrent's arithmetic on a CPU.",
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    say = verbs.add_parser("say", help="speak a text into a WAV file")
    say.add_argument("text", help="English text, or - to read it from standard input")
    say.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.wav")
    say.add_argument("--plan", help="precision plan: a name in data/plans/ or a YAML file")
    _add_common(say)
    say.set_defaults(run=_say)

    compare = verbs.add_parser("compare", help="print what a plan changes, by metric and by layer")
    compare.add_argument("text", help="English text, or - to read it from standard input")
    compare.add_argument("--plan", required=True, help="a name in data/plans/ or a YAML file")
    compare.add_argument("--reference", default="fp32", help="fp32 (PyTorch), or another plan")
    compare.add_argument(
        "--free-running",
        action="store_true",
        help="let the plan predict its own durations and F0 instead of the reference's",
    )
    compare.add_argument("--layers", type=int, default=10, metavar="N", help="worst sites shown")
    _add_common(compare)
    compare.set_defaults(run=_compare)

    check = verbs.add_parser("check", help="test whether a plan is equivalent to float32")
    check_command.add_arguments(check)
    check.set_defaults(run=check_command.run)

    search = verbs.add_parser("search", help="find a plan that meets constraints and loses least")
    search_command.add_arguments(search)
    search.set_defaults(run=search_command.run)

    notebooks = verbs.add_parser("notebooks", help="execute the notebooks and write the site")
    notebooks_command.add_arguments(notebooks)
    notebooks.set_defaults(run=notebooks_command.run)

    train = verbs.add_parser("train", help="train a voice: corpus, training, evaluation")
    train_command.add_arguments(train)
    train.set_defaults(run=train_command.run)

    deploy = verbs.add_parser("deploy", help="run a voice with ttnn, on a device or a mock of one")
    deploy_command.add_arguments(deploy)
    deploy.set_defaults(run=deploy_command.run)

    doctor = verbs.add_parser("doctor", help="say what this machine can do, and what is missing")
    doctor.add_argument("--json", action="store_true", help="print the same as JSON")
    doctor.set_defaults(run=_doctor)
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    add_voice(parser)
    add_tier(parser)


def _text(args: argparse.Namespace) -> str:
    return sys.stdin.read() if args.text == "-" else args.text


def _announce(tier: str) -> None:
    """Say why the very first run in the exact tier takes its time."""
    if tier == "exact":
        from .tensix.compiled import is_cold

        if is_cold():
            print("compiling the exact tier, once: about half a minute", file=sys.stderr)


def _say(args: argparse.Namespace) -> int:
    import contextlib

    from . import Plan, emulate, load

    try:
        plan = Plan.load(args.plan) if args.plan else None
        voice = load(args.voice)
        emulation = emulate(voice, plan, tier=args.tier) if plan else contextlib.nullcontext()
        if plan:
            _announce(args.tier)
        with emulation:
            speech = voice.synthesize(_text(args), seed=args.seed)
        speech.save(args.output)
    except INPUT_ERRORS as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    how = f"plan {speech.plan}, {speech.tier} tier (emulated)" if speech.plan else "PyTorch float32"
    print(f"{args.output}: {speech.duration_s:.2f} s, {how}")
    return 0


def _compare(args: argparse.Namespace) -> int:
    from . import compare, load

    try:
        _announce(args.tier)
        comparison = compare(
            load(args.voice),
            _text(args),
            args.plan,
            reference=args.reference,
            teacher_forced=not args.free_running,
            tier=args.tier,
            seed=args.seed,
        )
    except INPUT_ERRORS as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for name, value in comparison.metrics.items():
        print(f"{name:28} {value:10.4g}")
    worst = comparison.layers.sort_values("accumulated_sqnr_db").head(args.layers)
    worst = worst[[name for name in worst if name.endswith(SHOWN_FIGURES)]]
    print(f"\n{len(worst)} sites with the largest accumulated error ({args.tier} tier, emulated):")
    print(worst.to_string(index=False))
    return 0


def _doctor(args: argparse.Namespace) -> int:
    from .deployment import doctor

    return doctor.run(args.json)


if __name__ == "__main__":
    sys.exit(main())
