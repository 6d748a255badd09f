"""Functions of one operand on the vector engine (SFPU): `apply`, bit for bit, and the fast tier.

The fast tier computes in float32 and rounds once to the output format. The chip's own polynomials
give the same bfloat16 for most inputs (80 % of exp, 86 % of tanh, 96 % of gelu, all of sin, cos and
sqrt in the simulator's files) and differ by one unit in the last place otherwise, but for gelu
below -3. `APPROXIMATE` has the approximate exp, gelu, tanh and sigmoid; a 16-bit Dst cuts them off.
"""

import functools
import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from lightning_v2.errors import ArgumentError
from lightning_v2.tensix.exact.threads import spread_slices
from lightning_v2.tensix.kernels.loops import loops
from lightning_v2.tensix.numbers.configuration import settings

EXACT: dict[str, dict[str, float]] = {
    "abs": {},
    "ceil": {},
    "celu": {"alpha": 1.0},
    "clamp": {"min": -math.inf, "max": math.inf},
    "cos": {},
    "elu": {"alpha": 1.0},
    "erf": {},
    "exp": {},
    "exp2": {},
    "expm1": {},
    "floor": {},
    "gelu": {},
    "gelu_tanh": {},
    "hardsigmoid": {},
    "leaky_relu": {"negative_slope": 0.01},
    "log": {"guarded": True},
    "log10": {"guarded": True},
    "log1p": {},
    "log2": {"guarded": True},
    "log_sigmoid": {},
    "mish": {},
    "neg": {},
    "pow": {"exponent": 2},
    "reciprocal": {},
    "relu": {},
    "relu6": {},
    "round": {},
    "rsqrt": {"guarded": True},
    "selu": {"scale": 1.0507, "alpha": 1.67326},
    "sigmoid": {},
    "sign": {},
    "silu": {},
    "sin": {},
    "softsign": {},
    "softplus": {"beta": 1.0, "threshold": 20.0},
    "sqrt": {"guarded": True},
    "square": {},
    "tan": {},
    "tanh": {},
    "trunc": {},
}
"""Functions that `apply` knows: their parameters, with defaults.

guarded: whether zero, negative numbers and denormals are looked after; ttnn leaves that out of log,
sqrt and rsqrt in `fast_and_approximate_mode`.
"""


def apply(
    name: str, x: Tensor, *, wide: bool, approximate: bool = False, **parameters: float
) -> Tensor:
    """What the function leaves in Dst, bit for bit, on the architecture of `settings()`.

    docs/numerics.md, sections 7.3 and 7.4; a packer has still to store it. No gradient.

    Args:
        name: one of `EXACT`.
        x: any shape, float32: what stands in Dst, with `wide` False bfloat16 values.
        wide: Dst has 32 bits.
        approximate: the kernel's approximate variant, where it has one.
        parameters: those of `EXACT`.

    Raises:
        ArgumentError: an unknown function or parameter.
    """
    if name not in EXACT:
        raise ArgumentError(f"name is {name!r}; legal are {', '.join(map(repr, EXACT))}")
    for key in parameters:
        if key not in EXACT[name]:
            legal = ", ".join(map(repr, EXACT[name])) or "none"
            raise ArgumentError(f"{key} is no parameter of {name}; legal are {legal}")
    values = tuple(float(v) for v in (EXACT[name] | parameters).values())
    if name in ("celu", "softplus"):
        values += (1 / np.float32(values[0]),)
    source = x.detach().contiguous().numpy().view(np.uint32).reshape(-1)
    if wide:
        target = np.empty_like(source)
        _evaluate(name, source, target, True, settings().blackhole, (approximate, *values))
    else:
        table = _table(name, settings().blackhole, (approximate, *values))
        target = table[source >> np.uint32(16)]
    return torch.from_numpy(target.view(np.float32)).reshape(x.shape)


@functools.lru_cache(maxsize=64)
def _table(name: str, blackhole: bool, parameters: tuple[float, ...]) -> np.ndarray:
    """Results in a 16-bit Dst by the upper half of the operand's pattern."""
    source = np.arange(65536, dtype=np.uint32) << np.uint32(16)
    target = np.empty_like(source)
    _evaluate(name, source, target, False, blackhole, parameters)
    return target


def _evaluate(
    name: str,
    source: np.ndarray,
    target: np.ndarray,
    wide: bool,
    blackhole: bool,
    parameters: tuple[float, ...],
) -> None:
    loop = getattr(loops("sfpu.functions"), name)
    patterns = np.array(parameters, np.float32).view(np.uint32)

    def run(part: slice) -> None:
        loop(source[part], target[part], wide, blackhole, patterns)

    spread_slices(run, source.size)


def exp_approximate(x: Tensor) -> Tensor:
    """2**(x / ln 2) with a linear fraction: the exponent and 8 fraction bits are computed at once.

    Relative error -3.1 % to +3.1 %, +1.0 % on average; x is clamped from below at -88.5.
    """
    scaled = x.clamp(min=-88.5) * 369.329925537109375 + 32500.818359375
    bits = torch.floor(scaled.double() + 0.5).clamp(0, 65535).to(torch.int64) << 15
    result = bits.to(torch.int32).view(torch.float32)
    return _GradientOf.apply(torch.exp(x), result) if x.requires_grad else result


def gelu_approximate(x: Tensor) -> Tensor:
    """x / 2 plus an even function of six linear pieces; off by up to 0.024."""
    return 0.5 * x + _pieces(x.abs(), _GELU)


def tanh_approximate(x: Tensor) -> Tensor:
    """An odd function of six linear pieces; off by up to 0.019."""
    return torch.copysign(_pieces(x.abs(), _TANH), x)


def sigmoid_approximate(x: Tensor) -> Tensor:
    """1/2 plus an odd function of three linear pieces; off by up to 0.12."""
    return 0.5 + torch.copysign(_pieces(x.abs(), _SIGMOID), x)


# Pieces (lower end, slope, intercept) on |x|, from the kernels of ttnn 0.81.1.
_GELU = (
    (0.0, 0.1927490234375, -0.00010442733764648438),
    (0.5, 0.493896484375, -0.160400390625),
    (1.0, 0.61865234375, -0.279541015625),
    (1.5, 0.60986328125, -0.263427734375),
    (2.0, 0.5400390625, -0.119384765625),
    (3.0, 0.5, 0.0),
)
_TANH = (
    (0.0, 0.96191406, 0.0),
    (0.5, 0.57617188, 0.192871094),
    (1.0, 0.28710938, 0.48193359),
    (1.5, 0.0964355469, 0.76806641),
    (2.0, 0.0390625, 0.8828125),
    (3.0, 0.0, 1.0),
)
_SIGMOID = ((0.0, 0.2265625, 0.0), (1.0, 0.265625, -0.046875), (2.0, 0.0, 0.5))


def _pieces(magnitude: Tensor, pieces: tuple[tuple[float, float, float], ...]) -> Tensor:
    result = magnitude * pieces[0][1] + pieces[0][2]
    for start, slope, intercept in pieces[1:]:
        result = torch.where(magnitude >= start, magnitude * slope + intercept, result)
    return result


class _GradientOf(torch.autograd.Function):
    """The second argument, with the gradient of the first."""

    @staticmethod
    def forward(ctx, smooth: Tensor, value: Tensor) -> Tensor:
        return value

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None


APPROXIMATE: dict[str, Callable[[Tensor], Tensor]] = {
    "exp": exp_approximate,
    "gelu": gelu_approximate,
    "tanh": tanh_approximate,
    "sigmoid": sigmoid_approximate,
}
