"""Functions of elements, norms and softmax of a graph on the device."""

import math
from collections.abc import Callable

from torch import Tensor, nn

from lightning_v2.deployment.lowering.graph.runner import GraphRunner
from lightning_v2.deployment.lowering.graph.value import Refusal, Value
from lightning_v2.onnx.graph import Node

Lowering = Callable[..., Value]

_ROOTS = {0.5: "sqrt", -0.5: "rsqrt", -1.0: "reciprocal", 2.0: "square"}


def _on_device(x: object) -> Value:
    if not isinstance(x, Value):
        raise Refusal("its operand is on the host")
    return x


def unary(op: str, **parameters: tuple[str, float]) -> Lowering:
    """ttnn's function `op`.

    parameters: of ttnn -> the attribute of the node that it is, and what that is by default.
    """

    def lower(run: GraphRunner, node: Node, site: str, x: object) -> Value:
        given = {name: node.attributes.get(*pair) for name, pair in parameters.items()}
        return run.function(site, op, _on_device(x), **given)

    return lower


def gelu(run: GraphRunner, node: Node, site: str, x: object) -> Value:
    """Either GELU."""
    options = {"variant": "Tanh"} if node.attributes.get("approximate") == "tanh" else {}
    return run.function(site, "gelu", _on_device(x), **options)


def hard_sigmoid(run: GraphRunner, node: Node, site: str, x: object) -> Value:
    """max(0, min(1, alpha x + beta)) with ttnn's slope."""
    alpha, beta = node.attributes.get("alpha", 0.2), node.attributes.get("beta", 0.5)
    if not math.isclose(alpha, 1 / 6, rel_tol=1e-6) or beta != 0.5:
        raise Refusal(f"ttnn's hardsigmoid has a slope of 1/6, this one {alpha}")
    return run.function(site, "hardsigmoid", _on_device(x))


def clip(
    run: GraphRunner, node: Node, site: str, x: object, low: object = None, high: object = None
) -> Value:
    """Between known bounds."""
    bounds = {}
    for name, bound in (("min", low), ("max", high)):
        value = node.attributes.get(name, bound)
        if isinstance(value, Value):
            raise Refusal("its bounds are computed")
        if value is not None:
            bounds[name] = float(value)
    return run.function(site, "clamp", _on_device(x), **bounds)


def power(run: GraphRunner, node: Node, site: str, x: object, exponent: object) -> Value:
    """A square, a root or a reciprocal."""
    value = float(exponent) if isinstance(exponent, float) else None
    if value not in _ROOTS:
        raise Refusal("powers are lowered for the exponents 2, 1/2, -1/2 and -1")
    return run.function(site, _ROOTS[value], _on_device(x))


def binary(op: str) -> Lowering:
    """ttnn's `op` of two operands."""

    def lower(run: GraphRunner, node: Node, site: str, *operands: object) -> Value:
        if len(operands) != 2:
            raise Refusal(f"{len(operands)} operands are not lowered, only two")
        return _combined(run, site, op, *operands)

    return lower


def _combined(run: GraphRunner, site: str, op: str, a: object, b: object) -> Value:
    if not isinstance(a, Value) and isinstance(b, Value) and op in ("add", "multiply"):
        a, b = b, a  # a number or a constant comes second
    if isinstance(a, float):
        raise Refusal(f"ttnn's {op} takes a number as its second operand only")
    lead = _lead([x for x in (a, b) if isinstance(x, Value)])
    rank = max(len(x.shape) for x in (a, b) if not isinstance(x, float))
    lead = lead.unsqueezed(range(rank - len(lead.shape)))
    pair = [_beside(run, site, f"operand{i}", x, lead) for i, x in enumerate((a, b))]
    vectors = [i for i, x in enumerate((a, b)) if isinstance(x, nn.Parameter)]
    return run.combined(site, op, *pair, lead, vectors[0] if vectors else None)


