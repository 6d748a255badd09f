"""LSTM and GRU."""

import numpy as np
import torch
from torch import Tensor

from lightning_v2.onnx.graph import Node
from lightning_v2.onnx.operations.table import Built, Given, computing, has_input, refuse

_LSTM_GATES = (0, 2, 3, 1)
"""torch's input, forget, cell, output from ONNX's input, output, forget, cell."""
_GRU_GATES = (1, 0, 2)
"""torch's reset, update, new from ONNX's update, reset, hidden."""


def _weights(node: Node, given: Given, gates: tuple[int, ...]) -> dict[int, np.ndarray]:
    """W (D, G H, I), R (D, G H, H) and B (D, 2 G H) with the gates in torch's order.

    D directions, G gates, H hidden values, I inputs.
    """
    if given[1] is None or given[2] is None or (has_input(node, 3) and given[3] is None):
        raise refuse(node, "computes its weights")
    if any(has_input(node, i) for i in (4, 7)):
        raise refuse(node, "has lengths of its sequences or peepholes, which are not known")
    if node.attributes.get("activations") or node.attributes.get("clip"):
        raise refuse(node, "has activations or a clip of its own, which are not known")
    if node.attributes.get("layout"):
        raise refuse(node, "has its batch first, which is not known")
    hidden = node.attributes["hidden_size"]

    def turned(x: np.ndarray, parts: int = 1) -> np.ndarray:
        blocks = x.reshape(x.shape[0], parts, len(gates), hidden, -1)
        return np.ascontiguousarray(blocks[:, :, gates].reshape(x.shape))

    bias = given[3] if has_input(node, 3) else None
    if bias is None:
        bias = np.zeros((len(given[1]), 2 * len(gates) * hidden), np.float32)
    return {1: turned(given[1]), 2: turned(given[2]), 3: turned(bias, parts=2)}


def _parameters(w: Tensor, r: Tensor, b: Tensor) -> list[Tensor]:
    """In torch's order: weights and biases of one direction after the other."""
    half = b.shape[1] // 2
    return [x for i in range(len(w)) for x in (w[i], r[i], b[i, :half], b[i, half:])]


def _direction(node: Node) -> str:
    direction = node.attributes.get("direction", "forward")
    if direction not in ("forward", "reverse", "bidirectional"):
        raise refuse(node, f"goes in the direction {direction!r}")
    return direction


def _lstm(node: Node, given: Given) -> Built:
    direction = _direction(node)
    both, backward = direction == "bidirectional", direction == "reverse"

    def lstm(
        x: Tensor,
        w: Tensor,
        r: Tensor,
        b: Tensor,
        lengths: None = None,
        hidden: Tensor | None = None,
        cell: Tensor | None = None,
        *_: None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        zero = x.new_zeros(len(w), x.shape[1], r.shape[-1])
        state = zero if hidden is None else hidden, zero if cell is None else cell
        x = x.flip(0) if backward else x
        y, h, c = torch.lstm(x, state, _parameters(w, r, b), True, 1, 0.0, False, both, False)
        y = y.reshape(*y.shape[:2], len(w), -1).transpose(1, 2)
        return y.flip(0) if backward else y, h, c

    return Built(lstm, _weights(node, given, _LSTM_GATES))


def _gru(node: Node, given: Given) -> Built:
    direction = _direction(node)
    both, backward = direction == "bidirectional", direction == "reverse"
    if not node.attributes.get("linear_before_reset"):
        raise refuse(node, "resets before it multiplies (linear_before_reset=0)")

    def gru(
        x: Tensor,
        w: Tensor,
        r: Tensor,
        b: Tensor,
        lengths: None = None,
        hidden: Tensor | None = None,
        *_: None,
    ) -> tuple[Tensor, Tensor]:
        state = x.new_zeros(len(w), x.shape[1], r.shape[-1]) if hidden is None else hidden
        x = x.flip(0) if backward else x
        y, h = torch.gru(x, state, _parameters(w, r, b), True, 1, 0.0, False, both, False)
        y = y.reshape(*y.shape[:2], len(w), -1).transpose(1, 2)
        return y.flip(0) if backward else y, h

    return Built(gru, _weights(node, given, _GRU_GATES))


RECURRENT = computing({"GRU": _gru, "LSTM": _lstm})
