"""One call of each operation that a lowering makes: on `lightning_v2.tensix` or on a device."""

from functools import partial

import torch

from lightning_v2.deployment.device.convolution_ops import Taps
from lightning_v2.deployment.device.ttnn_ops import TtnnOps
from lightning_v2.tensix.numbers.configuration import (
    FUSED_ACTIVATIONS,
    ComputeKernelConfig,
    MatmulProgramConfig,
)
from lightning_v2.tensix.ops.convolution import Conv2dConfig
from lightning_v2.tensix.ops.elementwise import BINARY
from lightning_v2.tensix.ops.unary import UNARY

VECTOR_FORMATS = ("float32", "bfloat16", "bfloat8_b")
LIMITS = (-4.0, 4.0)
CONFIG = ComputeKernelConfig("HiFi4", False, True, False)


def linear(
    ops, rows, k, n, formats=("bfloat16",) * 3, bias=True, width=1, config=CONFIG, then=None
):
    in0, in1, output = formats
    return ops.linear(
        ops.from_torch(torch.ones(*rows, k), in0),
        ops.from_torch(torch.ones(k, n), in1),
        bias=ops.from_torch(torch.ones(n), "bfloat16") if bias else None,
        dtype=output,
        compute_kernel_config=config,
        program_config=MatmulProgramConfig(width, then),
    )


def products(ops, a, b, formats, width=1):
    x, y = ops.from_torch(torch.ones(*a), formats[0]), ops.from_torch(torch.ones(*b), formats[1])
    return ops.linear(
        x,
        y,
        bias=None,
        dtype=formats[2],
        compute_kernel_config=CONFIG,
        program_config=MatmulProgramConfig(width),
    )


def turned(ops, m, k, n):
    """What is multiplied has a row for each column of the result."""
    return ops.linear(
        ops.from_torch(torch.ones(m, k), "bfloat8_b"),
        ops.from_torch(torch.ones(n, k), "bfloat16"),
        bias=None,
        dtype="float32",
        compute_kernel_config=CONFIG,
        program_config=MatmulProgramConfig(1),
        transpose_b=True,
    )


def convolved(ops, batch, length, dtype):
    return convolve(ops, ops.from_torch(torch.ones(batch, length, 192), dtype), dtype)


def convolved_shards(ops):
    return convolve(ops, sharded(ops), "bfloat16")


def convolve(ops, x, dtype, weights="bfloat16", kernel=7):
    channels = x.shape[-1]
    weight = torch.ones(channels, 1, kernel)
    if isinstance(ops, TtnnOps):
        weight = Taps(ops.keep(ops.pack_taps(weight, weights)), tuple(weight.shape))
    else:
        weight = ops.from_torch(weight, "float32")
    return ops.conv1d(
        input_tensor=x,
        weight_tensor=weight,
        bias_tensor=None,
        dtype=dtype,
        padding=kernel // 2,
        groups=channels,
        conv_config=Conv2dConfig(weights),
        compute_config=CONFIG,
    )


def of_vectors(name, dtype, *rest, shape=(2, 64, 96), **options):
    return lambda ops: getattr(ops, name)(
        ops.from_torch(torch.ones(*shape), dtype), *rest, **options
    )


def binary(name, dtype, other=(2, 64, 96)):
    def run(ops):
        return getattr(ops, name)(
            ops.from_torch(torch.ones(2, 64, 96), dtype), ops.from_torch(torch.ones(*other), dtype)
        )

    return run


def looked_up(dtype):
    def run(ops):
        indices = torch.arange(64).view(2, 32) % 41
        table = ops.from_torch(torch.ones(41, 192), dtype)
        return ops.embedding(ops.from_torch(indices, "uint32"), table)

    return run


def normed(dtype):
    def run(ops):
        vector = ops.from_torch(torch.ones(96), "bfloat16")
        return ops.layer_norm(
            ops.from_torch(torch.ones(2, 64, 96), dtype),
            epsilon=1e-5,
            weight=vector,
            bias=vector,
            compute_kernel_config=CONFIG,
        )

    return run


def masked_softmax(ops):
    x, mask = torch.ones(2, 6, 32, 64), torch.zeros(2, 1, 1, 64)
    x, mask = ops.from_torch(x, "bfloat16"), ops.from_torch(mask, "bfloat16")
    return ops.scale_mask_softmax(x, mask=mask, compute_kernel_config=CONFIG)


def masked_sum(ops, rows):
    """As in a block: of what a convolution saw, and what a product made of it."""
    mask = ops.from_torch(torch.ones(1, rows, 1), "bfloat16")
    x = ops.multiply(ops.from_torch(torch.ones(1, rows, 64), "bfloat16"), mask)
    return ops.addcmul(x, linear(ops, (1, rows), 192, 64), mask)


def heads(index):
    def run(ops):
        joint = ops.from_torch(torch.ones(2, 64, 576), "bfloat16")
        split = ops.split_query_key_value_and_split_heads(joint, num_heads=6, transpose_key=True)
        return split[index]

    return run


def joined(ops):
    return ops.concatenate_heads(ops.from_torch(torch.ones(2, 6, 64, 32), "bfloat16"))


def concatenated(ops):
    parts = [ops.from_torch(torch.ones(2, 64, n), "bfloat16") for n in (192, 32)]
    return ops.concat(parts, -1)


def held(ops):
    """(1, 1024, 64) in L1, on a device interleaved."""
    return ops.gelu(ops.from_torch(torch.ones(1, 1024, 64), "bfloat16"))


def sharded(ops):
    """The same, on a device by height."""
    return linear(ops, (1, 1024), 192, 64)


