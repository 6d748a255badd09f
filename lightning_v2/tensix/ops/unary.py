"""Functions of one operand: the one table of them.

From it come ttnn's functions (`sfpu_operations`), their exact tier (`sfpu`), the torch calls that
the interception takes for them, and the operations of a device. docs/adding.md, "An operation of
the chip", adds one.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F

from lightning_v2.tensix.fast import approximations

Values = Callable[..., torch.Tensor]


@dataclass(frozen=True, slots=True)
class Unary:
    """A function of one operand on the vector engine.

    Attributes:
        name: ttnn's.
        summary: what it computes, in a line.
        loop: "module.name" of `name_loop` in `kernels.sfpu`, called (source, target, wide,
            blackhole, p) with flat uint32 arrays of binary32 patterns as they stand in Dst, which
            has 32 bits where it is `wide`. p: patterns of (approximate, *parameters, inverse) or of
            (approximate, guarded). None: it is made of other operations.
        function: (values, *parameters) -> the fast tier, float32 before Dst rounds it.
        parameters: name -> what it is where a caller of ttnn does not say.
        required: a caller of ttnn has to say.
        inverted: the parameter whose inverse stands last in p, and which therefore is never 0.
        truncated: a 16-bit Dst cuts the result instead of rounding it.
        fast_mode: what ttnn's `fast_and_approximate_mode` is: "approximate", another variant;
            "unguarded", without the care for zero, negative numbers and denormals; "same", nothing.
            None: there is no such argument.
        approximate: (values) -> that variant in the fast tier, which Dst cuts; None: `function`.
        calls: names of the torch calls that are this function -> their parameters, with torch's
            defaults. None: one of this name with these parameters.
        at_once: loop of `kernels.rows.stored` that has the bits of `function` in a 16-bit Dst,
            stored as bfloat16; None: there is none.
        is_variant: ttnn has it as a variant of another function only.
    """

    name: str
    summary: str
    loop: str | None
    function: Values
    parameters: Mapping[str, float | None] = field(default_factory=dict)
    required: bool = False
    inverted: str | None = None
    truncated: bool = False
    fast_mode: str | None = None
    approximate: Values | None = None
    calls: Mapping[str, Mapping[str, float | None]] | None = None
    at_once: str | None = None
    is_variant: bool = False

    @property
    def torch_calls(self) -> Mapping[str, Mapping[str, float | None]]:
        return {self.name: self.parameters} if self.calls is None else self.calls


def _scaled_elu(x: torch.Tensor, scale: float, alpha: float) -> torch.Tensor:
    return scale * F.elu(x, alpha)


def _gelu_tanh(x: torch.Tensor) -> torch.Tensor:
    return F.gelu(x, approximate="tanh")


UNARY = {
    row.name: row
    for row in (
        Unary("abs", "|x|.", "pieces.abs", torch.abs),
        Unary("atan", "Arc tangent.", "inverse.atan", torch.atan),
        Unary("ceil", "The smallest integer not below x.", "pieces.ceil", torch.ceil),
        Unary(
            "celu",
            "x, or alpha * (e**(x / alpha) - 1) below zero.",
            "units.celu",
            F.celu,
            {"alpha": 1.0},
            inverted="alpha",
        ),
        Unary(
            "clamp",
            "min <= x <= max.",
            "pieces.clamp",
            torch.clamp,
            {"min": -math.inf, "max": math.inf},
            required=True,
            truncated=True,
            calls={
                "clamp": {"min": None, "max": None},
                "clamp_max": {"max": None},
                "clamp_min": {"min": None},
            },
        ),
        Unary("cos", "Cosine.", "elementary.cos", torch.cos),
        Unary(
            "elu",
            "x, or alpha * (e**x - 1) below zero.",
            "exponential.elu",
            F.elu,
            {"alpha": 1.0},
        ),
        Unary("erf", "The error function.", "activations.erf", torch.erf, truncated=True),
        Unary(
            "exp",
            "e**x, or its linear approximation (off by up to 3.1 %).",
            "exponential.exp",
            torch.exp,
            fast_mode="approximate",
            approximate=approximations.exp_approximate,
        ),
        Unary("exp2", "2**x.", "exponential.exp2", torch.exp2),
        Unary("expm1", "e**x - 1.", "exponential.expm1", torch.expm1),
        Unary("floor", "The largest integer not above x.", "pieces.floor", torch.floor),
        Unary(
            "gelu",
            "x * Phi(x).",
            "activations.gelu",
            F.gelu,
            fast_mode="approximate",
            approximate=approximations.gelu_approximate,
        ),
        Unary(
            "gelu_tanh",
            "`gelu` with tanh for Phi.",
            "activations.gelu_tanh",
            _gelu_tanh,
            calls={},
            is_variant=True,
        ),
        Unary(
            "hardsigmoid",
            "x / 6 + 1/2 between 0 and 1.",
            "units.hardsigmoid",
            F.hardsigmoid,
            truncated=True,
        ),
        Unary("hardswish", "x * hardsigmoid(x).", None, F.hardswish),
        Unary(
            "hardtanh",
            "min_val <= x <= max_val.",
            None,
            F.hardtanh,
            {"min_val": -1.0, "max_val": 1.0},
            truncated=True,
        ),
        Unary(
            "leaky_relu",
            "x, or negative_slope * x below zero.",
            "pieces.leaky_relu",
            F.leaky_relu,
            {"negative_slope": 0.01},
            required=True,
            truncated=True,
            at_once="leaky",
        ),
        Unary(
            "log",
            "Natural logarithm.",
            "elementary.log",
            torch.log,
            fast_mode="unguarded",
        ),
        Unary(
            "log10",
            "Logarithm to the base 10.",
            "elementary.log10",
            torch.log10,
            fast_mode="unguarded",
        ),
        Unary("log1p", "log(1 + x).", "elementary.log1p", torch.log1p, fast_mode="same"),
        Unary(
            "log2",
            "Logarithm to the base 2.",
            "elementary.log2",
            torch.log2,
            fast_mode="unguarded",
        ),
        Unary(
            "log_sigmoid",
            "log(sigmoid(x)), off by up to 0.018, at -4: up to there it is x itself, above 4 the "
            "approximate exponential.",
            "units.log_sigmoid",
            F.logsigmoid,
            truncated=True,
            calls={"logsigmoid": {}},
        ),
        Unary(
            "mish",
            "x * tanh(softplus(x)); ttnn's fast mode is not emulated.",
            "units.mish",
            F.mish,
        ),
        Unary("neg", "-x.", "pieces.neg", torch.neg),
        Unary(
            "pow",
            "x**exponent by repeated products.",
            "pieces.pow",
            torch.pow,
            {"exponent": 2},
            required=True,
            truncated=True,
            calls={},
        ),
        Unary(
            "reciprocal",
            "1 / x; fast_and_approximate_mode: the estimate that the kernel begins with, for which "
            "ttnn has no argument.",
            "roots.reciprocal",
            torch.reciprocal,
            fast_mode="approximate",
        ),
        Unary("relu", "max(x, 0).", "pieces.relu", torch.relu),
        Unary("relu6", "min(max(x, 0), 6).", "pieces.relu6", F.relu6),
        Unary("round", "The nearest integer, ties to even.", "pieces.round", torch.round),
        Unary(
            "rsqrt",
            "1 / square root.",
            "roots.rsqrt",
            torch.rsqrt,
            fast_mode="unguarded",
        ),
        Unary(
            "selu",
            "scale * x, or scale * alpha * (e**x - 1) below zero.",
            "units.selu",
            _scaled_elu,
            {"scale": 1.0507, "alpha": 1.67326},
            calls={"selu": {}},
        ),
        Unary(
            "sigmoid",
            "1 / (1 + e**-x).",
            "activations.sigmoid",
            torch.sigmoid,
            fast_mode="approximate",
            approximate=approximations.sigmoid_approximate,
        ),
        Unary("sign", "-1, 0 or 1.", "pieces.sign", torch.sign),
        Unary("silu", "x * sigmoid(x).", "activations.silu", F.silu),
        Unary("sin", "Sine.", "elementary.sin", torch.sin),
        Unary(
            "softplus",
            "log(1 + e**(beta x)) / beta, x itself where beta x exceeds the threshold.",
            "exponential.softplus",
            F.softplus,
            {"beta": 1.0, "threshold": 20.0},
            inverted="beta",
        ),
        Unary("softsign", "x / (1 + |x|).", "units.softsign", F.softsign, truncated=True),
        Unary("sqrt", "Square root.", "roots.sqrt", torch.sqrt, fast_mode="unguarded"),
        Unary("square", "x * x.", "pieces.square", torch.square),
        Unary("tan", "Tangent.", "elementary.tan", torch.tan),
        Unary(
            "tanh",
            "Hyperbolic tangent, or six linear pieces (off by up to 0.019).",
            "activations.tanh",
            torch.tanh,
            fast_mode="approximate",
            approximate=approximations.tanh_approximate,
        ),
        Unary("trunc", "The integer part.", "pieces.trunc", torch.trunc),
    )
}
"""By name."""
