"""`ttnn.matmul` and `ttnn.linear`: shapes, defaults, and what happens to a product after Dst.

docs/numerics.md, sections 4, 6 and 8. in0 (activations) goes to register SrcB, in1 (weights) to
SrcA: the position alone decides which significand bits meet the multiplier.
"""

import torch

from lightning_v2.errors import ArgumentError
from lightning_v2.tensix.exact import matmul as matmul_exact
from lightning_v2.tensix.fast import matmul as matmul_fast
from lightning_v2.tensix.numbers.configuration import (
    ComputeKernelConfig,
    MatmulProgramConfig,
    settings,
)
from lightning_v2.tensix.numbers.formats import MAGNITUDE_BITS, TILE, pack_device
from lightning_v2.tensix.numbers.tensor import Tensor, checked, checked_dtype
from lightning_v2.tensix.ops.sfpu_operations import FUNCTIONS, in_destination
from lightning_v2.tensix.programs import matmul as programs

ACTIVATIONS = ("relu", "gelu", "silu", "sigmoid", "tanh")


def matmul(
    input_tensor_a: Tensor,
    input_tensor_b: Tensor,
    *,
    transpose_a: bool = False,
    transpose_b: bool = False,
    dtype: str | None = None,
    activation: str | None = None,
    compute_kernel_config: ComputeKernelConfig | None = None,
    program_config: MatmulProgramConfig | None = None,
) -> Tensor:
    """`ttnn.matmul`: a (..., M, K) @ b (..., K, N) -> (..., M, N), vectors as in torch.matmul.

    Args:
        input_tensor_a, input_tensor_b: of any format each.
        transpose_a, transpose_b: exchange the last two axes of the operand first.
        dtype: of the result; that of `input_tensor_a` if not given.
        activation: relu, gelu, silu, sigmoid or tanh: an operation of its own on the stored result,
            as ttnn has it where no core grid is given.
        compute_kernel_config: see docs/numerics.md, section 8 for what ttnn takes if it is not
            given.
        program_config: ttnn's own choice if not given; see `programs.matmul`. An activation that it
            names works on Dst, before the result is rounded.

    Raises:
        TypeError: an operand is no `tensix.Tensor`.
        ArgumentError: shapes that do not fit, an unknown dtype or activation, a block width that
            does not divide K.
    """
    return linear(
        input_tensor_a,
        input_tensor_b,
        transpose_a=transpose_a,
        transpose_b=transpose_b,
        dtype=dtype,
        activation=activation,
        compute_kernel_config=compute_kernel_config,
        program_config=program_config,
    )


