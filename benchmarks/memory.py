"""What a comparison with all layer errors takes: largest resident memory of a process of its own.

Prints a table and writes benchmarks/results/memory.json with machine, versions and commit. Time is
that of the processor, with one thread, imports and compilation included.
"""

import argparse
import json
import re
import resource
import subprocess
import sys
from pathlib import Path

from lightning_v2.report.records import save_result

ROOT = Path(__file__).parent.parent
SHORT = "Good morning."
SENTENCE = (
    "The rain had stopped by the time we reached the station, and the platform was empty except "
    "for a porter who was slowly sweeping leaves toward the far wall, humming an old tune."
)
"""Ten seconds without a stop: a voice speaks longer texts sentence by sentence."""
RUNS = (
    ("one sentence, no layers", SENTENCE, "lightning-v2", "fast", False),
    ("short", SHORT, "lightning-v2", "fast", True),
    ("one sentence", SENTENCE, "lightning-v2", "fast", True),
    ("one sentence", SENTENCE, "lightning-v2", "exact", True),
    ("one sentence", SENTENCE, "naive", "exact", True),
    ("six sentences", " ".join([SENTENCE] * 6), "lightning-v2", "fast", True),
)
BOUND_BYTES = 2 * 10**9


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks/results/memory.json")
    args = parser.parse_args()
    if args.run:
        print(json.dumps(compared(*json.loads(args.run))))
        return 0

    import lightning_v2 as lv2

    rows = []
    for name, *settings in RUNS:
        command = [sys.executable, __file__, "--run", json.dumps(settings)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found = json.loads(done.stdout.splitlines()[-1])
        _, plan, tier, layers = settings
        rows.append({"text": name, "plan": plan, "tier": tier, "layers": layers, **found})
        print(
            f"{name:24} {plan:13} {tier:6} {found['speech_s']:5.1f} s of speech: "
            f"{found['peak_bytes'] / 1e9:.2f} GB, {found['processor_s']:.0f} s"
        )
    save_result(args.output, ROOT, lv2.load(), "measured", bound_bytes=BOUND_BYTES, runs=rows)
    return int(any(row["peak_bytes"] > BOUND_BYTES for row in rows))


def compared(text: str, plan: str, tier: str, layers: bool) -> dict[str, float]:
    """Memory and time of this process when it compares one text, and seconds of its speech."""
    import torch

    import lightning_v2 as lv2

    torch.set_num_threads(1)
    found = lv2.compare(lv2.load(), text, plan, tier=tier, layers=layers)
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "speech_s": round(found.reference.duration_s, 2),
        "sites": len(found.layers),
        "peak_bytes": peak_bytes(),
        "processor_s": round(used.ru_utime + used.ru_stime, 1),
    }


def peak_bytes() -> int:
    """Largest resident memory of this process. getrusage would count its parent's as well, if that
    was larger when it started this one."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


if __name__ == "__main__":
    sys.exit(main())
