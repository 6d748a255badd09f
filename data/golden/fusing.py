"""Golden vectors of operations that do the work of several: what the lowering has in one program.

    fusing.py --target simulator --output data/golden/fusing.npz

Products that end in a function, sums of a product with a mask, norms of a sum, softmax of scores
and a mask, products of bfloat16 that were to be float32, products that turn what they multiply.
"""

from collections.abc import Iterator

import both_chips
import numpy as np
import torch

from lightning_v2 import tensix
from lightning_v2.deployment.verification.cases import Arrays, Case, patterns

Shapes = dict[str, tuple[int, ...]]

WAYS = (("LoFi", True), ("HiFi4", True), ("LoFi", False), ("HiFi2", False))
"""Fidelity and 32-bit Dst."""


def case(
    op: str, inputs: dict[str, str], output: str, config: Case | None = None, **options
) -> Case:
    return {"op": op, "inputs": inputs, "options": options, "config": config, "output": output}


def config(fidelity: str, wide: bool) -> Case:
    return {
        "math_fidelity": fidelity,
        "math_approx_mode": False,
        "fp32_dest_acc_en": wide,
        "packer_l1_acc": True,
    }


def chosen() -> Iterator[tuple[Case, Shapes]]:
    """The cases, with the shapes of their operands."""
    yield from products()
    shapes = {"a": (64, 96), "b": (64, 96), "c": (64, 1)}
    yield case("addcmul", dict.fromkeys(shapes, "bfloat16"), "bfloat16"), shapes
    shapes = dict.fromkeys("abd", (64, 96))
    for value in (1.0, -1.0):
        inputs = dict.fromkeys(shapes, "bfloat16")
        yield case("addcmul", inputs, "bfloat16", value=value), shapes
    shapes = dict.fromkeys(("x", "residual_input_tensor"), (64, 96))
    shapes |= dict.fromkeys(("weight", "bias"), (1, 96))
    for wide in (False, True):
        inputs = dict.fromkeys(shapes, "bfloat16")
        yield case("layer_norm", inputs, "bfloat16", config("HiFi4", wide), epsilon=1e-5), shapes
    shapes = {"x": (2, 2, 32, 64), "mask": (2, 1, 1, 64)}
    for wide in (False, True):
        inputs = dict.fromkeys(shapes, "bfloat16")
        yield case("scale_mask_softmax", inputs, "bfloat16", config("HiFi4", wide)), shapes
    shapes = {"a": (32, 128), "b": (128, 64)}
    for fidelity, wide in (("HiFi4", True), ("HiFi2", False)):
        options = {"dtype": "float32", "in0_block_w": 2}
        inputs = {"a": "bfloat16", "b": "float32"}
        yield case("linear", inputs, "float32", config(fidelity, wide), **options), shapes
    shapes, inputs = {"a": (64, 128), "b": (96, 128)}, {"a": "bfloat8_b", "b": "bfloat16"}
    for fidelity, wide in (("HiFi2", True), ("HiFi4", False)):
        options = {"dtype": "float32", "in0_block_w": 1, "transpose_b": True}
        yield case("linear", inputs, "float32", config(fidelity, wide), **options), shapes


def products() -> Iterator[tuple[Case, Shapes]]:
    shapes = {"a": (32, 128), "b": (128, 64), "bias": (1, 64)}
    for name, fast, output, width, ways in (
        ("gelu", False, "bfloat16", 2, WAYS),
        ("gelu", False, "bfloat16", 4, WAYS[1:3]),
        ("gelu", False, "bfloat8_b", 2, WAYS[::3]),
        ("gelu", True, "bfloat16", 2, WAYS[1:3]),
        ("silu", False, "bfloat16", 2, WAYS[1:3]),
    ):
        for fidelity, wide in ways:
            inputs = {"a": "bfloat16", "b": "bfloat8_b", "bias": "bfloat16"}
            options = {"dtype": output, "in0_block_w": width, "fused_activation": name}
            options |= {"fast_and_approximate_mode": True} if fast else {}
            yield case("linear", inputs, output, config(fidelity, wide), **options), shapes


def drawn(name: str, shape: tuple[int, ...], generator: np.random.Generator) -> torch.Tensor:
    """Normal values; a mask hides the last fifth of what it is for."""
    if name in ("c", "mask"):
        size = max(shape[-2:])
        hidden = (torch.arange(size) >= size - size // 5).float()
        return (1 - hidden if name == "c" else -1e4 * hidden).expand(*shape[:-2], -1).reshape(shape)
    return torch.from_numpy(2 * generator.standard_normal(shape, np.float32))


def stored_operands() -> tuple[list[Case], Arrays]:
    """The cases, and their operands as the host packs them."""
    cases, arrays, generator = [], {}, np.random.default_rng(0)
    for index, (case, shapes) in enumerate(chosen()):
        cases.append(case)
        for name, shape in shapes.items():
            scale = 0.1 if name == "b" and case["op"] == "linear" else 1
            x = scale * drawn(name, shape, generator)
            arrays[f"{name}_{index}"] = patterns(
                tensix.to_torch(tensix.from_torch(x, case["inputs"][name]))
            )
    return cases, arrays


if __name__ == "__main__":
    both_chips.run(__doc__, *stored_operands())
