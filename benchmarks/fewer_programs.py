"""What fewer programs buy: latency and streams of a sentence of 256 frames, *modelled*.

Run in the tree of before with --as before, in that of now with --as after: each puts its figures
into benchmarks/results/fewer_programs.json, beside those of the other one.

    PYTHONPATH=OLD_TREE python benchmarks/fewer_programs.py --as before --plan PLAN.yaml
"""

import argparse
import json
import sys
from pathlib import Path

from tqdm import tqdm

import lightning_v2 as lv2
from lightning_v2.economics.sentence import costs
from lightning_v2.provenance import provenance
from lightning_v2.report.records import write_whole

ROOT = Path(__file__).parent.parent
FRAMES = 256
BOUNDS_S = (0.05, 0.25)
TIMES = "before", "after"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--as", dest="time", required=True, choices=TIMES)
    parser.add_argument("--plan", type=lv2.Plan.load, default="lightning-v2")
    parser.add_argument("--boards", nargs="*", default=["n150", "p150"])
    parser.add_argument("--batches", nargs="*", type=int, default=[1, 8])
    parser.add_argument(
        "--output", type=Path, default=ROOT / "benchmarks/results/fewer_programs.json"
    )
    args = parser.parse_args()
    rows = []
    pairs = [(board, batch) for board in args.boards for batch in args.batches]
    for board, batch in tqdm(pairs, unit="deployment", disable=None):
        cost = costs(args.plan, board, frames=FRAMES, batch=batch)
        rows.append(
            {
                "board": board,
                "batch": batch,
                "programs": cost.programs,
                "latency_s": cost.latency_s,
                "speech_s_per_s": cost.speech_s_per_s,
                "streams": [cost.streams(bound) for bound in BOUNDS_S],
            }
        )
        print(rows[-1])
    known = json.loads(args.output.read_text()) if args.output.exists() else {}
    known |= {"kind": "modelled", "frames": FRAMES, "streams_within_s": BOUNDS_S}
    # The library may lie in another tree than this script.
    tree = Path(lv2.__file__).parent.parent
    known[args.time] = {
        "plan": {"name": args.plan.name, "digest": args.plan.digest},
        "rows": rows,
        **provenance(tree),
    }
    write_whole(args.output, json.dumps(known, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
