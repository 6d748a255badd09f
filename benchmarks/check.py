"""What `lightning-v2 check` says of every plan in data/plans/, and of one of them in both tiers.

`--plan` is judged with all controls in the exact tier on a hundred held-out sentences, where its
report travels with the library in data/checks/, and without them on the next hundred: did it pass
by the choice of the first? Every plan is judged in the fast tier without controls. Goes on where it
was if it was interrupted. Prints all reports and writes benchmarks/results/check.json. About an
hour on two cores.

With --time the fast check of `--plan` is run once more from an empty store, and timed.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import lightning_v2 as lv2
from lightning_v2.analysis.verdict.equivalence import ENOUGH_SENTENCES
from lightning_v2.cli.check import show
from lightning_v2.precision import Coverage, Plan, presets
from lightning_v2.provenance import provenance
from lightning_v2.report.records import save_result, write_whole
from lightning_v2.resources import held_out_texts

ROOT = Path(__file__).parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plan", default="lightning-v2", help="a name in data/plans/ or a file")
    parser.add_argument("--voice", default="lark", help="a name in data/voices/ or a folder")
    parser.add_argument("--recordings", type=Path, help="see `lightning-v2 check --help`")
    parser.add_argument("--folder", type=Path, help="of results, as for `lightning-v2 check`")
    parser.add_argument(
        "--sentences", type=int, default=ENOUGH_SENTENCES, help="for all plans but --plan"
    )
    parser.add_argument("--time", action="store_true", help="time a check from an empty store")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks/results/check.json")
    args = parser.parse_args()

    def checked(
        plan: str, sentences: dict[str, str], folder: Path | None, **options: object
    ) -> dict:
        check = lv2.check(plan, sentences, voice=args.voice, folder=folder, early=False, **options)
        show(check)
        return check.to_dict()

    texts = list(held_out_texts(2 * ENOUGH_SENTENCES).items())
    first, further = dict(texts[:ENOUGH_SENTENCES]), dict(texts[ENOUGH_SENTENCES:])
    recordings = args.recordings
    voice, plan = lv2.load(args.voice), Plan.load(args.plan)
    found = {"plan": args.plan, "shares": shares(plan.coverage(voice)), "plans": {}}

    def save() -> None:
        save_result(args.output, ROOT, voice, "emulated", **found)

    exact = checked(args.plan, first, args.folder, tier="exact", recordings=recordings)
    keep(args.plan, exact)
    save()
    found["further"] = checked(args.plan, further, args.folder, tier="exact", controls=False)
    save()
    some = dict(texts[: args.sentences])
    for name in presets():
        found["plans"][name] = checked(name, some, args.folder, tier="fast", controls=False)
        save()
    if args.time:
        started = time.perf_counter()
        with tempfile.TemporaryDirectory() as empty:
            checked(args.plan, first, Path(empty), tier="fast")
        found["seconds"] = time.perf_counter() - started
        save()
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
