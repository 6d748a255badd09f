"""`lightning-v2 notebooks`."""

import argparse
import sys
from pathlib import Path

from . import defaults


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options."""
    parser.description = "Run the notebooks, write executed copies, pages and a report."
    parser.add_argument(
        "--plans",
        nargs="+",
        metavar="PLAN",
        default=list(defaults.PLANS),
        help="names or files (default: %(default)s)",
    )
    parser.add_argument(
        "-p",
        dest="parameters",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="set a parameter of the notebooks; may be repeated",
    )
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="NOTEBOOK",
        help="run only notebooks whose name contains one of these words",
    )
    parser.add_argument("--folder", type=Path, help="folder of the notebooks (default: notebooks/)")
    parser.add_argument(
        "--build",
        type=Path,
        default=Path("build"),
        help="where notebooks/, site/ and report.json are written (default: %(default)s)",
    )
    for name, seconds in (
        ("--cell-timeout", defaults.CELL_TIMEOUT_S),
        ("--notebook-timeout", defaults.NOTEBOOK_TIMEOUT_S),
    ):
        parser.add_argument(name, type=int, default=seconds, metavar="SECONDS")


def run(args: argparse.Namespace) -> int:
    """0: all ran. 1: something failed. 2: nothing was run, the reason is on stderr."""
    from lightning_v2.precision import PlanError

    from .parameters import ParameterError, parse_pairs
    from .run import find_notebooks, run_notebooks

    try:
        report = run_notebooks(
            find_notebooks(args.folder, args.only),
            plans=args.plans,
            parameters=parse_pairs(args.parameters),
            build=args.build,
            cell_timeout_s=args.cell_timeout,
            notebook_timeout_s=args.notebook_timeout,
        )
    except (ParameterError, PlanError, FileNotFoundError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for done in report.runs:
        name = Path(done.executed).stem
        print(f"{'ok    ' if done.ok else 'FAILED'}  {done.seconds:6.1f} s  {name}")
        if done.error:
            print(f"        {done.error}")
    print(f"site: {args.build / 'site' / 'index.html'}")
    return 0 if report.ok else 1
