"""How long `lightning-v2 check` takes on this machine, and what it says of a plan in both tiers.

Nothing is taken from earlier results. Prints both reports and writes benchmarks/results/check.json:
the first is timed as a user would wait for it. About half an hour on two cores.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import lightning_v2 as lv2
from lightning_v2.report.records import save_result
from lightning_v2.search.check_command import show
from lightning_v2.tensix import TIERS

ROOT = Path(__file__).parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plan", default="lightning-v2", help="a name in data/plans/ or a file")
    parser.add_argument("--voice", default="slt", help="a name in data/voices/ or a folder")
    parser.add_argument("--recordings", type=Path, help="see `lightning-v2 check --help`")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks/results/check.json")
    args = parser.parse_args()

    found = {}
    for tier in sorted(TIERS, reverse=True):  # fast, exact
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            check = lv2.check(
                args.plan, voice=args.voice, tier=tier, recordings=args.recordings, folder=folder
            )
            seconds = time.perf_counter() - started
        show(check)
        print(f"{tier} tier: {seconds:.0f} s\n", flush=True)
        found[tier] = {"seconds": seconds, **check.to_dict()}
    save_result(args.output, ROOT, lv2.load(args.voice), "emulated", plan=args.plan, tiers=found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
