"""How long `lightning-v2 check` takes on this machine, and what it says of a plan in both tiers.

The fast tier is timed, as one waits for it who has no earlier results; the exact one goes on where
it was if it was interrupted. A third run, in the fast tier, takes the next held-out sentences: did
the plan pass by the choice of the first? Prints all reports and writes
benchmarks/results/check.json, and the exact tier's report to data/checks/, where it travels with
the library. About half an hour on two cores.

With --all nothing is timed: every plan of data/plans/ is judged in the exact tier, one after the
other, and has its report written to data/checks/. What float32 and the controls say is computed
once.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import lightning_v2 as lv2
from lightning_v2.analysis.equivalence import ENOUGH_SENTENCES
from lightning_v2.precision import Coverage, Plan, presets
from lightning_v2.report.provenance import provenance
from lightning_v2.report.records import save_result, write_whole
from lightning_v2.resources import held_out_texts
from lightning_v2.search.check_command import show

ROOT = Path(__file__).parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plan", default="lightning-v2", help="a name in data/plans/ or a file")
    parser.add_argument("--all", action="store_true", help="every plan in data/plans/, exact tier")
    parser.add_argument("--voice", default="slt", help="a name in data/voices/ or a folder")
    parser.add_argument("--recordings", type=Path, help="see `lightning-v2 check --help`")
    parser.add_argument("--folder", type=Path, help="of results that are not timed")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks/results/check.json")
    args = parser.parse_args()

    def checked(
        plan: str, sentences: dict[str, str], folder: Path | None, **options: object
    ) -> dict:
        check = lv2.check(plan, sentences, voice=args.voice, folder=folder, **options)
        show(check)
        return check.to_dict()

    texts = list(held_out_texts(2 * ENOUGH_SENTENCES).items())
    first, further = dict(texts[:ENOUGH_SENTENCES]), dict(texts[ENOUGH_SENTENCES:])
    recordings = args.recordings
    if args.all:
        for name in presets():
            keep(name, checked(name, first, args.folder, tier="exact", recordings=recordings))
        return 0
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as empty:
        fast = checked(args.plan, first, Path(empty), tier="fast", recordings=recordings)
    seconds = time.perf_counter() - started
    print(f"{seconds:.0f} s\n", flush=True)
    exact = checked(args.plan, first, args.folder, tier="exact", recordings=recordings)
    second = checked(args.plan, further, args.folder, tier="fast", controls=False)
    runs = {"fast": fast, "further": second}
    voice, plan = lv2.load(args.voice), Plan.load(args.plan)
    save_result(
        args.output, ROOT, voice, "emulated", plan=args.plan, seconds=seconds, runs=runs,
        shares=shares(plan.coverage(voice)),
    )  # fmt: skip
    keep(plan.name, exact)
    return 0


def keep(plan: str, report: dict) -> None:
    """Write a report to data/checks/."""
    record = ROOT / "data" / "checks" / f"{plan}.json"
    write_whole(record, json.dumps({**report, **provenance(ROOT)}, indent=1) + "\n")
    print(f"written to {record}\n", flush=True)


def shares(coverage: Coverage) -> dict[str, float]:
    """How low a plan is: shares of matrix operations and of bytes of constants, 0 to 1."""
    of_bytes = {
        name: coverage.share("weights", name, of="weight_bytes")
        for name in ("bfloat8_b", "bfloat4_b")
    }
    return {
        "lofi_sites": coverage.share("math_fidelity", "LoFi"),
        "lofi_macs": coverage.share("math_fidelity", "LoFi", of="macs"),
        **of_bytes,
        "weight_bytes": coverage.weight_bytes,
    }


if __name__ == "__main__":
    sys.exit(main())
