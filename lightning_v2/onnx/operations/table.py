"""What an ONNX operation is as a torch function."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from lightning_v2.onnx.errors import OnnxError
from lightning_v2.onnx.graph import ELEMENT_TYPES, Node

Function = Callable[..., Tensor | Sequence[Tensor]]
Given = list[np.ndarray | None]
"""What is known beforehand of the inputs of a node: constants, and None for all else."""


@dataclass(frozen=True, slots=True)
class Built:
    """A node as a function of its inputs.

    Attributes:
        function: takes one argument for each input, None where an optional one is not given.
        constants: position of an input -> constant to take its place, laid out as `function`
            wants it.
    """

    function: Function
    constants: dict[int, np.ndarray] = field(default_factory=dict)


Builder = Callable[[Node, Given], Function | Built]


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of node.

    Attributes:
        build: (node, what is known of its inputs) -> its function. Raises OnnxError where an
            attribute asks for what is not known.
        computes: does arithmetic, so that on floating-point values it is a site; other kinds
            move, select or count.
    """

    build: Builder
    computes: bool

    def function(self, node: Node, given: Given) -> Built:
        """The node as a function.

        Raises:
            OnnxError: an attribute asks for what is not known, or an input or attribute that it
                needs is missing or of another kind.
        """
        with whole(node):
            built = self.build(node, given)
        return built if isinstance(built, Built) else Built(built)


Table = dict[str, Operation]


def simple(function: Function) -> Builder:
    """A builder for nodes without attributes that are one torch function."""
    return lambda node, given: function


def computing(builders: dict[str, Builder]) -> Table:
    """Operations that do arithmetic."""
    return {op: Operation(build, computes=True) for op, build in builders.items()}


def moving(builders: dict[str, Builder]) -> Table:
    """Operations that move, select or count."""
    return {op: Operation(build, computes=False) for op, build in builders.items()}


def refuse(node: Node, what: str) -> OnnxError:
    """The error for a node whose attributes ask for what is not known."""
    return OnnxError(f"node {node.name} ({node.op}, opset {node.opset}) {what}")


@contextmanager
def whole(node: Node) -> Iterator[None]:
    """Context in which what a node lacks is an OnnxError that names it.

    Files may say anything: an input that is missing, an attribute of another kind, shapes that do
    not fit.
    """
    try:
        yield
    except OnnxError:
        raise
    except (ArithmeticError, AttributeError, LookupError, MemoryError) as error:
        raise refuse(node, f"is misshapen: {error!r}") from error
    except (RuntimeError, TypeError, ValueError) as error:
        raise refuse(node, f"is misshapen: {error}") from error


def integers(node: Node, given: Given, attribute: str, position: int) -> list[int] | None:
    """What older opsets have in an attribute and newer ones in an input, where it is known."""
    if attribute in node.attributes:
        return [int(x) for x in np.atleast_1d(node.attributes[attribute])]
    if position < len(given) and given[position] is not None:
        return [int(x) for x in np.atleast_1d(given[position])]
    return None


def has_input(node: Node, position: int) -> bool:
    """Whether an optional input is given."""
    return position < len(node.inputs) and bool(node.inputs[position])


def torch_type(number: int) -> torch.dtype:
    """The torch type of an ONNX element type."""
    return torch.from_numpy(np.empty(0, ELEMENT_TYPES[number])).dtype
