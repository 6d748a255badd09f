"""How long `lightning-v2 check` takes on this machine, and what it says of a plan in both tiers.

The fast tier is timed, as one waits for it who has no earlier results; the exact one goes on where
it was if it was interrupted. Prints both reports and writes benchmarks/results/check.json. About
half an hour on two cores.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import lightning_v2 as lv2
from lightning_v2.precision import Coverage, Plan
from lightning_v2.report.records import save_result
from lightning_v2.search.check import Check
from lightning_v2.search.check_command import show

ROOT = Path(__file__).parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plan", default="lightning-v2", help="a name in data/plans/ or a file")
    parser.add_argument("--voice", default="slt", help="a name in data/voices/ or a folder")
    parser.add_argument("--recordings", type=Path, help="see `lightning-v2 check --help`")
    parser.add_argument("--folder", type=Path, help="of results of the exact tier")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks/results/check.json")
    args = parser.parse_args()

    def checked(tier: str, folder: Path | None) -> Check:
        check = lv2.check(
            args.plan, voice=args.voice, tier=tier, recordings=args.recordings, folder=folder
        )
        show(check)
        return check

    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as empty:
        fast = checked("fast", Path(empty))
    seconds = time.perf_counter() - started
    print(f"{seconds:.0f} s\n", flush=True)
    tiers = {"fast": fast.to_dict(), "exact": checked("exact", args.folder).to_dict()}
    voice = lv2.load(args.voice)
    save_result(
        args.output, ROOT, voice, "emulated", plan=args.plan, seconds=seconds, tiers=tiers,
        shares=shares(Plan.load(args.plan).coverage(voice)),
    )  # fmt: skip
    return 0


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
