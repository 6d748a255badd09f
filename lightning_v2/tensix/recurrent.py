"""Recurrent layers and contractions, as the operations of the device that they are made of.

ttnn has no such operations: what a caller would write with linear, sigmoid, tanh, multiply and add
runs here at one site, under one precision. Letters: T time, B batch, I input, H hidden.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import nn

from lightning_v2.tensix import calls
from lightning_v2.tensix.constants import Constants
from lightning_v2.tensix.execution import Execution
from lightning_v2.tensix.sites import SitePrecision
from lightning_v2.tensix.tensor import Tensor

Step = Callable[[Execution, Tensor, list[Tensor], Callable[[Tensor], Tensor]], list[Tensor]]


def lstm(precision, constants, input, hx, params, has_biases, num_layers, *options):
    """`torch.lstm`, behind `torch.nn.LSTM` -> output, last hidden states, last cell states."""
    output, last = _layers(
        precision, constants, input, hx, params, has_biases, num_layers, options, _lstm_step
    )
    return output, *last


def gru(precision, constants, input, hx, params, has_biases, num_layers, *options):
    """`torch.gru`, behind `torch.nn.GRU` -> output, last hidden states."""
    output, last = _layers(
        precision, constants, input, (hx,), params, has_biases, num_layers, options, _gru_step
    )
    return output, *last


def rnn(activation: str) -> Callable:
    """Lowering of `torch.rnn_tanh` or `rnn_relu`, behind `torch.nn.RNN`."""

    def step(run, gates, state, recurrent):
        return [run.unary(activation, run.binary("add", gates, recurrent(state[0])))]

    def lower(precision, constants, input, hx, params, has_biases, num_layers, *options):
        output, last = _layers(
            precision, constants, input, (hx,), params, has_biases, num_layers, options, step
        )
        return output, *last

    return lower


def einsum(precision, constants, equation, *operands) -> torch.Tensor:
    """`torch.einsum` of two tensors, as one matmul; the first operand is in0.

    Raises:
        NotImplementedError: repeated or lone indices, an ellipsis, or not two operands.
    """
    if len(operands) == 1 and isinstance(operands[0], list | tuple):
        operands = operands[0]
    inputs, arrow, output = equation.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if len(terms) != 2 or "." in equation or any(len(set(t)) != len(t) for t in (*terms, output)):
        raise NotImplementedError(f"einsum {equation!r} has no rule")
    first, second = terms
    if not arrow:
        output = "".join(sorted(set(first) ^ set(second)))
    shared = set(first) & set(second)
    summed = [c for c in first if c in shared and c not in output]
    batch = [c for c in output if c in shared]
    rows = [c for c in first if c not in shared]
    columns = [c for c in second if c not in shared]
    if set(output) != {*batch, *rows, *columns}:
        raise NotImplementedError(f"einsum {equation!r} has no rule")
    sizes = dict(zip(first, operands[0].shape, strict=True))
    sizes |= dict(zip(second, operands[1].shape, strict=True))

    def arranged(x, term, *groups):
        moved = x.permute([term.index(c) for group in groups for c in group])
        lengths = [[sizes[c] for c in group] for group in groups]
        return moved.reshape(*lengths[0], *(torch.Size(size).numel() for size in lengths[1:]))

    a = arranged(operands[0], first, batch, rows, summed)
    b = arranged(operands[1], second, batch, summed, columns)
    result = calls.matmul(precision, constants, a, b)
    have = [*batch, *rows, *columns]
    return result.reshape([sizes[c] for c in have]).permute([have.index(c) for c in output])


def macs(values: list[object], result: tuple[torch.Tensor, ...]) -> int:
    """Multiply-adds of a recurrent layer: every matrix meets every time step of every sequence."""
    steps = result[0].numel() // result[0].shape[-1]
    return steps * sum(x.numel() for x in values if isinstance(x, nn.Parameter) and x.dim() == 2)


def einsum_macs(values: list[object], result: torch.Tensor) -> int:
    """Multiply-adds of an einsum: one for every combination of its indices."""
    equation, *operands = values
    terms = equation.replace(" ", "").partition("->")[0].split(",")
    if "." in equation or len(terms) != len(operands):
        return 0
    pairs = zip(terms, operands, strict=True)
    return math.prod(
        {c: n for term, x in pairs for c, n in zip(term, x.shape, strict=True)}.values()
    )


def _layers(
    precision: SitePrecision,
    constants: Constants,
    input: torch.Tensor,
    hx: tuple[torch.Tensor, ...],
    params: list[torch.Tensor],
    has_biases: bool,
    num_layers: int,
    options: tuple,
    step: Step,
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Layers and directions one after the other; see torch.nn.LSTM for the arguments."""
    if isinstance(hx, list) or not isinstance(has_biases, bool):
        raise NotImplementedError("packed sequences have no rule")
    dropout, train, bidirectional, batch_first = options
    directions = 2 if bidirectional else 1
    each = len(params) // (num_layers * directions)
    if each != (4 if has_biases else 2) or (dropout and train):
        raise NotImplementedError("projections and dropout have no rule")
    run = calls.execution(precision)
    x = input.transpose(0, 1) if batch_first else input
    last: list[list[torch.Tensor]] = [[] for _ in hx]
    for layer in range(num_layers):
        outputs = []
        for direction in range(directions):
            index = layer * directions + direction
            weights = params[index * each : (index + 1) * each]
            states = [calls.activation(h[index]) for h in hx]
            sequence = x.flip(0) if direction else x
            output, states = _sequence(run, sequence, states, weights, precision, constants, step)
            outputs.append(output.flip(0) if direction else output)
            for kept, state in zip(last, states, strict=True):
                kept.append(state.values)
        x = torch.cat(outputs, -1)
    output = x.transpose(0, 1) if batch_first else x
    return output, [torch.stack(states) for states in last]


