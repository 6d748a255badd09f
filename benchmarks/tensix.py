"""What the exact and the fast arithmetic cost, beside plain PyTorch and the NumPy reference.

Multiply-adds a second of one matrix product for every fidelity and both widths of Dst, the memory
of the exact product, and the time of a whole voice under a plan in both tiers. Medians of repeated
runs, taken in turns. Writes benchmarks/results/tensix.json with machine, versions and commit.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

import lightning_v2 as lv2
from lightning_v2 import tensix
from lightning_v2.report.records import save_result
from lightning_v2.resources import held_out_texts

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests" / "tensix"))
import reference_numpy  # noqa: E402

SHAPE = (512, 768, 768)
REFERENCE_SHAPE = (32, 256, 32)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voice", default="lark", help="a name in data/voices/ or a folder")
    parser.add_argument("--plan", default="lightning-v2")
    parser.add_argument("--sentences", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks/results/tensix.json")
    parser.add_argument("--memory-of-one-product", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.memory_of_one_product:
        print(resident_bytes_of_a_product())
        return 0

    cores = len(os.sched_getaffinity(0))
    products = matrix_products(args.repeats, cores)
    memory = memory_of_a_product()
    voice = lv2.load(args.voice)
    whole = whole_voice(voice, args.plan, args.sentences, args.repeats, cores)
    save_result(
        args.output,
        ROOT,
        voice,
        "measured",
        threads=cores,
        products=products,
        memory=memory,
        voice_run=whole,
    )
    return 0


def matrix_products(repeats: int, cores: int) -> dict[str, dict[str, float]]:
    """Giga multiply-adds a second, by fidelity and width of Dst."""
    m, k, n = SHAPE
    generator = torch.Generator().manual_seed(0)
    x, w = torch.randn(m, k, generator=generator), torch.randn(k, n, generator=generator)
    a, b = tensix.from_torch(x, "bfloat16"), tensix.from_torch(w, "bfloat8_b")
    small = [
        v[: REFERENCE_SHAPE[i], : REFERENCE_SHAPE[i + 1]].numpy()
        for i, v in enumerate((a.values, b.values))
    ]
    rows = {}
    print(f"GMAC/s of {m} x {k} x {n}; NumPy reference of {' x '.join(map(str, REFERENCE_SHAPE))}")
    heads = ("exact, 1", f"exact, {cores}", "fast, 1", "torch, 1", "NumPy")
    print(" " * 16 + "".join(f"{head:>10}" for head in heads))
    torch.set_num_threads(1)
    for fidelity in tensix.FIDELITIES:
        for wide in (True, False):
            config = tensix.ComputeKernelConfig(fidelity, False, wide, True)

            def product(tier: str, threads: int, config=config) -> None:
                with tensix.use(tier=tier, threads=threads):
                    tensix.matmul(a, b, compute_kernel_config=config)

            def by_reference(fidelity=fidelity, wide=wide) -> None:
                reference_numpy.matrix(*small, fidelity, wide)

            seconds = in_turns(
                {
                    "exact_one_thread": lambda p=product: p("exact", 1),
                    "exact_all_threads": lambda p=product: p("exact", cores),
                    "fast_one_thread": lambda p=product: p("fast", 1),
                    "torch_float32_one_thread": lambda: torch.matmul(x, w),
                    "numpy_reference": by_reference,
                },
                repeats,
            )
            macs = dict.fromkeys(seconds, m * k * n)
            macs["numpy_reference"] = int(np.prod(REFERENCE_SHAPE))
            name = f"{fidelity}, {32 if wide else 16}-bit Dst"
            rows[name] = {key: round(macs[key] / s / 1e9, 6) for key, s in seconds.items()}
            print(f"{name:16}" + "".join(f"{v:10.4g}" for v in rows[name].values()))
    return rows


def memory_of_a_product() -> dict[str, float]:
    """Growth of resident memory by a product over the size of its operands and result."""
    command = [sys.executable, __file__, "--memory-of-one-product"]
    peak = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    n = 2048
    operands = 2 * n * n * 4
    print(f"peak of {n} x {n} x {n}: {peak / operands:.2f} times its operands")
    return {"operand_bytes": operands, "peak_bytes": peak, "ratio": round(peak / operands, 3)}


def resident_bytes_of_a_product() -> int:
    """Peak memory of operands, work and result of 2048 x 2048 x 2048, compiled before."""
    config = tensix.ComputeKernelConfig("HiFi4", False, True, True)

    def product(n: int) -> None:
        generator = torch.Generator().manual_seed(0)
        a, b = (tensix.Tensor(torch.randn(n, n, generator=generator), "float32") for _ in range(2))
        tensix.matmul(a, b, compute_kernel_config=config)

    product(256)
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far: compilation, imports
    before = _status("VmHWM")
    product(2048)
    return _status("VmHWM") - before


def _status(name: str) -> int:
    """A size in bytes from this process's status."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) * 1024


def whole_voice(
    voice: lv2.Voice, plan: str, sentences: int, repeats: int, cores: int
) -> dict[str, float]:
    """Seconds of compute a second of speech, from phones to waveform, under a plan."""
    texts = list(held_out_texts(sentences).values())
    speeches = voice.synthesize(texts)
    speech_s = sum(speech.duration_s for speech in speeches)

    def say() -> None:
        for text, speech in zip(texts, speeches, strict=True):
            voice.synthesize(text, forced=speech)

    def emulated(tier: str, threads: int) -> None:
        with tensix.use(threads=threads), lv2.emulate(voice, plan, tier=tier):
            say()

    emulated("exact", cores)
    seconds = in_turns(
        {
            "float32": say,
            "fast": lambda: emulated("fast", 1),
            "exact_one_thread": lambda: emulated("exact", 1),
            "exact_all_threads": lambda: emulated("exact", cores),
        },
        repeats,
    )
    result = {f"rtf_{key}": round(s / speech_s, 4) for key, s in seconds.items()}
    result["fast_over_float32"] = round(seconds["fast"] / seconds["float32"], 3)
    print(f"\n{speech_s:.1f} s of speech under {plan}, seconds of compute a second of speech:")
    for key, value in result.items():
        print(f"  {key:24} {value:8.4f}")
    return {"plan": plan, "speech_s": round(speech_s, 2), **result}


def in_turns(runs: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median wall seconds of each run; one of each before the next round of all."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    for _ in range(repeats):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return {name: float(np.median(values)) for name, values in times.items()}


if __name__ == "__main__":
    sys.exit(main())
