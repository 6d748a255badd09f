"""How far the fast tier is from the bits of the chip: operation by operation, site by site.

Operations run on Gaussian data, sites of the voice on what a held-out sentence gives them. A
deviation is the rms of fast minus exact over the rms of exact. Prints two tables and writes
benchmarks/results/tiers.json. Everything is emulated.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

import lightning_v2 as lv2
from lightning_v2 import tensix
from lightning_v2.report.records import save_result
from lightning_v2.resources import held_out_texts
from lightning_v2.tensix import ComputeKernelConfig

ROOT = Path(__file__).parent.parent
UNARY = "exp log sin cos tanh sigmoid silu gelu sqrt rsqrt reciprocal relu".split()
BINARY = "add subtract multiply divide".split()
POSITIVE = ("log", "sqrt", "rsqrt")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voice", default="lark", help="a name in data/voices/ or a folder")
    parser.add_argument("--plans", nargs="+", default=["lightning-v2", "bf16", "naive"])
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks/results/tiers.json")
    args = parser.parse_args()

    print(f"{'operation':44} {'deviation, %':>12} {'same bits, %':>12}")
    found = {}
    for name, run in operations():
        values = {}
        for tier in tensix.TIERS:
            with tensix.use(tier=tier):
                values[tier] = run().values.double()
        exact, fast = values["exact"], values["fast"]
        deviation = ((fast - exact).square().mean() / exact.square().mean()).sqrt().item()
        same = (fast == exact).double().mean().item()
        found[name] = {
            "deviation_percent": round(100 * deviation, 4),
            "equal_percent": round(100 * same, 2),
        }
        print(f"{name:44} {100 * deviation:12.3f} {100 * same:12.1f}")

    voice = lv2.load(args.voice)
    text = next(iter(held_out_texts(1).values()))
    sites = {}
    for plan in args.plans:
        table = lv2.compare_tiers(voice, text, plan)
        by_op = table.groupby("op", sort=False)
        summary = by_op.agg(
            sites=("site", "size"),
            median_deviation_percent=("deviation_percent", "median"),
            largest_deviation_percent=("deviation_percent", "max"),
            median_equal_percent=("equal_percent", "median"),
        )
        print(f"\nsites under {plan}, by operation")
        print(summary.round(3).to_string())
        sites[plan] = table.round(4).to_dict("records")
    save_result(args.output, ROOT, voice, "emulated", text=text, operations=found, sites=sites)
    return 0


def operations() -> Iterator[tuple[str, Callable[[], tensix.Tensor]]]:
    """Name and run of every operation that is measured."""
    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator)

    x, y = normal(1, 256, 192), normal(1, 256, 192)
    a = tensix.from_torch(x, "bfloat16")
    weight, bias = (
        tensix.from_torch(normal(192, 256), "bfloat8_b"),
        tensix.from_torch(normal(256), "bfloat16"),
    )
    for fidelity in tensix.FIDELITIES:
        for wide in (True, False):
            config = ComputeKernelConfig(fidelity, False, wide, True)
            name = f"linear, {fidelity}, {32 if wide else 16}-bit Dst"
            yield (
                name,
                lambda c=config: tensix.linear(a, weight, bias=bias, compute_kernel_config=c),
            )
    for wide in (True, False):
        config = ComputeKernelConfig("HiFi4", False, wide)
        width = f"{32 if wide else 16}-bit Dst"
        for groups, kind in ((1, "dense"), (192, "depthwise")):
            taps = tensix.from_torch(normal(192, 192 // groups, 5), "bfloat16")
            yield (
                f"conv1d, {kind}, {width}",
                lambda t=taps, g=groups, c=config: tensix.conv1d(
                    input_tensor=a, weight_tensor=t, groups=g, compute_config=c
                ),
            )
        for level in ("HiFi4", "LoFi"):
            config = ComputeKernelConfig(level, False, wide)
            for norm in ("layer_norm", "rms_norm"):
                yield (
                    f"{norm}, {level}, {width}",
                    lambda n=norm, c=config: getattr(tensix, n)(
                        a, epsilon=1e-5, compute_kernel_config=c
                    ),
                )
    yield "softmax, default", lambda: tensix.softmax(a)
    heads = [tensix.from_torch(normal(1, 2, 128, 64), "bfloat16") for _ in range(3)]
    yield (
        "scaled_dot_product_attention, default",
        lambda: tensix.scaled_dot_product_attention(*heads, is_causal=False),
    )
    for name in ("sum", "mean"):
        yield f"{name}, default", lambda n=name: getattr(tensix, n)(a, -1)
    for dtype in ("bfloat16", "float32"):
        p, q = tensix.from_torch(x, dtype), tensix.from_torch(y, dtype)
        magnitude = tensix.from_torch(x.abs(), dtype)
        for name in BINARY:
            yield f"{name}, {dtype}", lambda n=name, p=p, q=q: getattr(tensix, n)(p, q)
        for name in UNARY:
            operand = magnitude if name in POSITIVE else p
            yield f"{name}, {dtype}", lambda n=name, o=operand: getattr(tensix, n)(o)


if __name__ == "__main__":
    sys.exit(main())
