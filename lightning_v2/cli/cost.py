"""`lightning-v2 cost`: what a sentence takes on a chip, and what that costs."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from lightning_v2.cli import values
from lightning_v2.cli.arguments import JSON_FILE, add_output, add_voice
from lightning_v2.deployment.device.target import BOARDS

if TYPE_CHECKING:
    from lightning_v2.economics.sentence import Cost

WORDS = {
    "launch": "launch",
    "latency": "waiting",
    "engine": "products",
    "vector": "vector engine",
    "noc": "NoC",
    "dram": "DRAM",
    "host": "host transfers",
}
"""Part of a time -> what is printed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options."""
    parser.description = (
        "Model what a batch of sentences takes on a board, program by program, from what ttnn "
        "plans on a mock of it: latency, speech a second, streams within a bound, bytes from "
        "DRAM, and what binds. Modelled; not run on silicon. The constants, with their sources, "
        "are in data/economics/constants.yaml."
    )
    parser.add_argument(
        "--plan",
        default="lightning-v2",
        help="a name in data/plans/ or a YAML file (default: %(default)s)",
    )
    parser.add_argument(
        "--board", choices=BOARDS, default="p150", help="which one (default: %(default)s)"
    )
    parser.add_argument(
        "--batch",
        type=values.whole(1),
        default=1,
        metavar="N",
        help="sentences at once on each chip (default: %(default)s)",
    )
    parser.add_argument(
        "--frames",
        type=values.whole(96),
        default=256,
        metavar="N",
        help="of each sentence, a multiple of 32 that it fills (default: %(default)s)",
    )
    parser.add_argument(
        "--rows",
        type=values.whole(32),
        default=1024,
        metavar="N",
        help="frames at once of a batch, as far as the memory of a core allows (default: "
        "%(default)s)",
    )
    parser.add_argument(
        "--latency",
        type=values.whole(1),
        default=250,
        metavar="MS",
        help="bound on the answer to a request, in milliseconds (default: %(default)s)",
    )
    parser.add_argument(
        "--no-trace",
        action="store_true",
        help="let the host issue every program instead of replaying traces",
    )
    add_voice(parser, seed_of=None)
    add_output(parser, "-o", "--output", metavar="FILE.json", help="all of it, program by program")


def run(args: argparse.Namespace) -> int:
    """0: printed."""
    from lightning_v2.economics.sentence import costs
    from lightning_v2.files import check_output

    if args.output:
        check_output(args.output, *JSON_FILE)
    found = costs(
        args.plan,
        args.board,
        args.voice,
        frames=args.frames,
        batch=args.batch,
        rows=args.rows,
        traced=not args.no_trace,
    )
    for name, value in _lines(found, args.latency / 1000).items():
        print(f"{name:34}{value}")
    print(f"\n{found.provenance}")
    if args.output:
        _save(found, args.latency / 1000, args.output)
        print(f"written to {args.output}")
    return 0


def _lines(cost: Cost, latency_s: float) -> dict[str, str]:
    """What is printed: name -> value with its unit."""
    from lightning_v2.economics.resources.l1 import all_bytes
    from lightning_v2.economics.resources.time import PARTS

    parts = sorted(PARTS, key=lambda part: -getattr(cost.time, part))
    shares = (f"{WORDS[x]} {getattr(cost.time, x) / cost.latency_s:.0%}" for x in parts)
    once, alone = cost.dram_bytes() / 1e6, cost.dram_bytes(multicast=False) / 1e6
    kept = cost.dram_bytes(resident=True) / 1e6
    fits = (
        "fit" if cost.constant_bytes <= all_bytes(cost.board) / cost.board.chips else "do not fit"
    )
    streams = cost.streams(latency_s)
    return {
        "programs": f"{cost.programs}",
        "latency of a batch": f"{cost.latency_s * 1e3:.2f} ms (a floor)",
        "speech said in a second": f"{cost.speech_s_per_s:.0f} s",
        f"streams within {latency_s * 1e3:.0f} ms": f"{streams}" if streams else "none",
        "DRAM, each operand read once": f"{once:.1f} MB",
        "DRAM, every core for itself": f"{alone:.1f} MB",
        "DRAM, weights kept in SRAM": f"{kept:.1f} MB ({cost.constant_bytes / 1e6:.1f} MB of "
        f"constants {fits} in the SRAM of a chip)",
        "time goes to": ", ".join(shares),
        "binds": WORDS[cost.time.bound],
    }


def _save(cost: Cost, latency_s: float, path: str) -> None:
    from lightning_v2.economics.constants import constants
    from lightning_v2.files import write_output
    from lightning_v2.provenance import provenance

    record = {
        "kind": "modelled",
        "origin": cost.provenance,
        "voice": cost.voice,
        "plan": cost.plan,
        "board": cost.board.name,
        "batch": cost.batch,
        "latency_s": cost.latency_s,
        "speech_s_per_s": cost.speech_s_per_s,
        "latency_bound_s": latency_s,
        "streams": cost.streams(latency_s),
        "time_s": asdict(cost.time),
        "dram_bytes": cost.dram_bytes(),
        "dram_bytes_without_multicast": cost.dram_bytes(multicast=False),
        "dram_bytes_with_resident_constants": cost.dram_bytes(resident=True),
        "constants": [asdict(row) for row in constants()],
        "programs": cost.table.to_dict("records"),
        **provenance(Path(__file__).parent),
    }
    write_output(path, json.dumps(record, indent=1, allow_nan=False) + "\n")
