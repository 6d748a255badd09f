"""Functions of single elements."""

import functools

import torch
import torch.nn.functional as F
from torch import Tensor

from lightning_v2.onnx.graph import Node
from lightning_v2.onnx.operations.table import (
    Function,
    Given,
    computing,
    has_input,
    moving,
    refuse,
    simple,
)


def _divide(x: Tensor, y: Tensor) -> Tensor:
    whole = isinstance(x, Tensor) and not x.is_floating_point() and not isinstance(y, float)
    return torch.div(x, y, rounding_mode="trunc") if whole else torch.div(x, y)


def _power(x: Tensor, y: Tensor | float) -> Tensor:
    if isinstance(y, Tensor) and y.dtype != x.dtype:
        y = y.to(x.dtype)
    return torch.pow(x, y)


def _modulo(node: Node, given: Given) -> Function:
    return torch.fmod if node.attributes.get("fmod") else torch.remainder


def _clip(node: Node, given: Given) -> Function:
    def bound(name: str, position: int) -> float | None:
        if name in node.attributes:
            return node.attributes[name]
        known = given[position] if position < len(given) else None
        return None if known is None else known.item()

    low, high = bound("min", 1), bound("max", 2)
    unknown = [i for i in (1, 2) if has_input(node, i) and given[i] is None]
    if not unknown and low is high is None:
        return lambda x, *_: x
    if not unknown:
        return lambda x, *_: torch.clamp(x, low, high)

    def clip(x: Tensor, minimum: Tensor | None = None, maximum: Tensor | None = None) -> Tensor:
        return torch.clamp(x, minimum, maximum)

    return clip


def _is_infinite(node: Node, given: Given) -> Function:
    negative, positive = (
        node.attributes.get(f"detect_{sign}", 1) for sign in ("negative", "positive")
    )

    def is_infinite(x: Tensor) -> Tensor:
        found = torch.isinf(x) if negative or positive else torch.zeros_like(x, dtype=torch.bool)
        if negative and positive:
            return found
        return found & (x < 0 if negative else x > 0)

    return is_infinite


def _folded(function: Function) -> Function:
    """A function of two operands for any number of them."""
    return simple(lambda *xs: functools.reduce(function, xs))


def _mean(*xs: Tensor) -> Tensor:
    return functools.reduce(torch.add, xs) / len(xs)


def _activation(function: Function, **defaults: float) -> Function:
    """A function whose attributes are its parameters.

    defaults: attribute -> ONNX's default.
    """

    def build(node: Node, given: Given) -> Function:
        values = [node.attributes.get(name, value) for name, value in defaults.items()]
        return lambda x: function(x, *values)

    return build


def _hard_sigmoid(x: Tensor, alpha: float, beta: float) -> Tensor:
    return torch.clamp(x * alpha + beta, 0.0, 1.0)


def _selu(x: Tensor, alpha: float, gamma: float) -> Tensor:
    return F.elu(x, alpha) * gamma


def _thresholded_relu(x: Tensor, alpha: float) -> Tensor:
    return torch.where(x > alpha, x, torch.zeros((), dtype=x.dtype))


def _gelu(node: Node, given: Given) -> Function:
    approximate = node.attributes.get("approximate", "none")
    if approximate not in ("none", "tanh"):
        raise refuse(node, f"has approximate={approximate!r}, known are 'none' and 'tanh'")
    return lambda x: F.gelu(x, approximate=approximate)


def _prelu(x: Tensor, slope: Tensor) -> Tensor:
    """The slope is broadcast as NumPy does it; torch's own wants one a channel."""
    return torch.clamp(x, min=0.0) + slope * torch.clamp(x, max=0.0)


def _softplus(x: Tensor) -> Tensor:
    return F.softplus(x)


ARITHMETIC = {
    **computing(
        {
            "Abs": simple(torch.abs),
            "Acos": simple(torch.acos),
            "Acosh": simple(torch.acosh),
            "Add": simple(torch.add),
            "Asin": simple(torch.asin),
            "Asinh": simple(torch.asinh),
            "Atan": simple(torch.atan),
            "Atanh": simple(torch.atanh),
            "Ceil": simple(torch.ceil),
            "Celu": _activation(F.celu, alpha=1.0),
            "Clip": _clip,
            "Cos": simple(torch.cos),
            "Cosh": simple(torch.cosh),
            "Div": simple(_divide),
            "Elu": _activation(F.elu, alpha=1.0),
            "Erf": simple(torch.erf),
            "Exp": simple(torch.exp),
            "Floor": simple(torch.floor),
            "Gelu": _gelu,
            "HardSigmoid": _activation(_hard_sigmoid, alpha=0.2, beta=0.5),
            "HardSwish": simple(F.hardswish),
            "LeakyRelu": _activation(F.leaky_relu, alpha=0.01),
            "Log": simple(torch.log),
            "Max": _folded(torch.maximum),
            "Mean": simple(_mean),
            "Min": _folded(torch.minimum),
            "Mish": simple(F.mish),
            "Mod": _modulo,
            "Mul": simple(torch.mul),
            "Neg": simple(torch.neg),
            "PRelu": simple(_prelu),
            "Pow": simple(_power),
            "Reciprocal": simple(torch.reciprocal),
            "Relu": simple(torch.relu),
            "Round": simple(torch.round),
            "Selu": _activation(_selu, alpha=1.6732632423543772, gamma=1.0507009873554805),
            "Sigmoid": simple(torch.sigmoid),
            "Sign": simple(torch.sign),
            "Silu": simple(F.silu),
            "Sin": simple(torch.sin),
            "Sinh": simple(torch.sinh),
            "Softplus": simple(_softplus),
            "Softsign": simple(F.softsign),
            "Sqrt": simple(torch.sqrt),
            "Sub": simple(torch.sub),
            "Sum": _folded(torch.add),
            "Tan": simple(torch.tan),
            "Tanh": simple(torch.tanh),
            "ThresholdedRelu": _activation(_thresholded_relu, alpha=1.0),
        }
    ),
    **moving(
        {
            "And": simple(torch.logical_and),
            "Equal": simple(torch.eq),
            "Greater": simple(torch.gt),
            "GreaterOrEqual": simple(torch.ge),
            "IsInf": _is_infinite,
            "IsNaN": simple(torch.isnan),
            "Less": simple(torch.lt),
            "LessOrEqual": simple(torch.le),
            "Not": simple(torch.logical_not),
            "Or": simple(torch.logical_or),
            "Where": simple(torch.where),
            "Xor": simple(torch.logical_xor),
        }
    ),
}
