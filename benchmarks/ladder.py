"""What co-design is worth: voices under a ladder of plans, each as it was trained, adapted to
the plan, and under the plan that a search has found from there.

Every rung is judged by `check` against the float32 of the voice as it was trained. With --adapt N
weights learn each plan for at most N steps, in --folder; without it, those that are there are
judged. Plans that `lightning-v2 search` has written are taken from --folder, too, by the names
VOICE-RUNG.yaml; what is not there is left out, and said so. Goes on where it was if it was
interrupted. Prints a table and writes benchmarks/results/ladder.json after every rung.
"""

import argparse
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from markdown_table import ROOT, table

import lightning_v2 as lv2
from lightning_v2.adaptation.adapt import adapt
from lightning_v2.adaptation.trainer import STATE, Schedule
from lightning_v2.model.checkpoint import CONFIG
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.edit import with_rule
from lightning_v2.precision.fit import for_voice
from lightning_v2.report.records import save_result
from lightning_v2.resources import held_out_texts

RUNGS = {
    "bf16": ("bf16", {}),
    "bfp8 HiFi4": ("bfp8-hifi4", {}),
    "bfp8 LoFi": ("bfp8-lofi", {}),
    "bfp8 LoFi, rounded weights": ("bfp8-lofi", {"weights_rounding": "fidelity"}),
    "bfp4 LoFi": ("bfp4-lofi", {}),
    "bfp4 LoFi, 16-bit Dst": ("bfp4-lofi", {"fp32_dest_acc_en": False}),
    "naive": ("naive", {}),
}
"""What it is called -> preset, and what every site has besides."""

WAYS = ("trained", "adapted", "searched")

SHOWN = (
    ("pesq_wb_mos", "teacher-forced"),
    ("mel_rmse_db", "teacher-forced"),
    ("lsd_db", "teacher-forced"),
    ("dnsmos_p808_change_mos", "free-running"),
    ("word_error_change_points", "free-running"),
    ("f0_median_cents", "free-running"),
    ("length_change_percent", "free-running"),
)
"""Columns of the table: of each endpoint its estimate and its bound."""


class Case(NamedTuple):
    """One voice on one rung, in one way.

    Attributes:
        speaks: what `load` knows the voice by that speaks under the plan.
    """

    voice: str
    rung: str
    way: str
    speaks: str
    plan: Plan


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voices", nargs="+", default=["lark"])
    parser.add_argument("--rungs", nargs="+", default=list(RUNGS), choices=RUNGS, metavar="RUNG")
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=WAYS, metavar="WAY")
    parser.add_argument("--sentences", type=int, default=100)
    parser.add_argument("--skip", type=int, default=0, help="held-out sentences left out before")
    parser.add_argument("--tier", default="fast", choices=lv2.tensix.TIERS)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--adapt", type=int, default=0, metavar="N", help="steps (default: none)")
    parser.add_argument("--folder", type=Path, default=ROOT / "build/ladder")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks/results/ladder.json")
    args = parser.parse_args()

    warnings.simplefilter("ignore")
    texts = dict([*held_out_texts(args.skip + args.sentences).items()][args.skip :])
    found, missing = [], []
    for case in cases(args, missing):
        print(f"{case.voice}, {case.rung}, {case.way}", file=sys.stderr, flush=True)
        check = lv2.check(
            case.plan,
            texts,
            voice=case.speaks,
            reference=None if case.speaks == case.voice else case.voice,
            tier=args.tier,
            controls=False,
            early=False,
            workers=args.workers,
            folder=args.folder / "sweeps",
        ).to_dict()
        found.append(
            {
                **{key: getattr(case, key) for key in ("voice", "rung", "way")},
                **{key: check[key] for key in ("answer", "plan", "endpoints", "free_running")},
                "voice_digest": check["voice"]["digest"],
            }
        )
        save_result(
            args.output, ROOT, lv2.load(args.voices[0]), "emulated", tier=args.tier,
            sentences=list(texts), rows=found, missing=missing,
        )  # fmt: skip
    print("\n".join(table(("voice", "rung", "way", "answer", *_heads()), map(_cells, found))))
    for line in missing:
        print(f"left out: {line}")
    return 0


def cases(args: argparse.Namespace, missing: list[str]) -> Iterator[Case]:
    """What is asked for, as far as it is there; of the rest `missing` says why not."""
    for voice in args.voices:
        for rung in args.rungs:
            plan = plan_of(rung, voice)
            stem = f"{voice}-{re.sub('[^a-z0-9]+', '-', rung.lower())}"
            for way in args.ways:
                words = f"{voice}, {rung}, {way}"
                if way == "trained":
                    yield Case(voice, rung, way, voice, plan)
                elif way == "adapted" and (own := adapted(voice, plan, args.folder / stem, args)):
                    yield Case(voice, rung, way, own, plan)
                elif way == "searched" and (args.folder / f"{stem}.yaml").exists():
                    yield Case(voice, rung, way, voice, Plan.load(args.folder / f"{stem}.yaml"))
                else:
                    missing.append(f"{words}: nothing in {args.folder}")


def plan_of(rung: str, voice: str) -> Plan:
    """The plan of a rung for a voice."""
    preset, everywhere = RUNGS[rung]
    plan = for_voice(Plan.load(preset), voice_sites(lv2.load(voice)))
    return with_rule(plan, ["*"], everywhere, rung) if everywhere else plan


def adapted(voice: str, plan: Plan, folder: Path, args: argparse.Namespace) -> str:
    """A folder with weights of a voice that have learned a plan; "" if there are none."""
    done = (folder / CONFIG).exists()
    if args.adapt and not (done and (folder / STATE).exists()):
        adapt(voice, plan, folder, schedule=Schedule(steps=args.adapt))
        done = True
    return str(folder) if done else ""


def _heads() -> list[str]:
    return [f"{column.removesuffix('_mos')}, {run}" for column, run in SHOWN]


def _cells(row: dict) -> list[str]:
    shown = []
    for asked in SHOWN:
        found = (e for e in row["endpoints"] if (e["column"], e["run"]) == asked)
        endpoint = next(found)  # of two statistics the first one, a mean
        values = (endpoint[key] for key in ("estimate", "bound"))
        words = ["-" if x is None else f"{float(x):.3g}" for x in values]
        shown.append(f"{words[0]} ({words[1]})")
    return [row["voice"], row["rung"], row["way"], row["answer"], *shown]


if __name__ == "__main__":
    sys.exit(main())
