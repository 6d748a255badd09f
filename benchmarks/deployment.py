"""What the voice asks of a device, by board and plan, from rehearsals on mock devices.

Programs, L1 and transfers are counted in graphs that ttnn captured (measured); DRAM traffic is
modelled, and times are of this machine. Prints a table and writes
benchmarks/results/deployment.json, or deployment-VOICE.json for another voice than ours, with
machine, versions and commit.
"""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

import lightning_v2 as lv2
from lightning_v2.deployment import rehearse
from lightning_v2.deployment.lowering.buckets import Buckets
from lightning_v2.deployment.observed.readable import readable
from lightning_v2.report.records import save_result

ROOT = Path(__file__).parent.parent
OURS = "lark"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voice", default=OURS, help="a name of `lightning-v2 voices`, or a path")
    parser.add_argument("--boards", nargs="*", default=["n150", "p150"])
    parser.add_argument("--plans", nargs="*", default=["lightning-v2", "bf16"])
    parser.add_argument("--output", type=Path, help="default: in benchmarks/results/")
    args = parser.parse_args()

    figures: dict[str, dict] = {}
    pairs = [(board, plan) for board in args.boards for plan in args.plans]
    for board, plan in tqdm(pairs, unit="deployment", disable=None):
        found = rehearse(plan, board, args.voice)
        print(f"\n{board}, {plan}\n{readable(found.report).to_string(index=False)}")
        stages = [asdict(stage) for stage in found.report.stages]
        for stage in stages:
            stage["distinct_programs"] = len(stage.pop("program_keys"))
            del stage["by_operation"]
        figures.setdefault(board, {})[plan] = {
            "grid": found.grid,
            "seconds": round(found.seconds, 1),
            "totals": found.report.totals(),
            "provenance": found.report.provenance(),
            "stages": stages,
        }
    buckets = asdict(Buckets())
    voice = lv2.load(args.voice)
    name = "deployment" if args.voice == OURS else f"deployment-{voice.name.replace(':', '-')}"
    output = args.output or ROOT / "benchmarks/results" / f"{name}.json"
    save_result(output, ROOT, voice, "measured", buckets=buckets, boards=figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