def _sequence(run, x, states, weights, precision, constants, step):
    """One direction of one layer on x (T, B, I)."""
    stored = [
        calls.weights(w.t(), precision, constants.owner(w) if constants.owner(w) is not None else w)
        for w in weights[:2]
    ]
    rows = [calls.vector(b, precision, constants) for b in weights[2:]] or [None, None]
    gates = run.linear(calls.activation(x), stored[0], rows[0])
    outputs = []
    for time in range(len(x)):
        at_time = Tensor(gates.values[time], gates.dtype)
        states = step(run, at_time, states, lambda h: run.linear(h, stored[1], rows[1]))
        outputs.append(states[0].values)
    return torch.stack(outputs), states


def _lstm_step(run, gates, states, recurrent):
    hidden, cell = states
    total = run.binary("add", gates, recurrent(hidden))
    enter, forget, candidate, leave = _parts(total, 4)
    enter, forget, leave = (run.unary("sigmoid", g) for g in (enter, forget, leave))
    kept = run.binary("multiply", forget, cell)
    cell = run.binary("add", kept, run.binary("multiply", enter, run.unary("tanh", candidate)))
    return [run.binary("multiply", leave, run.unary("tanh", cell)), cell]


def _gru_step(run, gates, states, recurrent):
    hidden = states[0]
    reset, update, candidate = _parts(gates, 3)
    reset_h, update_h, candidate_h = _parts(recurrent(hidden), 3)
    reset = run.unary("sigmoid", run.binary("add", reset, reset_h))
    update = run.unary("sigmoid", run.binary("add", update, update_h))
    candidate = run.unary(
        "tanh", run.binary("add", candidate, run.binary("multiply", reset, candidate_h))
    )
    # n + z (h - n), the same as (1 - z) n + z h with one product less
    change = run.binary("multiply", update, run.binary("subtract", hidden, candidate))
    return [run.binary("add", candidate, change)]


def _parts(x: Tensor, count: int) -> list[Tensor]:
    return [Tensor(part, x.dtype) for part in x.values.chunk(count, -1)]
