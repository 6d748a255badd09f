"""What every preset costs voices that others trained, and which part of them breaks first.

For each voice: PESQ-WB of every preset against PyTorch float32, teacher-forced with the same noise,
means over short held-out sentences, in English, without those that are broken: whose waveform is no
number everywhere. And what each part alone, as the plan naive has it, costs one sentence. Parts are
roles (`tensix.ROLES`) and modules. Emulated. Prints tables and writes
benchmarks/results/presets.json, in which rows of voices and plans that were not asked for stay.
About 20 minutes on an idle core.
"""

import argparse
import json
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

import lightning_v2 as lv2
from lightning_v2 import tensix
from lightning_v2.analysis.metrics.audio_metrics import pesq_wb_mos, snr_db
from lightning_v2.deployment.speak import speak
from lightning_v2.precision import Plan, presets, voice_sites
from lightning_v2.precision.fit import for_voice
from lightning_v2.report.records import save_result
from lightning_v2.resources import held_out_texts
from lightning_v2.tensix import Site

ROOT = Path(__file__).parent.parent
MOST_SITES = 150
"""Of a part; larger ones are taken apart."""
COLUMNS = ["voice", "plan", "sentences", "broken", "pesq_wb_mos", "lowest_pesq_wb_mos"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voices", nargs="+", default=["hibari", "piper:joe", "kokoro"])
    parser.add_argument("--plans", nargs="+", default=presets())
    parser.add_argument("--sentences", type=int, default=5)
    parser.add_argument("--tier", default="fast", choices=tensix.TIERS)
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks/results/presets.json")
    args = parser.parse_args()
    warnings.filterwarnings("ignore", message="preset .*: this voice has no site")

    texts = sorted(held_out_texts(60).values(), key=len)[: args.sentences]
    whole, parts = [], []
    for name in args.voices:
        voice = lv2.load(name)
        for row in measured(voice, name, texts, args.plans, args.tier):
            print({key: row[key] for key in COLUMNS}, flush=True)
            whole.append(row)
        if "naive" in args.plans:
            parts += alone(voice, name, min(texts, key=len), args.tier)
    print(pd.DataFrame(whole)[COLUMNS].to_string(index=False))
    if parts:
        print("\nparts alone as naive has them, emulated:")
        print(pd.DataFrame(parts).to_string(index=False))
    before = json.loads(args.output.read_text()) if args.output.exists() else {}
    save_result(
        args.output,
        ROOT,
        voice,
        "emulated",
        tier=args.tier,
        presets=renewed(before.get("presets", []), whole, ("voice", "plan")),
        naive_alone=renewed(before.get("naive_alone", []), parts, ("voice",)),
    )
    return 0


def renewed(before: list[dict], now: list[dict], key: tuple[str, ...]) -> list[dict]:
    """Rows, and those of before whose key is not among them."""
    made = {tuple(row[name] for name in key) for row in now}
    kept = [row for row in before if tuple(row[name] for name in key) not in made]
    return sorted(kept + now, key=lambda row: row["voice"])


def measured(
    voice: lv2.Voice, name: str, texts: Sequence[str], plans: Sequence[str], tier: str
) -> Iterator[dict]:
    said = [voice.synthesize(text) for text in texts]
    for plan in plans:
        low = [speak(voice, one.text, Plan.load(plan), tier, forced=one) for one in said]
        pairs = [(a.waveform, b.waveform) for a, b in zip(said, low, strict=True)]
        marks = [pesq_wb_mos(a, b, voice.sample_rate) for a, b in pairs]
        yield {
            "voice": name,
            "digest": voice.digest,
            "plan": plan,
            "sentences": len(texts),
            "broken": int(np.isnan(marks).sum()),
            "pesq_wb_mos": float(np.nanmean(marks)),
            "lowest_pesq_wb_mos": float(np.nanmin(marks)),
            "pesq_wb_mos_of_each": [known(mark) for mark in marks],
        }


def alone(voice: lv2.Voice, name: str, text: str, tier: str) -> list[dict]:
    """A row a part, the one that costs most first."""
    sites = voice_sites(voice)
    plan, said = for_voice(Plan.load("naive"), sites), voice.synthesize(text)
    rows = []
    for part, members in parts_of(sites).items():
        low = {site.name: plan.for_site(site) for site in members}
        with tensix.use(tier=tier), tensix.intercept(voice.model, low.get):
            found = voice.synthesize(text, forced=said)
        row = {"voice": name, "part": part, "sites": len(members)}
        row["pesq_wb_mos"] = pesq_wb_mos(said.waveform, found.waveform, voice.sample_rate)
        rows.append(row | {"snr_db": known(snr_db(said.waveform, found.waveform))})
        print(rows[-1], flush=True)
    return sorted(rows, key=lambda row: np.inf if row["snr_db"] is None else row["snr_db"])


def known(value: float) -> float | None:
    """A figure as JSON knows it: None where nothing is wrong, or everything."""
    return float(value) if np.isfinite(value) else None


def parts_of(sites: Sequence[Site]) -> dict[str, list[Site]]:
    """Roles, and modules of at most `MOST_SITES` sites."""

    def taken_apart(members: list[Site], depth: int) -> dict[str, list[Site]]:
        groups: dict[str, list[Site]] = {}
        for site in members:
            groups.setdefault(".".join(site.name.split(".")[:depth]), []).append(site)
        found = {}
        for part, inside in groups.items():
            deeper = len(inside) > MOST_SITES and len(inside[0].name.split(".")) > depth
            found |= taken_apart(inside, depth + 1) if deeper else {part: inside}
        return found

    roles: dict[str, list[Site]] = {}
    for site in sites:
        if site.role:
            roles.setdefault(f"role {site.role}", []).append(site)
    rest = taken_apart([site for site in sites if not site.role], 1)
    large = {part: members for part, members in rest.items() if len(members) > 3}
    return roles | large | {"the rest": [s for p, m in rest.items() if p not in large for s in m]}


if __name__ == "__main__":
    sys.exit(main())
