"""The voice on the simulator beside the emulator: every site of a sentence, bit for bit.

With --waveforms also the speech of two sentences at once, one of them in pieces. Needs a simulator
(`lightning-v2 doctor` tells). Ten minutes a plan the first time, for kernels are compiled, and as
many again for waveforms. Prints a table and writes data/simulator/PLAN.json, for another voice than
ours VOICE-PLAN.json, on Blackhole PLAN-blackhole.json. All is simulated.
"""

import argparse
import json
import os
import shlex
import sys
import time
from pathlib import Path
from typing import Any

from tqdm import tqdm

import lightning_v2 as lv2
from lightning_v2.deployment.agreement import agreement, agreement_name, waveform_agreement
from lightning_v2.deployment.device.target import Device, open_device, toolchain
from lightning_v2.deployment.errors import TargetError
from lightning_v2.deployment.lowering.buckets import Buckets
from lightning_v2.precision import voice_sites
from lightning_v2.provenance import provenance
from lightning_v2.report.records import write_whole
from lightning_v2.resources import DEFAULT_VOICE

ROOT = Path(__file__).parent.parent
TEXT = "Hi."
TOGETHER = ["Yes.", "Good morning."], Buckets(frames=(96, 128), batch=2, rows=256)
"""Two at once, the longer one in pieces."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--voice", default=DEFAULT_VOICE, help="a name of `lightning-v2 voices`, or a path"
    )
    parser.add_argument("--plan", default="lightning-v2", help="a name in data/plans/ or a file")
    parser.add_argument("--output", type=Path, help="default: in data/simulator/")
    parser.add_argument("--waveforms", action="store_true", help="two sentences at once, too")
    parser.add_argument("--note", default="", help="kept with the results: how kernels were made")
    args = parser.parse_args()

    voice, plan, started = lv2.load(args.voice), lv2.Plan.load(args.plan), time.monotonic()
    bar = tqdm(total=len(voice_sites(voice)), unit="site", disable=None)

    def progress(site: str) -> None:
        bar.set_postfix_str(site)
        bar.update()

    try:
        with open_device("simulator") as device:
            found = agreement(voice, plan, device, TEXT, progress)
            bar.close()
            others = _others(voice, plan, device) if args.waveforms else []
    except TargetError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(found.table.drop(columns="digest").to_string(index=False))
    for row in others:
        print(
            "{text!r}, frames {frames}, batch {batch}: {different} of {values} differ".format_map(
                row
            )
        )
    name = agreement_name(voice.name, plan.name, device.arch)
    output = args.output or ROOT / "data/simulator" / f"{name}.json"
    record = {
        "kind": "simulated",
        "command": shlex.join(["python", *sys.argv]),
        **found.to_dict(),
        "waveforms": others,
        "seconds": round(time.monotonic() - started),
        "simulator": toolchain() | {"note": args.note},
        **provenance(ROOT),
    }
    output.parent.mkdir(parents=True, exist_ok=True)
    write_whole(output, json.dumps(record, indent=1) + "\n")
    print(f"written to {output}")
    sys.stdout.flush()
    # Without the end of the interpreter, in which ttnn now and then hangs.
    os._exit(1 if found.different or any(row["different"] for row in others) else 0)


def _others(voice: lv2.Voice, plan: lv2.Plan, device: Device) -> list[dict[str, Any]]:
    """Rows of the speech of `TOGETHER`."""
    texts, buckets = TOGETHER
    rows = waveform_agreement(voice, plan, device, texts, buckets)
    shape = {"frames": buckets.frames, "batch": buckets.batch}
    return [{"text": text, **shape, **row} for text, row in zip(texts, rows, strict=True)]


if __name__ == "__main__":
    sys.exit(main())
