"""The cases that `lightning-v2 verify` runs: chosen operations, what goes in, what came out.

    verification.py --target simulator --output data/golden/verification.npz

makes the file, or adds what it lacks (`both_chips.py`). Products name their blocks of K, so that no
result depends on how many cores a chip has.
"""

from collections.abc import Iterator

import both_chips
import numpy as np
import torch

from lightning_v2 import tensix
from lightning_v2.deployment.verification.cases import Arrays, Case, patterns
from lightning_v2.tensix.numbers.sites import FIDELITIES

PAIRS = (
    ("bfloat16", "bfloat16"),
    ("bfloat16", "bfloat8_b"),
    ("bfloat16", "bfloat4_b"),
    ("bfloat8_b", "bfloat8_b"),
    ("bfloat8_b", "bfloat4_b"),
    ("float32", "float32"),
)
"""in0, in1 of the products."""

IN_EVERY_WAY = ("bfloat16", "bfloat8_b")
WAYS = (("LoFi", False), ("LoFi", True), ("HiFi2", False), ("HiFi4", True))
"""Fidelity and 32-bit Dst of the other pairs."""

NARROW = "gelu silu sigmoid tanh exp log sqrt rsqrt reciprocal sin cos relu erf mish".split()
WIDE = "gelu silu sigmoid tanh exp log sqrt reciprocal sin cos".split()
"""Functions of bfloat16, of float32."""

Shapes = dict[str, tuple[int, ...]]


def config(fidelity: str, wide: bool, approximate: bool = False, memory: bool = False) -> Case:
    return {
        "math_fidelity": fidelity,
        "math_approx_mode": approximate,
        "fp32_dest_acc_en": wide,
        "packer_l1_acc": memory,
    }


def case(
    group: str,
    op: str,
    inputs: dict[str, str],
    output: str | None = None,
    config: Case | None = None,
    **options,
) -> Case:
    return {
        "group": group,
        "op": op,
        "inputs": inputs,
        "options": options,
        "config": config,
        "output": output or next(iter(inputs.values())),
    }


def chosen() -> Iterator[tuple[Case, Shapes]]:
    """The cases, with the shapes of their operands."""
    yield from products()
    yield from blocks()
    yield from packing()
    yield from elements()
    yield from sums()
    yield from norms()
    yield from softmax()
    for dtype, names in (("bfloat16", NARROW), ("float32", WIDE)):
        for name in names:
            yield case("functions", name, {"x": dtype}), {"x": (32, 64)}
    yield from convolutions()
    yield from open_question()


def products() -> Iterator[tuple[Case, Shapes]]:
    for a, b in PAIRS:
        for fidelity in FIDELITIES:
            for wide in (False, True):
                if (a, b) != IN_EVERY_WAY and (fidelity, wide) not in WAYS:
                    continue
                output = "float32" if wide else a
                settings, options = config(fidelity, wide), {"dtype": output, "in0_block_w": 2}
                found = case("products", "matmul", {"a": a, "b": b}, output, settings, **options)
                yield found, {"a": (32, 64), "b": (64, 32)}


def blocks() -> Iterator[tuple[Case, Shapes]]:
    """Between blocks of K sums wait in memory, or grow there."""
    shapes = {"a": (32, 128), "b": (128, 32)}
    inputs = {"a": "bfloat16", "b": "bfloat8_b"}
    for memory in (False, True):
        for wide in (False, True):
            settings = config("HiFi2", wide, memory=memory)
            yield case("blocks", "matmul", inputs, None, settings, in0_block_w=1), shapes
    for wide in (False, True):
        settings = config("LoFi", wide, memory=True)
        found = case(
            "blocks", "linear", inputs | {"bias": "bfloat16"}, None, settings, in0_block_w=2
        )
        yield found, shapes | {"bias": (1, 32)}


def packing() -> Iterator[tuple[Case, Shapes]]:
    for source, targets in (
        ("float32", ("bfloat16", "bfloat8_b", "bfloat4_b")),
        ("bfloat16", ("float32", "bfloat8_b", "bfloat4_b")),
        ("bfloat8_b", ("bfloat16", "bfloat4_b")),
        ("bfloat4_b", ("bfloat16",)),
    ):
        for target in targets:
            yield case("packing", "typecast", {"x": source}, target, dtype=target), {"x": (32, 64)}


def elements() -> Iterator[tuple[Case, Shapes]]:
    shapes = {"a": (32, 32), "b": (32, 32)}
    for dtype, names in (
        ("bfloat16", "add subtract multiply divide maximum"),
        ("float32", "add multiply divide"),
        ("bfloat8_b", "add multiply"),
    ):
        for name in names.split():
            yield case("elements", name, {"a": dtype, "b": dtype}), shapes


def sums() -> Iterator[tuple[Case, Shapes]]:
    for name, dtype, axis in (
        ("sum", "bfloat16", -1),
        ("mean", "bfloat16", -2),
        ("max", "bfloat16", -1),
        ("sum", "float32", -2),
    ):
        yield case("sums", name, {"x": dtype}, dim=axis, keepdim=True), {"x": (64, 64)}


