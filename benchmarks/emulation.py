"""What emulation costs: time of synthesis under each plan over PyTorch float32, on one thread.

Prints a table and writes benchmarks/results/emulation.json with machine, versions and commit.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

import lightning_v2 as lv2
from lightning_v2.precision import presets
from lightning_v2.report.records import save_result
from lightning_v2.resources import held_out_texts

ROOT = Path(__file__).parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voice", default="lark", help="a name in data/voices/ or a folder")
    parser.add_argument("--plans", nargs="*", default=presets())
    parser.add_argument("--sentences", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks/results/emulation.json")
    args = parser.parse_args()

    torch.set_num_threads(1)
    voice = lv2.load(args.voice)
    texts = list(held_out_texts(args.sentences).values())
    # Durations of a plan may differ: every run says the same frames.
    speeches = voice.synthesize(texts)
    speech_s = sum(speech.duration_s for speech in speeches)

    def say() -> None:
        for text, speech in zip(texts, speeches, strict=True):
            voice.synthesize(text, forced=speech)

    figures = {}
    print(f"{speech_s:.1f} s of speech in {len(texts)} sentences")
    for name in args.plans:
        plain, low = zip(*(seconds(voice, name, say) for _ in range(args.repeats)), strict=True)
        ratio = float(np.median(np.divide(low, plain)))
        plain_s, low_s = float(np.median(plain)), float(np.median(low))
        figures[name] = {
            "float32_s": round(plain_s, 4),
            "seconds": round(low_s, 4),
            "ratio": round(ratio, 3),
        }
        print(f"{name:14} {low_s:7.3f} s, {ratio:5.2f} times float32 ({plain_s:.3f} s)")
    save_result(args.output, ROOT, voice, "measured", speech_s=round(speech_s, 2), plans=figures)
    return 0


def seconds(voice, plan: str, run: Callable[[], None]) -> tuple[float, float]:
    """Processor time of a run in float32 and under a plan, side by side, weights packed before."""
    with lv2.emulate(voice, plan):
        run()
    start = time.process_time()
    run()
    middle = time.process_time()
    with lv2.emulate(voice, plan):
        run()
    return middle - start, time.process_time() - middle


if __name__ == "__main__":
    sys.exit(main())
