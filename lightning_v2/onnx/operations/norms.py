"""Norms, softmax and reductions."""

import torch
import torch.nn.functional as F
from torch import Tensor

from lightning_v2.onnx.graph import Node
from lightning_v2.onnx.operations.table import (
    Function,
    Given,
    computing,
    has_input,
    integers,
    moving,
    refuse,
)


def _layer_norm(node: Node, given: Given) -> Function:
    axis, epsilon = node.attributes.get("axis", -1), node.attributes.get("epsilon", 1e-5)
    if len([name for name in node.outputs if name]) > 1:
        raise refuse(node, "returns mean and deviation as well, which is not known")

    def norm(x: Tensor, scale: Tensor | None = None, bias: Tensor | None = None) -> Tensor:
        shape = x.shape[axis:]
        return F.layer_norm(x, shape, _flat(scale, shape), _flat(bias, shape), epsilon)

    return norm


def _standardize(node: Node, given: Given) -> Function:
    axis, epsilon = node.attributes["axis"], node.attributes["epsilon"]

    def standardize(x: Tensor) -> Tensor:
        if axis % x.ndim == x.ndim - 1:
            return F.layer_norm(x, x.shape[-1:], eps=epsilon)
        turned = x.movedim(axis, -1)
        return F.layer_norm(turned, turned.shape[-1:], eps=epsilon).movedim(-1, axis)

    return standardize


def _rms_norm(node: Node, given: Given) -> Function:
    axis, epsilon = node.attributes.get("axis", -1), node.attributes.get("epsilon", 1e-5)
    return lambda x, scale=None: F.rms_norm(x, x.shape[axis:], scale, epsilon)


def _flat(vector: Tensor | None, shape: torch.Size) -> Tensor | None:
    return vector if vector is None else vector.expand(shape)


def _instance_norm(node: Node, given: Given) -> Function:
    epsilon = node.attributes.get("epsilon", 1e-5)
    return lambda x, scale, bias: F.instance_norm(x, weight=scale, bias=bias, eps=epsilon)


def _batch_norm(node: Node, given: Given) -> Function:
    epsilon = node.attributes.get("epsilon", 1e-5)
    if node.attributes.get("training_mode"):
        raise refuse(node, "is in training mode: export the voice for inference")

    def norm(x: Tensor, scale: Tensor, bias: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        return F.batch_norm(x, mean, variance, scale, bias, eps=epsilon)

    return norm


def _group_norm(node: Node, given: Given) -> Function:
    groups, epsilon = node.attributes["num_groups"], node.attributes.get("epsilon", 1e-5)

    def norm(x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
        if len(scale) == groups != x.shape[1]:  # opset 18 has one for a group
            scale, bias = (v.repeat_interleave(x.shape[1] // groups) for v in (scale, bias))
        return F.group_norm(x, groups, scale, bias, epsilon)

    return norm


def _lp_norm(node: Node, given: Given) -> Function:
    axis, p = node.attributes.get("axis", -1), node.attributes.get("p", 2)
    return lambda x: F.normalize(x, p, axis, eps=0.0)


def _softmax(function: Function) -> Function:
    def build(node: Node, given: Given) -> Function:
        if node.opset >= 13:
            axis = node.attributes.get("axis", -1)
            return lambda x: function(x, axis)
        axis = node.attributes.get("axis", 1)

        def flat(x: Tensor) -> Tensor:
            """Before opset 13 all axes from this one on are one."""
            return function(x.flatten(axis), -1).reshape(x.shape)

        return flat

    return build


def _reduction(function: Function) -> Function:
    """function: (x, axes, whether they stay) -> result."""

    def build(node: Node, given: Given) -> Function:
        axes = integers(node, given, "axes", 1)
        stay = bool(node.attributes.get("keepdims", 1))
        if has_input(node, 1) and axes is None:
            return lambda x, axes: function(x, axes.tolist() or list(range(x.ndim)), stay)
        if not axes and node.attributes.get("noop_with_empty_axes"):
            # Of each element alone: the sum of squares squares it all the same.
            return lambda x, *_: function(x.unsqueeze(0), [0], False)
        return lambda x, *_: function(x, axes or list(range(x.ndim)), stay)

    return build


def _product(x: Tensor, axes: list[int], stay: bool) -> Tensor:
    for axis in sorted((axis % x.ndim for axis in axes), reverse=True):
        x = x.prod(axis, keepdim=stay)
    return x


def _arg(function: Function) -> Function:
    def build(node: Node, given: Given) -> Function:
        axis, stay = node.attributes.get("axis", 0), bool(node.attributes.get("keepdims", 1))
        if node.attributes.get("select_last_index"):
            raise refuse(node, "selects the last of equal values, which is not known")
        return lambda x: function(x, axis, stay)

    return build


def _cumulative_sum(node: Node, given: Given) -> Function:
    backward, exclusive = node.attributes.get("reverse", 0), node.attributes.get("exclusive", 0)
    known = integers(node, given, "axis", 1)

    def running(x: Tensor, axis: Tensor | None = None) -> Tensor:
        dim = known[0] if known else int(axis)
        x = x.flip(dim) if backward else x
        y = torch.cumsum(x, dim)
        if exclusive:
            y = torch.cat([torch.zeros_like(y.narrow(dim, 0, 1)), y], dim)
            y = y.narrow(dim, 0, x.shape[dim])
        return y.flip(dim) if backward else y

    return running


NORMS = {
    **computing(
        {
            "BatchNormalization": _batch_norm,
            "CumSum": _cumulative_sum,
            "GroupNormalization": _group_norm,
            "InstanceNormalization": _instance_norm,
            "LayerNormalization": _layer_norm,
            "LogSoftmax": _softmax(F.log_softmax),
            "LpNormalization": _lp_norm,
            "RMSNormalization": _rms_norm,
            "ReduceL1": _reduction(lambda x, axes, stay: x.abs().sum(axes, stay)),
            "ReduceL2": _reduction(
                lambda x, axes, stay: torch.sqrt(torch.square(x).sum(axes, stay))
            ),
            "ReduceLogSumExp": _reduction(lambda x, axes, stay: torch.logsumexp(x, axes, stay)),
            "ReduceMax": _reduction(torch.amax),
            "ReduceMean": _reduction(torch.mean),
            "ReduceMin": _reduction(torch.amin),
            "ReduceProd": _reduction(_product),
            "ReduceSum": _reduction(torch.sum),
            "ReduceSumSquare": _reduction(lambda x, axes, stay: torch.square(x).sum(axes, stay)),
            "Softmax": _softmax(F.softmax),
            "Standardize": _standardize,
        }
    ),
    **moving({"ArgMax": _arg(torch.argmax), "ArgMin": _arg(torch.argmin)}),
}
"""`Standardize` is none of ONNX's: folding makes it of a norm without vectors."""
