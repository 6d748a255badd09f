"""`lightning-v2 notebooks`."""

import argparse
import sys
from pathlib import Path

from lightning_v2.cli import values
from lightning_v2.report import addresses, defaults


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options."""
    parser.description = (
        "Run the notebooks, write executed copies, pages and a report. What has not changed since "
        "it ran well is kept; expensive results are kept on disk in any case."
    )
    parser.add_argument(
        "--plans",
        nargs="+",
        metavar="PLAN",
        default=list(defaults.PLANS),
        help="names in data/plans/ or YAML files, apart by spaces or commas "
        f"(default: {' '.join(defaults.PLANS)})",
    )
    parser.add_argument(
        "-p",
        dest="parameters",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="set a parameter of the notebooks; a list is a,b,c; may be repeated",
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
    parser.add_argument(
        "--jobs",
        type=values.whole(1),
        metavar="N",
        help="notebooks that run at the same time (default: one a core, at most four)",
    )
    parser.add_argument("--fresh", action="store_true", help="run what has not changed as well")
    for name, seconds, what in (
        ("--cell-timeout", defaults.CELL_TIMEOUT_S, "a cell"),
        ("--notebook-timeout", defaults.NOTEBOOK_TIMEOUT_S, "a notebook"),
    ):
        words = f"seconds that {what} may take at most (default: %(default)s)"
        parser.add_argument(
            name, type=values.whole(1), default=seconds, metavar="SECONDS", help=words
        )


def run(args: argparse.Namespace) -> int:
    """0: all ran. 1: something failed."""
    addresses.unchecked()
    from lightning_v2.report.parameters import parse_pairs
    from lightning_v2.report.planning import find_notebooks
    from lightning_v2.report.run import run_notebooks

    report = run_notebooks(
        find_notebooks(args.folder, args.only),
        plans=[plan for given in args.plans for plan in given.split(",") if plan],
        parameters=parse_pairs(args.parameters),
        build=args.build,
        cell_timeout_s=args.cell_timeout,
        notebook_timeout_s=args.notebook_timeout,
        jobs=args.jobs,
        fresh=args.fresh,
    )
    failed = [done.stem for done in report.runs if not done.ok]
    kept = sum(done.kept for done in report.runs)
    names = f" ({', '.join(failed)})" if failed else ""
    counts = f"{len(failed)} failed{names}, {kept} kept from an earlier run"
    print(f"{len(report.runs)} notebooks: {counts}")
    for problem in report.problems:
        print(f"error: {problem}", file=sys.stderr)
    print(f"site: {args.build / 'site' / 'index.html'}")
    return 0 if report.ok else 1