def norms() -> Iterator[tuple[Case, Shapes]]:
    shapes = {"x": (32, 96), "weight": (1, 96), "bias": (1, 96)}
    inputs = dict.fromkeys(shapes, "bfloat16")
    plain = {"x": "bfloat16", "weight": "bfloat16"}
    for op, given, settings in (
        ("layer_norm", inputs, config("LoFi", False)),
        ("layer_norm", inputs, config("HiFi2", True)),
        ("layer_norm", {"x": "float32"}, None),
        ("rms_norm", plain, None),
        ("rms_norm", plain, config("HiFi4", False)),
    ):
        found = case("norms", op, given, None, settings, epsilon=1e-5)
        yield found, {name: shapes[name] for name in given}


def softmax() -> Iterator[tuple[Case, Shapes]]:
    for dtype, stable, settings in (
        ("bfloat16", False, None),
        ("float32", True, None),
        ("bfloat16", True, config("HiFi4", False, approximate=True)),
        ("bfloat16", True, config("HiFi4", False)),
    ):
        found = case(
            "softmax",
            "softmax",
            {"x": dtype},
            None,
            settings,
            dim=-1,
            numeric_stable=stable,
        )
        yield found, {"x": (32, 96)}


def convolutions() -> Iterator[tuple[Case, Shapes]]:
    three = {"x": "bfloat16", "w": "bfloat16", "bias": "bfloat16"}
    plain = {"x": "bfloat16", "w": "bfloat16"}
    dense = {"x": (1, 40, 32), "w": (32, 32, 3), "bias": (1, 1, 1, 32)}
    apart = {"x": (1, 40, 32), "w": (32, 1, 7)}
    by_height = {"shard_layout": "HEIGHT_SHARDED"}
    two = {name: dense[name] for name in plain}
    hifi2, wide = config("HiFi2", False), config("HiFi4", True)
    yield case("convolutions", "conv1d", three, None, None, padding=1), dense
    yield case("convolutions", "conv1d", three, None, hifi2, padding=1, **by_height), dense
    found = case(
        "convolutions",
        "conv1d",
        plain,
        None,
        wide,
        padding=1,
        weights_dtype="bfloat8_b",
        **by_height,
    )
    yield found, two
    yield case("convolutions", "conv1d", plain, None, None, padding=3, groups=32), apart


def open_question() -> Iterator[tuple[Case, Shapes]]:
    """SrcA holds bfloat16 and SrcB TF32: docs/limits.md, "An open question"."""
    group, square = "open question", {"x": (32, 32)}
    yield case(group, "softmax", {"x": "bfloat16"}, dim=-1, numeric_stable=True), square
    yield case(group, "layer_norm", {"x": "bfloat16"}, epsilon=1e-5), square
    found = case(
        group,
        "matmul",
        {"a": "float32", "b": "bfloat8_b"},
        "float32",
        config("HiFi4", True),
        dtype="float32",
        in0_block_w=2,
    )
    yield found, {"a": (32, 64), "b": (64, 32)}


def drawn(found: Case, name: str, shape: tuple[int, ...], seed: int) -> torch.Tensor:
    """Operand of a case: patterns of all kinds for functions and packing, otherwise numbers whose
    size differs from row to row by powers of two."""
    generator = np.random.default_rng(seed)
    if found["group"] in ("functions", "packing"):
        return _all_kinds(found["inputs"][name], shape, generator)
    values = generator.standard_normal(shape)
    if name in ("x", "a") and found["op"] != "conv1d":
        rows = np.arange(shape[0])
        values *= np.exp2((rows % 17 - 8) / (4 if found["op"] == "softmax" else 1))[:, None]
        values[0] = 0
    return torch.from_numpy(values.astype(np.float32))


def _all_kinds(dtype: str, shape: tuple[int, ...], generator: np.random.Generator) -> torch.Tensor:
    """Half ordinary numbers; half, but for block floats, evenly spread over all patterns."""
    size = int(np.prod(shape))
    values = (generator.standard_normal(size) * 4).astype(np.float32)
    if not dtype.endswith("_b"):
        count = size // 2
        whole = np.arange(count, dtype=np.uint64) * 2**32 // np.uint64(count)
        inside = generator.integers(0, 2**32 // count, count, dtype=np.uint64)
        values[:count] = (whole + inside).astype(np.uint32).view(np.float32)
    return torch.from_numpy(values.reshape(shape))


def stored_operands() -> tuple[list[Case], Arrays]:
    """The cases, and their operands as the host packs them; products share theirs."""
    cases, arrays = [], {}
    for index, (found, shapes) in enumerate(chosen()):
        cases.append(found)
        for name, shape in shapes.items():
            seed = 7 if found["group"] == "products" else index
            values = drawn(found, name, shape, seed + (name != "a"))
            dtype = found["inputs"][name]
            arrays[f"{name}_{index}"] = patterns(tensix.to_torch(tensix.from_torch(values, dtype)))
    return cases, arrays


if __name__ == "__main__":
    both_chips.run(__doc__, *stored_operands())