def moved(ops, operand, name, rest):
    return getattr(ops, name)(operand(ops), *rest)


SURFACE = {
    **{f"turned, {n} columns": partial(turned, m=608, k=608, n=n) for n in (128, 1024)},
    "bfloat16 beside float32": partial(
        linear, rows=(1, 128), k=192, n=2, formats=("bfloat16", "float32", "float32"), bias=False
    ),
    **{
        f"linear of {len(rows)} axes, {k} x {n}, {formats}": partial(
            linear, rows=rows, k=k, n=n, formats=formats, width=k // 32
        )
        for rows, k, n in (
            ((1, 32), 192, 576),
            ((3, 128), 224, 192),
            ((1, 1024), 192, 64),
            ((1, 2, 512), 512, 1024),
            ((1, 128), 192, 1),
        )
        for formats in (
            ("bfloat16", "bfloat8_b", "bfloat16"),
            ("bfloat8_b", "bfloat4_b", "bfloat8_b"),
        )
    },
    "linear of float32": partial(
        linear, rows=(1, 64), k=192, n=96, formats=("float32",) * 3, bias=False, width=3
    ),
    **{
        f"linear of {rows} rows that ends in {name}": partial(
            linear, rows=(1, rows), k=192, n=256, then=name
        )
        for rows in (64, 1024)
        for name in FUSED_ACTIVATIONS
    },
    "linear in a narrow Dst": partial(
        linear, rows=(1, 64), k=192, n=256, config=ComputeKernelConfig("LoFi", True, False, True)
    ),
    **{
        f"product of heads, {formats}": partial(
            products, a=(2, 6, 64, 32), b=(2, 6, 32, 64), formats=formats
        )
        for formats in (("bfloat16",) * 3, ("bfloat8_b",) * 3, ("float32",) * 3)
    },
    **{
        f"conv1d of {batch} x {length}, {dtype}": partial(
            convolved, batch=batch, length=length, dtype=dtype
        )
        for batch, length, dtype in (
            (1, 32, "bfloat16"),
            (3, 128, "bfloat16"),
            (1, 1024, "bfloat16"),
            (1, 128, "bfloat8_b"),
            (1, 128, "float32"),
        )
    },
    **{
        f"{row.name}, {dtype}": of_vectors(
            row.name, dtype, *(LIMITS if row.name == "clamp" else row.parameters.values())
        )
        if row.required
        else of_vectors(row.name, dtype, **row.parameters)
        for row in UNARY.values()
        if not row.is_variant
        for dtype in VECTOR_FORMATS
    },
    "clamp from above": of_vectors("clamp", "bfloat16", max=4.0),
    "gelu by tanh": of_vectors("gelu", "bfloat16", variant="Tanh"),
    "gelu by a table": of_vectors("gelu", "bfloat16", fast_and_approximate_mode=True),
    **{
        f"{name} of a number, {dtype}": of_vectors(name, dtype, 0.5)
        for name in ("add", "divide", "multiply", "subtract")
        for dtype in VECTOR_FORMATS
    },
    "axes in another order": of_vectors("permute", "bfloat16", (0, 2, 1)),
    "four axes in another order": of_vectors(
        "permute", "float32", (0, 2, 1, 3), shape=(1, 2, 64, 96)
    ),
    "norm without vectors": of_vectors(
        "layer_norm", "bfloat16", epsilon=1e-5, weight=None, bias=None, compute_kernel_config=CONFIG
    ),
    "linear of one row": partial(linear, rows=(1, 1), k=64, n=96),
    **{f"{name}, {dtype}": binary(name, dtype) for name in BINARY for dtype in VECTOR_FORMATS},
    **{f"masked, {dtype}": binary("multiply", dtype, (2, 64, 1)) for dtype in VECTOR_FORMATS},
    **{
        f"{source} to {target}": of_vectors("typecast", source, target)
        for source in (*VECTOR_FORMATS, "bfloat4_b")
        for target in (*VECTOR_FORMATS, "bfloat4_b")
        if source != target
    },
    **{f"layer_norm, {dtype}": normed(dtype) for dtype in VECTOR_FORMATS},
    **{
        f"softmax, {dtype}": of_vectors(
            "softmax", dtype, -1, shape=(2, 6, 32, 64), compute_kernel_config=CONFIG
        )
        for dtype in VECTOR_FORMATS
    },
    "softmax of scores and a mask": masked_softmax,
    "masked sum": lambda ops: masked_sum(ops, 64),
    "masked sum of shards": lambda ops: masked_sum(ops, 1024),
    **{f"embedding, {dtype}": looked_up(dtype) for dtype in ("float32", "bfloat16")},
    **{name: heads(index) for index, name in enumerate(("query", "key", "value"))},
    "heads joined": joined,
    "concat": concatenated,
    **{
        f"{name} of {whose}": partial(moved, operand=operand, name=name, rest=rest)
        for whose, operand in (("rows", held), ("shards", sharded))
        for name, rest in (
            ("reshape", ((2, 512, 64),)),
            ("slice", ((0, 512, 32), (1, 1024, 64))),
            ("pad", (((0, 0), (0, 32), (0, 0)),)),
            ("gelu", ()),
            ("typecast", ("float32",)),
        )
    },
    "concat of shards": lambda ops: ops.concat([sharded(ops), held(ops)], -1),
    "add of shards": lambda ops: ops.add(sharded(ops), held(ops)),
    "conv1d of shards": convolved_shards,
}
"""Name -> of operations, on tensix or on a device, the result of one."""
