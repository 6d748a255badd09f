"""Why the plan lightning-v2 is what it is: each of its decisions undone, one at a time.

Emulated in the exact tier, the presets in the fast tier too; teacher-forced against PyTorch
float32, means over held-out sentences; the length of the utterance is measured running freely.
Prints a table and writes benchmarks/results/plan_choices.json. About 10 minutes on two cores.
"""

import argparse
import sys
import warnings
from pathlib import Path

import numpy as np

import lightning_v2 as lv2
from lightning_v2.precision import Plan, presets
from lightning_v2.report.records import save_result
from lightning_v2.resources import held_out_texts

ROOT = Path(__file__).parent.parent
FLOAT32 = "activations: float32, output: float32"

# What is done -> rules added at the end of the plan.
VARIANTS = {
    "as it is": [],
    "weights rounded to their format alone": ["sites: '*', weights_rounding: nearest"],
    "vocoder.minimum_phase without feedback": [
        "sites: vocoder.minimum_phase, weights_rounding: fidelity"
    ],
    "vocoder.minimum_phase in bfloat16, HiFi4": [
        "sites: vocoder.minimum_phase, weights: bfloat16, math_fidelity: HiFi4"
    ],
    "vocoder.analysis in HiFi4": ["sites: vocoder.analysis, math_fidelity: HiFi4"],
    "vocoder.gains in HiFi4": ["sites: vocoder.gains, math_fidelity: HiFi4"],
    "decoder.output in HiFi4": ["sites: decoder.output, math_fidelity: HiFi4"],
    "vocoder.synthesis in LoFi": ["sites: vocoder.synthesis, math_fidelity: LoFi"],
    "vocoder.synthesis in HiFi2": ["sites: vocoder.synthesis, math_fidelity: HiFi2"],
    "vocoder.synthesis in bfloat16": ["sites: vocoder.synthesis, weights: bfloat16"],
    "bfloat16 activations of duration.output": ["sites: duration.output, activations: bfloat16"],
    "duration.output in HiFi4": [f"sites: duration.output, {FLOAT32}, math_fidelity: HiFi4"],
    "log gains, exp, sin, cos in float32": [
        "sites: [vocoder.gains, vocoder.minimum_phase], output: float32",
        f"sites: [vocoder.clamp, vocoder.exp, vocoder.sin, vocoder.cos], {FLOAT32}",
    ],
    "norms and softmax in LoFi": ["sites: ['*norm', '*softmax'], math_fidelity: LoFi"],
    "in0_block_w 1": ["sites: '*', in0_block_w: 1"],
    "packer_l1_acc off": ["sites: '*', packer_l1_acc: false"],
    "in0_block_w 1, packer_l1_acc off": ["sites: '*', in0_block_w: 1, packer_l1_acc: false"],
    "16-bit Dst in the blocks": ["sites: '*.blocks.*', fp32_dest_acc_en: false"],
    "16-bit Dst everywhere": ["sites: '*', fp32_dest_acc_en: false"],
    "approximate functions": ["sites: '*', math_approx_mode: true"],
}
SHOWN = ("pesq_wb_mos", "snr_db", "lsd_db", "mel_rmse_db", "f0_median_cents", "gain_db")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voice", default="slt", help="a name in data/voices/ or a folder")
    parser.add_argument("--sentences", type=int, default=8)
    parser.add_argument(
        "--output", type=Path, default=ROOT / "benchmarks/results/plan_choices.json"
    )
    args = parser.parse_args()

    warnings.simplefilter("ignore")
    voice = lv2.load(args.voice)
    texts = list(held_out_texts(args.sentences).values())
    plans = {name: Plan.load(name) for name in presets()}
    runs = [(name, plan, tier) for tier in lv2.tensix.TIERS for name, plan in plans.items()]
    runs += [(f"lightning-v2, {what}", variant(rules), "exact") for what, rules in VARIANTS.items()]

    figures: dict[str, dict[str, dict[str, float]]] = {tier: {} for tier in lv2.tensix.TIERS}
    print(f"{'':52} " + " ".join(f"{name.split('_')[0]:>8}" for name in SHOWN) + "  length ms")
    for name, plan, tier in runs:
        figures[tier][name] = figure = measure(voice, texts, plan, tier)
        values = " ".join(f"{figure[key]:8.3f}" for key in SHOWN)
        print(f"{f'{name} ({tier})':52} {values} {figure['length_ms']:10.1f}", flush=True)
    save_result(args.output, ROOT, voice, "emulated", sentences=len(texts), figures=figures)
    return 0


def variant(rules: list[str]) -> Plan:
    """The plan lightning-v2 with more rules at its end."""
    text = Plan.load("lightning-v2").to_yaml()
    return Plan.parse(text + "".join(f"- {{{rule}}}\n" for rule in rules))


def measure(voice, texts: list[str], plan: Plan, tier: str) -> dict[str, float]:
    """Means of the audio metrics, and of the change in length when the voice runs freely."""
    results, lengths = [], []
    for text in texts:
        comparison = lv2.compare(voice, text, plan, layers=False, tier=tier)
        results.append(comparison.metrics)
        with lv2.emulate(voice, plan, tier=tier):
            free = voice.synthesize(text)
        lengths.append(1e3 * (free.durations.sum() - comparison.reference.durations.sum()))
    means = {name: float(np.nanmean([r[name] for r in results])) for name in SHOWN}
    hop_s = 256 / voice.sample_rate
    return {**means, "length_ms": float(np.mean(np.abs(lengths)) * hop_s)}


if __name__ == "__main__":
    sys.exit(main())
