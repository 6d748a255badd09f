"""ttnn's functions of one operand, which run on the vector engine: `tensix.exp`, `gelu`, ….

Names and arguments are ttnn's. The result has the format of the operand. float32 is computed in a
32-bit Dst; everything else in a 16-bit Dst, block floats from their unpacked values
(docs/numerics.md, sections 7.4 and 8). The exact tier transcribes the kernels (`sfpu.apply`); the
fast tier computes in float32, rounds once and keeps gradients, straight through.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F

from lightning_v2.errors import ArgumentError, NoRuleError
from lightning_v2.tensix.numbers.configuration import settings
from lightning_v2.tensix.numbers.formats import pack_device, truncate
from lightning_v2.tensix.numbers.tensor import Tensor, checked, typecast
from lightning_v2.tensix.ops.elementwise import multiply
from lightning_v2.tensix.ops.sfpu import APPROXIMATE, apply

SIGMOID_MODES = ("Accurate", "AccurateWithFastExp", "FastApproximate")
GELU_VARIANTS = ("Accurate", "FastLut", "Tanh")

_BFLOAT16 = 0xFFFF0000


def exp(x: Tensor, *, fast_and_approximate_mode: bool = False) -> Tensor:
    """e**x, or its linear approximation (off by up to 3.1 %)."""
    return _run("exp", x, torch.exp, fast_and_approximate_mode)


def exp2(x: Tensor) -> Tensor:
    """2**x."""
    return _run("exp2", x, torch.exp2)


def expm1(x: Tensor) -> Tensor:
    """e**x - 1."""
    return _run("expm1", x, torch.expm1)


def log(x: Tensor, *, fast_and_approximate_mode: bool = False) -> Tensor:
    """Natural logarithm; the fast mode only leaves out the flush of denormals."""
    return _run("log", x, torch.log, guarded=not fast_and_approximate_mode)


def log2(x: Tensor, *, fast_and_approximate_mode: bool = False) -> Tensor:
    """Logarithm to the base 2; see `log`."""
    return _run("log2", x, torch.log2, guarded=not fast_and_approximate_mode)


def log10(x: Tensor, *, fast_and_approximate_mode: bool = False) -> Tensor:
    """Logarithm to the base 10; see `log`."""
    return _run("log10", x, torch.log10, guarded=not fast_and_approximate_mode)


def log1p(x: Tensor, *, fast_and_approximate_mode: bool = False) -> Tensor:
    """log(1 + x); the kernel is the same in both modes."""
    return _run("log1p", x, torch.log1p)


def sin(x: Tensor) -> Tensor:
    """Sine."""
    return _run("sin", x, torch.sin)


def cos(x: Tensor) -> Tensor:
    """Cosine."""
    return _run("cos", x, torch.cos)


def tan(x: Tensor) -> Tensor:
    """Tangent."""
    return _run("tan", x, torch.tan)


def tanh(x: Tensor, *, fast_and_approximate_mode: bool = False) -> Tensor:
    """Hyperbolic tangent, or six linear pieces (off by up to 0.019)."""
    return _run("tanh", x, torch.tanh, fast_and_approximate_mode)


def sigmoid(
    x: Tensor, *, mode: str = "Accurate", fast_and_approximate_mode: bool = False
) -> Tensor:
    """1 / (1 + e**-x), or three linear pieces (off by up to 0.12).

    Args:
        mode: "Accurate" or "FastApproximate" (`ttnn.SigmoidMode`).
        fast_and_approximate_mode: another way to ask for "FastApproximate", not ttnn's.

    Raises:
        ArgumentError: an unknown mode. NoRuleError: "AccurateWithFastExp", in the exact tier.
    """
    if mode not in SIGMOID_MODES:
        raise ArgumentError(f"mode is {mode!r}; legal are {', '.join(map(repr, SIGMOID_MODES))}")
    if mode == "AccurateWithFastExp" and settings().exact:
        raise NoRuleError(f"sigmoid with mode {mode!r} has no exact tier")
    approximate = fast_and_approximate_mode or mode == "FastApproximate"
    return _run("sigmoid", x, torch.sigmoid, approximate)


def silu(x: Tensor) -> Tensor:
    """x * sigmoid(x)."""
    return _run("silu", x, F.silu)


swish = silu


def gelu(
    x: Tensor, *, variant: str = "Accurate", fast_and_approximate_mode: bool = False
) -> Tensor:
    """x * Phi(x).

    Args:
        variant: "Accurate", "FastLut" (six linear pieces, off by up to 0.023) or "Tanh"
            (`ttnn.GeluVariant`).
        fast_and_approximate_mode: another way to ask for "FastLut".

    Raises:
        ArgumentError: an unknown variant.
    """
    if variant not in GELU_VARIANTS:
        raise ArgumentError(
            f"variant is {variant!r}; legal are {', '.join(map(repr, GELU_VARIANTS))}"
        )
    if variant == "Tanh":
        return _run("gelu_tanh", x, lambda v: F.gelu(v, approximate="tanh"))
    return _run("gelu", x, F.gelu, fast_and_approximate_mode or variant == "FastLut")


def erf(x: Tensor, *, fast_and_approximate_mode: bool = False) -> Tensor:
    """The error function; a 16-bit Dst truncates it.

    Raises:
        NoRuleError: the fast mode in the exact tier.
    """
    if fast_and_approximate_mode and settings().exact:
        raise NoRuleError("erf with fast_and_approximate_mode has no exact tier")
    return _run("erf", x, torch.erf, truncated=True)


def sqrt(x: Tensor, *, fast_and_approximate_mode: bool = False) -> Tensor:
    """Square root; the fast mode only leaves out the care for -0 and negative numbers."""
    return _run("sqrt", x, torch.sqrt, guarded=not fast_and_approximate_mode)


def rsqrt(x: Tensor, *, fast_and_approximate_mode: bool = False) -> Tensor:
    """1 / square root; the fast mode only leaves out the care for negative numbers."""
    return _run("rsqrt", x, torch.rsqrt, guarded=not fast_and_approximate_mode)


def reciprocal(x: Tensor, *, fast_and_approximate_mode: bool = False) -> Tensor:
    """1 / x; fast_and_approximate_mode: the kernel's estimate, for which ttnn has no argument."""
    return _run("reciprocal", x, torch.reciprocal, fast_and_approximate_mode)