def linear(
    input_tensor_a: Tensor,
    input_tensor_b: Tensor,
    *,
    bias: Tensor | None = None,
    transpose_a: bool = False,
    transpose_b: bool = False,
    dtype: str | None = None,
    activation: str | None = None,
    compute_kernel_config: ComputeKernelConfig | None = None,
    program_config: MatmulProgramConfig | None = None,
) -> Tensor:
    """`ttnn.linear`: a (..., M, K) @ b (..., K, N) + bias (N,) -> (..., M, N); see `matmul`.

    The bias takes the product back through a source register, where a float32 becomes TF32, and is
    added with 11 significand bits (docs/numerics.md, section 6.3).

    Raises:
        TypeError, ArgumentError: as `matmul`, or the bias has not N values.
    """
    a = _operand("input_tensor_a", input_tensor_a, transpose_a)
    b = _operand("input_tensor_b", input_tensor_b, transpose_b)
    m, k, n = _sizes(a, b)
    if bias is not None and checked("bias", bias).values.numel() != n:
        raise ArgumentError(
            f"bias has shape {tuple(bias.shape)}; legal are {n} values, one a column"
        )
    output = checked_dtype(a.dtype if dtype is None else dtype)
    if activation not in (None, *ACTIVATIONS):
        legal = ", ".join(map(repr, (None, *ACTIVATIONS)))
        raise ArgumentError(f"activation is {activation!r}; legal are {legal}")
    config = compute_kernel_config or default_config(a.dtype, b.dtype, output, program_config)
    tiles = -(-k // TILE)
    if program_config is not None and tiles % program_config.in0_block_w:
        raise ArgumentError(
            f"in0_block_w is {program_config.in0_block_w}; legal are divisors of {tiles}, the "
            f"tiles of K = {k}"
        )
    exact = settings().exact
    if config.fp32_dest_acc_en and not exact:
        dst = matmul_fast.product(a, b, config)  # whatever the program
    else:
        chosen = program_config or programs.choose(
            m,
            k,
            n,
            in0=a.dtype,
            in1=b.dtype,
            output=output,
            bias=None if bias is None else bias.dtype,
            fp32_dest_acc_en=config.fp32_dest_acc_en,
            shared_in0=a.values.numel() == m * k and b.values.numel() > k * n,
            arch=settings().arch,
            grid=settings().cores,
        )
        tier = matmul_exact if exact else matmul_fast
        waiting = "float32" if config.fp32_dest_acc_en else output
        dst = tier.destination(a, b, config, chosen, waiting, bias is not None)
    result = finish(dst, bias, config, output, program_config)
    if activation is not None:
        result = FUNCTIONS[activation](Tensor(result, output)).values
    if input_tensor_a.values.dim() == 1:
        result = result.squeeze(-2)
    return Tensor(result.squeeze(-1) if input_tensor_b.values.dim() == 1 else result, output)


def finish(
    dst: torch.Tensor,
    bias: Tensor | None,
    config: ComputeKernelConfig,
    output: str,
    program_config: MatmulProgramConfig | None = None,
) -> torch.Tensor:
    """Bias, fused activation and pack of dst (..., N), which nobody else has: values in the format
    `output`.

    docs/numerics.md, sections 6.3, 6.4 and 5.
    """
    wide, exact = config.fp32_dest_acc_en, settings().exact
    fused = None if program_config is None else program_config.fused_activation
    if bias is not None and exact:
        dst = matmul_exact.add_row(dst, bias.values, wide)
    elif bias is not None:
        row = bias.values.reshape(-1).to(dst.device)  # rows of zeros are made on the CPU
        if wide:
            dst = matmul_fast.with_row(dst, row, output if fused is None else "float32")
        else:
            dst = pack_device(dst + row, "bfloat16")
        if wide and fused is None:
            return dst
    if fused is not None:
        dst = in_destination(fused, dst, wide, program_config.fast_and_approximate_mode)
    return pack_device(dst, output)


def default_config(
    in0: str, in1: str, output: str, program_config: MatmulProgramConfig | None
) -> ComputeKernelConfig:
    """What ttnn takes for a matmul of these formats without a compute kernel config.

    docs/numerics.md, section 8.
    """
    both_float32 = in0 == in1 == "float32"
    if both_float32:
        level = "HiFi4" if settings().blackhole else "HiFi3"
    elif program_config is not None or (in0 in MAGNITUDE_BITS and in1 in MAGNITUDE_BITS):
        level = "LoFi"
    else:
        level = "HiFi2"
    return ComputeKernelConfig(
        math_fidelity=level,
        math_approx_mode=False,
        fp32_dest_acc_en=output == "float32",
        packer_l1_acc=not both_float32,
    )


def _operand(name: str, x: Tensor, transpose: bool) -> Tensor:
    """An operand as a matrix or a stack of them; vectors as torch.matmul takes them."""
    if checked(name, x).values.dim() == 0:
        raise ArgumentError(f"{name} has no axes; legal are tensors of one axis or more")
    if transpose:
        # The unpacker transposes tiles as it reads them: no value changes.
        if x.values.dim() == 1:
            raise ArgumentError(f"{name} has one axis and cannot be transposed")
        return Tensor(x.values.transpose(-1, -2), x.dtype)
    if x.values.dim() == 1:
        return Tensor(x.values.unsqueeze(0 if name.endswith("a") else 1), x.dtype)
    return x


def _sizes(a: Tensor, b: Tensor) -> tuple[int, int, int]:
    m, k, n = *a.shape[-2:], b.shape[-1]
    if b.shape[-2] != k:
        raise ArgumentError(
            f"input_tensor_b has shape {tuple(b.shape)}: its last axis but one must be {k}, the "
            f"last axis of input_tensor_a {tuple(a.shape)}"
        )
    pairs = zip(reversed(a.shape[:-2]), reversed(b.shape[:-2]), strict=False)
    if any(x != y and 1 not in (x, y) for x, y in pairs):
        raise ArgumentError(
            f"input_tensor_a {tuple(a.shape)} and input_tensor_b {tuple(b.shape)} have batch axes "
            "that do not broadcast"
        )
    return m, k, n
