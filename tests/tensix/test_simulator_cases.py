"""Operations of ttnn against files of the simulator: every value of every case, exact tier."""

import numpy as np
import pytest
import torch

from lightning_v2 import tensix
from lightning_v2.tensix import Tensor
from lightning_v2.tensix.ops.matmul import default_config
from lightning_v2.tensix.programs import matmul as program
from tests.tensix.conftest import read_golden

FILES = (
    "program_cases",
    "product_cases",
    "typecast_cases",
    "depthwise_cases",
    "conv1d_cases",
    "conv1d_automatic_cases",
    "conv2d_cases",
    "voice_cases",
    "elementwise_cases",
    "elementwise_format_cases",
    "broadcast_cases",
    "unary_cases",
    "movement_cases",
    "blackhole_cases",
)
CASES = [
    pytest.param(name, index, id=f"{name}-{index}-{case['op']}")
    for name in FILES
    for index, case in enumerate(read_golden(name)[1]["cases"])
]


@pytest.fixture(scope="module")
def files():
    return {name: read_golden(name) for name in FILES}


def values(stored):
    """Patterns as float32; those of which only the upper half is not zero are stored as that."""
    wide = stored.astype(np.uint32) << 16 if stored.dtype == np.uint16 else stored
    return torch.from_numpy(wide.view(np.float32))


def product(case, config, a, b, bias, **options):
    """Corners of the operands are stored: the program is chosen for the whole of them."""
    output = options.get("dtype", a.dtype)
    config = config or default_config(a.dtype, b.dtype, output, None)
    turned = options.get("transpose_b", False)
    chosen = program.choose(
        case["m"],
        a.shape[-1],
        case["n"],
        in0=a.dtype,
        in1=b.dtype,
        output=output,
        bias=bias and bias.dtype,
        fp32_dest_acc_en=config.fp32_dest_acc_en,
        shared_in0=a.values[..., 0, 0].numel() == 1 < b.values[..., 0, 0].numel(),
        arch=tensix.settings().arch,
        grid=tensix.settings().cores,
    )
    return tensix.linear(
        a,
        b,
        bias=bias,
        compute_kernel_config=config,
        program_config=chosen,
        **options | {"transpose_b": turned},
    )


def convolution(case, config, x, w, bias, **options):
    layout = options.pop("shard_layout", None)
    weights = options.pop("weights_dtype", None)
    return getattr(tensix, case["op"])(
        input_tensor=x,
        weight_tensor=w,
        bias_tensor=bias and Tensor(bias.values.flatten(), bias.dtype),
        compute_config=config,
        conv_config=tensix.Conv2dConfig(weights, layout),
        **options,
    )


def run(case, operands):
    op, options = case["op"], dict(case["options"])
    config = case["config"] and tensix.ComputeKernelConfig(**case["config"])
    bias = operands.pop("bias", None)
    if op in ("linear", "matmul"):
        return product(case, config, **operands, bias=bias, **options)
    if op in ("conv1d", "conv2d", "conv_transpose2d"):
        return convolution(case, config, **operands, bias=bias, **options)
    if op == "concat":
        return tensix.concat(list(operands.values()), **options)
    if op in ("transpose", "permute", "slice", "reshape"):
        return getattr(tensix, op)(*operands.values(), *options.values())
    if isinstance(options.get("dim"), list):
        options["dim"] = tuple(options["dim"])
    if config is not None:
        options["compute_kernel_config"] = config
    if op in ("layer_norm", "rms_norm"):
        return getattr(tensix, op)(operands.pop("x"), bias=bias, **operands, **options)
    if op == "scaled_dot_product_attention":
        options["program_config"] = tensix.SDPAProgramConfig(exp_approx_mode=False)
    return getattr(tensix, op)(*operands.values(), **options)


@pytest.mark.parametrize(("name", "index"), CASES)
def test_every_value(files, name, index):
    arrays, attributes = files[name]
    case, alias = attributes["cases"][index], attributes.get("alias", {})

    def stored(key):
        return values(arrays[alias.get(key, key)])

    operands = {
        key: Tensor(stored(f"{key}_{index}"), given) if isinstance(given, str) else given
        for key, given in case["inputs"].items()
    }
    with tensix.use(arch=attributes.get("arch", "wormhole_b0")):
        result = run(case, operands)
    assert result.dtype == case["output"]
    expected = stored(f"out_{index}").flatten()
    np.testing.assert_array_equal(
        result.values.flatten().view(torch.int32), expected.view(torch.int32)
    )
