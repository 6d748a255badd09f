"""On which side of its product a transform stands in LoFi: the constant on the left, as `lark` has
it, or on the right.

LoFi takes 7 significand bits of the left operand and 5 of the right one. All is HiFi4 but the
inverse transforms; *emulated*, fast tier, teacher-forced against PyTorch float32, means over
held-out sentences. Prints a table and writes benchmarks/results/operand_sides.json. A minute on two
cores.
"""

import argparse
import sys
import warnings
from pathlib import Path

import numpy as np

import lightning_v2 as lv2
from lightning_v2.analysis.metrics.audio_metrics import measure
from lightning_v2.deployment.emulate import emulate
from lightning_v2.model.natural.layers import Basis
from lightning_v2.model.natural.voice import NaturalVoice
from lightning_v2.precision import Plan
from lightning_v2.report.records import save_result
from lightning_v2.resources import held_out_texts

ROOT = Path(__file__).parent.parent
INVERSE = ("inverse_cosines", "inverse_sines")
PLAN = """
name: {name}
default: {{weights: bfloat8_b, weights_rounding: fidelity, activations: bfloat16, output: bfloat16,
  math_fidelity: HiFi4}}
rules:
  - {{sites: source.phase, output: uint32}}
  - {{roles: sound, output: float32}}
  - {{sites: "vocoder.inverse_*", math_fidelity: {fidelity}}}
"""
SHOWN = ("pesq_wb_mos", "snr_db", "lsd_db", "mel_rmse_db", "gain_db")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=8, help="held-out ones")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "benchmarks/results/operand_sides.json"
    )
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    texts = list(held_out_texts().values())[: args.sentences]
    voices = {"left": lv2.load("lark"), "right": turned(lv2.load("lark"))}
    found = {}
    for fidelity in ("HiFi4", "HiFi2", "LoFi"):
        plan = Plan.parse(PLAN.format(name=f"inverse-{fidelity}", fidelity=fidelity))
        for side, voice in voices.items():
            means = measured(voice, plan, texts)
            found[f"{fidelity}, {side}"] = means
            print(
                f"{fidelity:6} {side:6}", *(f"{k} {v:8.3f}" for k, v in means.items()), flush=True
            )
    save_result(args.output, ROOT, voices["left"], "emulated", sentences=texts, sides=found)
    return 0


def turned(voice: NaturalVoice) -> NaturalVoice:
    """The same voice with its inverse transforms on the right."""
    for name in INVERSE:
        right = Basis(getattr(voice.model.vocoder, name).basis.mT.contiguous())
        right.role = "sound"
        setattr(voice.model.vocoder, name, right)
    return voice


def measured(voice: NaturalVoice, plan: Plan, texts: list[str]) -> dict[str, float]:
    """Means over sentences."""
    rows = []
    for text in texts:
        reference = voice.synthesize(text, seed=0)
        with emulate(voice.model, plan):
            candidate = voice.synthesize(text, seed=0, forced=reference)
        rows.append(measure(reference, candidate)[0])
    return {name: float(np.mean([row[name] for row in rows])) for name in SHOWN}


if __name__ == "__main__":
    sys.exit(main())
