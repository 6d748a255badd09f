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

FORWARD = "[vocoder.cosines, vocoder.sines]"
FOUR_BITS = "[prosody.energy, 'decoder.blocks.*.up', 'decoder.blocks.*.down']"
FUNCTIONS = "[vocoder.head.*.exp, vocoder.head.*.clamp, vocoder.head.*.cos, vocoder.head.*.sin]"

# What is done -> rules added at the end of the plan.
VARIANTS = {
    "as it is": [],
    "weights rounded to their format alone": ["sites: '*', weights_rounding: nearest"],
    "gains in HiFi4": ["sites: vocoder.head.*.log, math_fidelity: HiFi4"],
    "angles in HiFi4": ["sites: vocoder.head.*_angle.output, math_fidelity: HiFi4"],
    "spectra of pulses in HiFi4": [f"sites: {FORWARD}, math_fidelity: HiFi4"],
    "spectra of pulses, errors carried along K": [f"sites: {FORWARD}, weights_rounding: feedback"],
    "inverse transform in HiFi2": ["sites: vocoder.inverse_*, math_fidelity: HiFi2"],
    "inverse transform in HiFi4": ["sites: vocoder.inverse_*, math_fidelity: HiFi4"],
    "inverse transform in bfloat16": ["sites: vocoder.inverse_*, weights: bfloat16"],
    "duration.output in HiFi4": [f"sites: duration.output, {FLOAT32}, math_fidelity: HiFi4"],
    "prosody.pitch in HiFi4": [f"sites: prosody.pitch, {FLOAT32}, math_fidelity: HiFi4"],
    "encoder, durations, prosody in HiFi4": [
        "sites: ['encoder.*', 'duration.*', 'prosody.*'], math_fidelity: HiFi4"
    ],
    "depthwise in HiFi2": ["sites: '*depthwise', math_fidelity: HiFi2"],
    "no product in bfloat4_b": [f"sites: {FOUR_BITS}, weights: bfloat8_b"],
    "four bits where the weights learned them": [
        f"sites: {FOUR_BITS}, weights: bfloat8_b",
        "sites: 'decoder.blocks.[2345].down', weights: bfloat4_b, weights_rounding: nearest",
    ],
    "log gains, exp, angles, sin, cos in float32": [
        "sites: [vocoder.head.*.log, vocoder.head.*_angle.output], output: float32",
        f"sites: {FUNCTIONS}, {FLOAT32}",
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
    parser.add_argument("--voice", default="lark", help="a name in data/voices/ or a folder")
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
        lengths.append(1e3 * (free.duration_s - comparison.reference.duration_s))
    means = {name: float(np.nanmean([r[name] for r in results])) for name in SHOWN}
    return {**means, "length_ms": float(np.mean(np.abs(lengths)))}


if __name__ == "__main__":
    sys.exit(main())
