"""Odd texts, damaged plans and damaged checkpoints: only errors of this library may come out.

python -m tests.fuzz --texts 100000 --plans 10000 --checkpoints 1000 --seed 0
"""

import argparse
import multiprocessing
import os
import sys
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor, as_completed

from tqdm import tqdm

from tests.fuzz.cases import KINDS, Outcome, run

_AT_ONCE = {"texts": 200, "plans": 100, "checkpoints": 10}


def main() -> int:
    """0: only errors of this library. 1: others, which are printed with what repeats them."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    for kind in KINDS:
        parser.add_argument(f"--{kind}", type=int, default=0, metavar="N", help="how many to try")
    parser.add_argument("--seed", type=int, default=0, help="of all cases (default: %(default)s)")
    parser.add_argument(
        "--first", type=int, default=0, metavar="N", help="number of the first case"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes (one a core)")
    args = parser.parse_args()
    work = [
        (kind, range(start, min(start + _AT_ONCE[kind], args.first + getattr(args, kind))))
        for kind in KINDS
        for start in range(args.first, args.first + getattr(args, kind), _AT_ONCE[kind])
    ]
    counts: dict[str, Counter] = defaultdict(Counter)
    failed = Counter()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(args.jobs, context) as pool, tqdm(unit="case") as bar:
        bar.total = sum(len(numbers) for _, numbers in work)
        futures = {pool.submit(run, kind, args.seed, numbers): numbers for kind, numbers in work}
        for future in as_completed(futures):
            outcome: Outcome = future.result()
            counts[outcome.kind] += outcome.counts
            failed[outcome.kind] += len(outcome.failures)
            for failure in outcome.failures:
                bar.write(failure)
            sys.stdout.flush()
            bar.update(len(futures[future]))
    for kind, found in counts.items():
        tried = found.total() + failed[kind]
        print(f"{kind:12} {tried:8} tried {failed[kind]:6} not of this library", end="  ")
        print(", ".join(f"{name} {count}" for name, count in found.most_common()))
    return 1 if failed.total() else 0


if __name__ == "__main__":
    sys.exit(main())