def _lead(values: list[Value]) -> Value:
    if not values:
        raise Refusal("its operands are on the host")
    return max(values, key=lambda x: math.prod(x.shape))


def _beside(run: GraphRunner, site: str, name: str, x: object, lead: Value) -> Value | float:
    """An operand with the axes of another one, in their order."""
    if isinstance(x, float):
        return x
    if isinstance(x, nn.Parameter):
        return run.vector_value(site, name, x, lead)
    if isinstance(x, Tensor):
        x = x.reshape((1,) * (len(lead.shape) - x.dim()) + tuple(x.shape))
        return run.as_value(f"{site}.{name}", x, lead, run.precision(site).activations)
    x = x.unsqueezed(range(len(lead.shape) - len(x.shape)))
    if x.groups == lead.groups:
        return x
    groups = []
    for group in lead.groups:
        mine = tuple(axis for axis in group if x.shape[axis] != 1)
        if mine and len(mine) != len([axis for axis in group if lead.shape[axis] != 1]):
            raise Refusal(f"{x.shape} beside {lead.shape} is repeated inside an axis of the device")
        groups.append(mine)
    if any(x.shape[axis] > lead.shape[axis] for axis in range(len(x.shape))):
        raise Refusal(f"{x.shape} and {lead.shape} are both repeated")
    return run.moves.arranged(x, tuple(groups))


def layer_norm(
    run: GraphRunner,
    node: Node,
    site: str,
    x: object,
    scale: nn.Parameter | None = None,
    bias: nn.Parameter | None = None,
) -> Value:
    """Over the last axis."""
    x, axis = _on_device(x), node.attributes.get("axis", -1)
    if axis % len(x.shape) != len(x.shape) - 1:
        raise Refusal("layer norms are lowered over the last axis")
    return run.normalised(
        site, run.moves.with_last(x, -1), scale, bias, node.attributes.get("epsilon", 1e-5)
    )


def standardize(run: GraphRunner, node: Node, site: str, x: object) -> Value:
    """A layer norm without vectors, over any axis that is no length of a sentence."""
    x = _on_device(x)
    axis = node.attributes["axis"] % len(x.shape)
    if x.is_padded(axis):
        raise Refusal("ttnn's layer_norm would count the padding of a sentence")
    return run.normalised(
        site, run.moves.with_last(x, axis), None, None, node.attributes["epsilon"]
    )


def softmax(run: GraphRunner, node: Node, site: str, x: object) -> Value:
    """Along the last axis."""
    x, old = _on_device(x), node.opset < 13
    axis = node.attributes.get("axis", 1 if old else -1) % len(x.shape)
    if axis != len(x.shape) - 1:
        raise Refusal("ttnn's softmax is emulated along the last axis")
    return run.softmax_last(site, x)


_PLAIN = (
    "Abs Ceil Cos Erf Exp Floor Log Mish Neg Reciprocal Relu Round Sigmoid Sign Silu Sin Softplus "
    "Softsign Sqrt Tan Tanh"
).split()

VECTORS: dict[str, Lowering] = {
    **{op: unary(op.lower()) for op in _PLAIN},
    "Add": binary("add"),
    "Celu": unary("celu", alpha=("alpha", 1.0)),
    "Clip": clip,
    "Div": binary("divide"),
    "Elu": unary("elu", alpha=("alpha", 1.0)),
    "Gelu": gelu,
    "HardSigmoid": hard_sigmoid,
    "HardSwish": unary("hardswish"),
    "LayerNormalization": layer_norm,
    "LeakyRelu": unary("leaky_relu", negative_slope=("alpha", 0.01)),
    "Max": binary("maximum"),
    "Min": binary("minimum"),
    "Mul": binary("multiply"),
    "Pow": power,
    "Softmax": softmax,
    "Standardize": standardize,
    "Sub": binary("subtract"),
    "Sum": binary("add"),
}
"""ONNX operation -> its lowering, (runner, node, site, *operands) -> value."""
