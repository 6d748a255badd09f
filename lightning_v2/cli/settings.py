"""`lightning-v2 settings`: what a plan says of every site, for who writes a port in ttnn."""

import argparse
import json
from pathlib import Path

from lightning_v2.cli.arguments import JSON_FILE, add_output, add_voice

_SHOWN = ("op", "activations", "weights", "output", "math_fidelity", "fp32_dest_acc_en", "cycles")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the options."""
    parser.description = (
        "Print a plan as the settings of ttnn's calls, site by site: formats, compute kernel "
        "configs, program configs, and modelled cycles. With --output all of it as JSON."
    )
    parser.add_argument("plan", help="a name in data/plans/ or a YAML file")
    parser.add_argument(
        "--text", help="that decides lengths (default: a pangram, or the first that a voice knows)"
    )
    parser.add_argument(
        "--arch",
        choices=("wormhole_b0", "blackhole"),
        default="wormhole_b0",
        help="of the chip (default: %(default)s)",
    )
    add_voice(parser, seed_of=None)
    add_output(parser, "-o", "--output", metavar="FILE.json", help="all settings as JSON")


def run(args: argparse.Namespace) -> int:
    """0: printed."""
    import pandas as pd

    from lightning_v2 import Plan, load
    from lightning_v2.deployment.ttnn_settings import ttnn_settings
    from lightning_v2.files import check_output, write_output
    from lightning_v2.provenance import provenance

    if args.output:
        check_output(args.output, *JSON_FILE)
    plan, voice = Plan.load(args.plan), load(args.voice)
    found = ttnn_settings(voice, plan, args.text, args.arch)
    rows = {site: {**one, **(one["compute_kernel_config"] or {})} for site, one in found.items()}
    table = pd.DataFrame.from_dict(rows, orient="index").reindex(columns=_SHOWN)
    table["cycles"] = table["cycles"].astype("Int64")
    print(table.astype(object).where(table.notna(), "").to_string())
    total = int(table["cycles"].sum())
    print(f"\nplan {plan.name}, voice {voice.name}, {args.arch}: {total} cycles, modelled")
    if args.output:
        record = {
            "plan": plan.name,
            "plan_digest": plan.digest,
            "voice": voice.name,
            "voice_digest": voice.digest,
            "arch": args.arch,
            "cycles": "modelled",
            "sites": found,
            **provenance(Path(__file__).parent),
        }
        write_output(args.output, json.dumps(record, indent=2, allow_nan=False) + "\n")
        print(f"written to {args.output}")
    return 0