def relu(x: Tensor) -> Tensor:
    """max(x, 0)."""
    return _run("relu", x, torch.relu)


def relu6(x: Tensor) -> Tensor:
    """min(max(x, 0), 6)."""
    return _run("relu6", x, F.relu6)


def leaky_relu(x: Tensor, negative_slope: float) -> Tensor:
    """x, or negative_slope * x below zero, which a 16-bit Dst truncates."""
    return _run(
        "leaky_relu",
        x,
        lambda v: F.leaky_relu(v, negative_slope),
        truncated=True,
        negative_slope=negative_slope,
    )


def elu(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    """x, or alpha * (e**x - 1) below zero."""
    return _run("elu", x, lambda v: F.elu(v, alpha), alpha=alpha)


def celu(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    """x, or alpha * (e**(x / alpha) - 1) below zero.

    Raises:
        ArgumentError: alpha is 0.
    """
    if alpha == 0:
        raise ArgumentError("alpha is 0; legal are numbers other than 0")
    return _run("celu", x, lambda v: F.celu(v, alpha), alpha=alpha)


def selu(x: Tensor, *, scale: float = 1.0507, alpha: float = 1.67326) -> Tensor:
    """scale * x, or scale * alpha * (e**x - 1) below zero."""
    return _run("selu", x, lambda v: scale * F.elu(v, alpha), scale=scale, alpha=alpha)


def mish(x: Tensor) -> Tensor:
    """x * tanh(softplus(x)); ttnn's fast mode is not emulated."""
    return _run("mish", x, F.mish)


def hardsigmoid(x: Tensor) -> Tensor:
    """x / 6 + 1/2 between 0 and 1, which a 16-bit Dst truncates."""
    return _run("hardsigmoid", x, F.hardsigmoid, truncated=True)


def hardswish(x: Tensor) -> Tensor:
    """x * hardsigmoid(x): the product of the matrix engine, but of float32 of the vector engine."""
    between = "float32" if checked("x", x).dtype == "float32" else "bfloat16"
    wider = typecast(x, between)
    product = multiply(hardsigmoid(wider), wider, fast_and_approximate_mode=True)
    return typecast(product, x.dtype)


def softsign(x: Tensor) -> Tensor:
    """x / (1 + |x|), which a 16-bit Dst truncates."""
    return _run("softsign", x, F.softsign, truncated=True)


def log_sigmoid(x: Tensor) -> Tensor:
    """log(sigmoid(x)): up to -4 it is x itself, above 4 the approximate exponential.

    Off by up to 0.018, at -4.
    """
    return _run("log_sigmoid", x, F.logsigmoid, truncated=True)


def softplus(x: Tensor, *, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + e**(beta x)) / beta, x itself where beta x exceeds the threshold.

    Raises:
        ArgumentError: beta is 0.
    """
    if beta == 0:
        raise ArgumentError("beta is 0; legal are numbers other than 0")
    return _run(
        "softplus", x, lambda v: F.softplus(v, beta, threshold), beta=beta, threshold=threshold
    )


def clamp(x: Tensor, min: float | None = None, max: float | None = None) -> Tensor:
    """min <= x <= max; a 16-bit Dst truncates the limits, of which one may be None.

    Without a limit that is the largest finite number, so that infinities are cut off, too.

    Raises:
        ArgumentError: neither limit is given.
    """
    if min is None and max is None:
        raise ArgumentError("min and max are None; legal is a number for one of them at least")
    largest = torch.finfo(torch.float32).max
    low, high = -largest if min is None else min, largest if max is None else max
    return _run("clamp", x, lambda v: v.clamp(low, high), truncated=True, min=low, max=high)


clip = clamp


def hardtanh(x: Tensor, *, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """min_val <= x <= max_val; a 16-bit Dst truncates the limits."""
    return clamp(x, min_val, max_val)


def abs(x: Tensor) -> Tensor:
    """|x|."""
    return _run("abs", x, torch.abs)


def neg(x: Tensor) -> Tensor:
    """-x."""
    return _run("neg", x, torch.neg)


def square(x: Tensor) -> Tensor:
    """x * x."""
    return _run("square", x, torch.square)


def pow(x: Tensor, exponent: int) -> Tensor:
    """x**exponent by repeated products; a 16-bit Dst truncates the last.

    Raises:
        NoRuleError: an exponent other than 0, 1, 2 and 3, in the exact tier.
    """
    if settings().exact and exponent not in (0, 1, 2, 3):
        raise NoRuleError(
            f"pow with exponent {exponent!r} has no exact tier; that has 0, 1, 2 and 3"
        )
    return _run("pow", x, lambda v: v**exponent, truncated=True, exponent=exponent)


def sign(x: Tensor) -> Tensor:
    """-1, 0 or 1."""
    return _run("sign", x, torch.sign)


def floor(x: Tensor) -> Tensor:
    """The largest integer not above x."""
    return _run("floor", x, torch.floor)


def ceil(x: Tensor) -> Tensor:
    """The smallest integer not below x."""
    return _run("ceil", x, torch.ceil)


def trunc(x: Tensor) -> Tensor:
    """The integer part."""
    return _run("trunc", x, torch.trunc)


def round(x: Tensor) -> Tensor:
    """The nearest integer, ties to even; ttnn's `decimals` are 0."""
    return _run("round", x, torch.round)


def _run(
    name: str,
    x: Tensor,
    function: Callable[[torch.Tensor], torch.Tensor],
    approximate: bool = False,
    truncated: bool = False,
    **parameters: float,
) -> Tensor:
    """`name` by the exact tier, `function` by the fast one, which rounds or truncates like it."""
    wide = checked("x", x).dtype == "float32"
    if settings().exact:
        values = apply(name, x.values, wide=wide, approximate=approximate, **parameters)
        return Tensor(pack_device(values, x.dtype), x.dtype)
    if approximate and name in APPROXIMATE:
        values, truncated = APPROXIMATE[name](x.values), True
    else:
        values = function(x.values)
    if not wide:
        values = truncate(values, _BFLOAT16) if truncated else pack_device(values, "bfloat16")
    return Tensor(pack_device(values, x.dtype), x.dtype)
