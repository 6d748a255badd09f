"""What a low fidelity costs a layer and what rounding its weights beforehand brings back; beside it
the width of Dst, the blocks of K and the accumulation of partial sums in memory.

Each matrix operation of the voice by itself, in the exact tier, on the operands that it has in
PyTorch float32: bfloat8_b weights, bfloat16 activations, float32 results. The error is split into a
constant gain and the rest; medians over sites with weights. Prints a table and writes
benchmarks/results/low_fidelity.json. About 5 minutes on two cores.
"""

import argparse
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

import lightning_v2 as lv2
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.report.records import save_result

ROOT = Path(__file__).parent.parent
TEXT = "The quick brown fox jumps over the lazy dog."
BASE = "weights: bfloat8_b, activations: bfloat16, output: float32, fp32_dest_acc_en: true"
ROUNDED = "math_fidelity: LoFi, weights_rounding: fidelity"
NARROW = "fp32_dest_acc_en: false"

# What is set -> fields beside those of BASE, of which the later ones win.
SETTINGS = {
    "HiFi4": "math_fidelity: HiFi4",
    "HiFi3": "math_fidelity: HiFi3",
    "HiFi2": "math_fidelity: HiFi2",
    "LoFi": "math_fidelity: LoFi",
    "LoFi, weights rounded beforehand": ROUNDED,
    "the same, errors carried along K": "math_fidelity: LoFi, weights_rounding: feedback",
    "the same without carrying, bfloat8_b activations": f"{ROUNDED}, activations: bfloat8_b",
    "HiFi4, 16-bit Dst": f"math_fidelity: HiFi4, {NARROW}",
    "HiFi4, 16-bit Dst, packer_l1_acc off": f"math_fidelity: HiFi4, {NARROW}, packer_l1_acc: false",
    "HiFi4, 16-bit Dst, in0_block_w 1": f"math_fidelity: HiFi4, {NARROW}, in0_block_w: 1",
    "HiFi4, 16-bit Dst, in0_block_w 1, packer_l1_acc off": (
        f"math_fidelity: HiFi4, {NARROW}, in0_block_w: 1, packer_l1_acc: false"
    ),
    "LoFi, weights rounded, 16-bit Dst": f"{ROUNDED}, {NARROW}",
    "LoFi, weights rounded, in0_block_w 1": f"{ROUNDED}, in0_block_w: 1",
    "LoFi, weights rounded, packer_l1_acc off": f"{ROUNDED}, packer_l1_acc: false",
    "LoFi, weights rounded, in0_block_w 1, packer_l1_acc off": (
        f"{ROUNDED}, in0_block_w: 1, packer_l1_acc: false"
    ),
}
SITES = ("vocoder.cosines", "vocoder.inverse_cosines")
"""Shown by themselves: transforms, of the widest K."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voice", default="lark", help="a name in data/voices/ or a folder")
    parser.add_argument("--text", default=TEXT)
    parser.add_argument(
        "--output", type=Path, default=ROOT / "benchmarks/results/low_fidelity.json"
    )
    args = parser.parse_args()

    warnings.simplefilter("ignore")
    voice = lv2.load(args.voice)
    weighted = [site.name for site in voice_sites(voice, args.text) if site.macs and site.weights]
    figures = {}
    head = ("sqnr_db", "gain_error_db", "rest_db", "gain", *(f"{s}, sqnr_db" for s in SITES))
    print(f"{'':56} " + "  ".join(head))
    for name, fields in SETTINGS.items():
        layers = lv2.compare(voice, args.text, plan_of(fields), tier="exact").layers
        figures[name] = figure = summary(layers.set_index("site").loc[weighted])
        values = (f"{figure[key]:{len(key)}.4g}" for key in head)
        print(f"{name:56} " + "  ".join(values), flush=True)
    save_result(
        args.output, ROOT, voice, "emulated", tier="exact", text=args.text, sites=len(weighted),
        figures=figures,
    )  # fmt: skip
    return 0


def plan_of(fields: str) -> Plan:
    """The fields for all sites; what has no weights, and the phase, stays as good as it gets."""
    words = dict(pair.split(": ") for pair in f"{BASE}, {fields}".split(", "))
    default = ", ".join(f"{key}: {value}" for key, value in words.items())
    high = "activations: float32, output: float32, math_fidelity: HiFi4, fp32_dest_acc_en: true"
    return Plan.parse(
        f"default: {{{default}}}\nrules:\n"
        f"- {{sites: ['*norm', '*softmax'], weights: float32, {high}}}\n"
        "- {sites: source.phase, output: uint32}\n"
    )


def summary(layers: pd.DataFrame) -> dict[str, float]:
    """Medians over sites of isolated errors; energies are over that of the result."""
    error_db = -layers["isolated_sqnr_db"]
    gain_db = error_db + 10 * np.log10(layers["isolated_gain_share"].clip(lower=1e-12))
    rest_db = error_db + 10 * np.log10(layers["isolated_rest_share"].clip(lower=1e-12))
    return {
        "sqnr_db": float(-error_db.median()),
        "gain_error_db": float(gain_db.median()),
        "rest_db": float(rest_db.median()),
        "gain": float(layers["isolated_gain"].median()),
        **{f"{site}, sqnr_db": float(-error_db[site]) for site in SITES},
    }


if __name__ == "__main__":
    sys.exit(main())
