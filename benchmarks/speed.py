"""How much faster this tree is than an older one, on this machine, side by side.

    git worktree add --detach ../old 957b39c
    python benchmarks/speed.py ../old

A process of each tree waits for orders; a row of the table is run by one, then by the other, and so
on. Old over new in processor time, one thread: the median over the pairs, and the range of half of
them. Compiled loops are warm, but for the rows that say `cold`: those begin with an empty cache.
Prints a table and writes benchmarks/results/speed.json with machine, versions and commits; rows
that were not asked for stay there as they were.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
SHAPE = (512, 768, 768)
FIDELITIES = ("LoFi", "HiFi2", "HiFi3", "HiFi4")
WEIGHTS = ("bfloat8_b", "bfloat16", "bfloat4_b")
ROWS = {
    **{
        f"exact matmul, {fidelity}, {dst}-bit Dst, {weights}": ("product", weights, fidelity, dst)
        for weights in WEIGHTS
        for dst in (32, 16)
        for fidelity in FIDELITIES
    },
    "first exact matmul, cold": ("first",),
}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("old", nargs="?", type=Path, help="work tree of the older commit")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=list(ROWS), metavar="ROW")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks/results/speed.json")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        return obey()
    if args.old is None or not (args.old / "lightning_v2").is_dir():
        parser.error("give the work tree of the older commit")
    from lightning_v2.provenance import provenance
    from lightning_v2.report.records import write_whole

    trees = {"old": args.old.resolve(), "new": ROOT}
    commits = {name: _commit(tree) for name, tree in trees.items()}
    workers = {name: Worker(tree) for name, tree in trees.items()}
    rows = json.loads(args.output.read_text())["rows"] if args.output.exists() else {}
    print(f"{'processor seconds, medians':48}{'old':>9}{'new':>9}{'old/new':>9}")
    for row in args.rows:
        times = {name: [] for name in workers}
        for pair in range(args.pairs + 1):
            for name, worker in workers.items():
                seconds = worker.run(row)
                if pair:  # the first compiles and warms
                    times[name].append(seconds)
        rows[row] = {**_summary(**times), "pairs": args.pairs, "commits": commits}
        old, new, ratio = (rows[row][key] for key in ("old_s", "new_s", "ratio"))
        print(f"{row:48}{old:9.4f}{new:9.4f}{ratio:9.2f}", flush=True)
        record = {"kind": "measured", "threads": 1, "rows": rows, **provenance(ROOT)}
        args.output.parent.mkdir(parents=True, exist_ok=True)
        write_whole(args.output, json.dumps(record, indent=2) + "\n")
    for worker in workers.values():
        worker.end()
    return 0


class Worker:
    """A process that runs rows with the library of a tree."""

    def __init__(self, tree: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--worker"],
            env=environment,
            cwd=tree,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def run(self, row: str) -> float:
        """Processor seconds of a row."""
        print(row, file=self._process.stdin, flush=True)
        return float(self._process.stdout.readline())

    def end(self) -> None:
        self._process.stdin.close()
        self._process.wait()


def obey() -> int:
    """Runs the rows that standard input names and answers their processor seconds."""
    ready: dict[str, Callable[[], float]] = {}
    for line in sys.stdin:
        row = line.rstrip("\n")
        if row not in ready:
            kind, *what = ROWS[row]
            ready[row] = {"product": product, "first": first}[kind](*what)
        print(ready[row](), flush=True)
    return 0


def product(weights: str, fidelity: str, dst: int) -> Callable[[], float]:
    """A product of the size that benchmarks/tensix.py has."""
    import torch

    from lightning_v2 import tensix

    torch.set_num_threads(1)
    m, k, n = SHAPE
    generator = torch.Generator().manual_seed(0)
    a = tensix.from_torch(torch.randn(m, k, generator=generator), "bfloat16")
    b = tensix.from_torch(torch.randn(k, n, generator=generator), weights)
    config = tensix.ComputeKernelConfig(fidelity, False, dst == 32, True)

    def run() -> float:
        with tensix.use(tier="exact", threads=1):
            start = time.process_time()
            tensix.matmul(a, b, compute_kernel_config=config)
            return time.process_time() - start

    return run


FIRST = """
import torch
from lightning_v2 import tensix
a = tensix.from_torch(torch.randn(64, 64), "bfloat16")
tensix.matmul(a, a)
"""


def first() -> Callable[[], float]:
    """A process that multiplies two matrices, with nothing compiled before."""

    def run() -> float:
        with tempfile.TemporaryDirectory() as folder:
            before = os.times()
            subprocess.run(
                [sys.executable, "-c", FIRST],
                check=True,
                env={**os.environ, "NUMBA_CACHE_DIR": folder},
            )
            after = os.times()
        return (
            after.children_user
            + after.children_system
            - (before.children_user + before.children_system)
        )

    return run


def _summary(old: list[float], new: list[float]) -> dict[str, float | list[float]]:
    ratios = np.divide(old, new)
    return {
        "old_s": round(float(np.median(old)), 4),
        "new_s": round(float(np.median(new)), 4),
        "ratio": round(float(np.median(ratios)), 3),
        "half_of_ratios": [round(float(x), 3) for x in np.quantile(ratios, (0.25, 0.75))],
    }


def _commit(tree: Path) -> str:
    command = ["git", "-C", str(tree), "rev-parse", "HEAD"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
