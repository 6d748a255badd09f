"""What sentences take and cost, board by board, plan by plan, batch by batch: *modelled*.

Programs are those that ttnn plans on mock devices; their times, GPUs and money are models. Writes
benchmarks/results/cost.json.
"""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

import lightning_v2 as lv2
from lightning_v2.deployment import rehearse
from lightning_v2.economics.gpu import GPUS, gpu_cost
from lightning_v2.economics.money.answer import Question, hangs_on
from lightning_v2.economics.money.fleet import purchase
from lightning_v2.economics.money.paper import SOURCE, Claim
from lightning_v2.economics.money.prices import prices
from lightning_v2.economics.sentence import PLANNED_ON, Cost, buckets_of, costs
from lightning_v2.report.records import save_result

ROOT = Path(__file__).parent.parent
FRAMES = 256
MORE_ROWS, MORE_BATCH = 2048, 16
"""Twice the frames at once that a batch has by default."""

BOUNDS_S = (0.05, 0.1, 0.25, 0.5)
OURS, OTHER = "lightning-v2", "bf16"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--voice", default="lark", help="a name of `lightning-v2 voices`, or a path"
    )
    parser.add_argument("--boards", nargs="*", default=["n150", "n300", "p100", "p150"])
    parser.add_argument("--batches", nargs="*", type=int, default=[1, 8, 64])
    parser.add_argument("--streams", type=int, default=10_000, help="to buy cards for")
    parser.add_argument("--latency", type=float, default=0.25, help="bound in seconds")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks/results/cost.json")
    args = parser.parse_args()

    kept = lv2.cached(rehearse)
    made: dict[str, dict[str, list[Cost]]] = {}
    wanted = [(b, p, n) for b in args.boards for p in (OURS, OTHER) for n in args.batches]
    for board, plan, batch in tqdm(wanted, unit="deployment", disable=None):
        planned = PLANNED_ON.get(board, board)
        rehearsal = kept(plan, planned, args.voice, buckets_of(FRAMES, batch))
        cost = costs(plan, board, args.voice, frames=FRAMES, batch=batch, rehearsal=rehearsal)
        made.setdefault(board, {}).setdefault(plan, []).append(cost)
        print(f"{board} {plan} {batch}: {cost.latency_s * 1e3:.2f} ms, {cost.speech_s_per_s:.0f}")
    board = args.boards[-1]
    buckets = buckets_of(FRAMES, MORE_BATCH, MORE_ROWS)
    rehearsal = kept(OURS, PLANNED_ON.get(board, board), args.voice, buckets)
    more = costs(OURS, board, args.voice, frames=FRAMES, batch=MORE_BATCH, rehearsal=rehearsal)
    ours = {board: plans[OURS] for board, plans in made.items()}
    last = list(ours)[-1]
    gpus = {gpu: [gpu_cost(cost, gpu) for cost in ours[last]] for gpu in GPUS}
    asked = Question(tuple(ours[last]), GPUS[0], prices(), args.latency)
    sheet = purchase({**ours, **gpus}, args.streams, args.latency, prices())
    print(sheet.to_string(index=False))
    swings = hangs_on(asked, made[last][OTHER])
    print(f"{asked.times_cheaper():.2f} times cheaper\n{swings.to_string(index=False)}")
    save_result(
        args.output,
        ROOT,
        lv2.load(args.voice),
        "modelled",
        boards={
            board: {plan: [_figures(cost) for cost in several] for plan, several in plans.items()}
            for board, plans in made.items()
        },
        more_rows={"board": board, "plan": OURS, "rows": MORE_ROWS, **_figures(more)},
        gpus={
            gpu: [asdict(x) | {"latency_s": x.latency_s, "speech_s_per_s": x.speech_s_per_s,
                               "bound": x.bound} for x in several]
            for gpu, several in gpus.items()
        },
        purchase={
            "streams": args.streams,
            "latency_s": args.latency,
            "rows": sheet.to_dict("records"),
        },
        answer={
            "card": asked.card,
            "gpu": asked.gpu,
            "times_cheaper": asked.times_cheaper(),
            "hangs_on": swings.to_dict("records"),
        },
        paper={"source": SOURCE, "rows": Claim().table().to_dict("records")},
    )  # fmt: skip
    return 0


def _figures(cost: Cost) -> dict:
    return {
        "batch": cost.batch,
        "programs": cost.programs,
        "latency_s": cost.latency_s,
        "time_s": asdict(cost.time),
        "bound": cost.time.bound,
        "speech_s_per_s": cost.speech_s_per_s,
        "streams": {f"{bound * 1e3:.0f} ms": cost.streams(bound) for bound in BOUNDS_S},
        "dram_bytes": cost.dram_bytes(),
        "dram_bytes_without_multicast": cost.dram_bytes(multicast=False),
        "dram_bytes_with_resident_constants": cost.dram_bytes(resident=True),
        "constant_bytes": cost.constant_bytes,
    }


if __name__ == "__main__":
    sys.exit(main())
