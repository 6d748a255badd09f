"""Recurrent layers and contractions, as the operations of the device that they are made of.

ttnn has no such operations: what a caller would write with linear, sigmoid, tanh, multiply and add
runs here at one site, under one precision. Letters: T time, B batch, I input, H hidden.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import nn

from lightning_v2.errors import NoRuleError
from lightning_v2.tensix.intercept.rules import calls
from lightning_v2.tensix.intercept.rules.execution import Execution
from lightning_v2.tensix.numbers.constants import Constants
from lightning_v2.tensix.numbers.sites import SitePrecision
from lightning_v2.tensix.numbers.tensor import Tensor

Step = Callable[[Execution, Tensor, list[Tensor], Callable[[Tensor], Tensor]], list[Tensor]]


def lstm(precision, constants, input, *arguments):
    """`torch.lstm`, behind `torch.nn.LSTM` -> output, last hidden states, last cell states."""
    return _network(precision, constants, _lstm_step, input, *arguments)


def gru(precision, constants, input, *arguments):
    """`torch.gru`, behind `torch.nn.GRU` -> output, last hidden states."""
    return _network(precision, constants, _gru_step, input, *arguments)


def rnn(activation: str) -> Callable:
    """Lowering of `torch.rnn_tanh` or `rnn_relu`, behind `torch.nn.RNN`."""

    def lower(precision, constants, input, *arguments):
        return _network(precision, constants, _rnn_step(activation), input, *arguments)

    return lower


def lstm_cell(precision, constants, input, hx, *weights):
    """`torch.lstm_cell`, behind `torch.nn.LSTMCell` -> hidden state, cell state."""
    hidden, cell = _cell(precision, constants, _lstm_step, input, hx, weights)
    return hidden, cell


def gru_cell(precision, constants, input, hx, *weights):
    """`torch.gru_cell`, behind `torch.nn.GRUCell` -> hidden state."""
    return _cell(precision, constants, _gru_step, input, (hx,), weights)[0]


def rnn_cell(activation: str) -> Callable:
    """Lowering of `torch.rnn_tanh_cell` or `rnn_relu_cell`, behind `torch.nn.RNNCell`."""

    def lower(precision, constants, input, hx, *weights):
        return _cell(precision, constants, _rnn_step(activation), input, (hx,), weights)[0]

    return lower


def einsum(precision, constants, equation, *operands) -> torch.Tensor:
    """`torch.einsum` of two tensors, as one matmul; the first operand is in0.

    Raises:
        NoRuleError: repeated or lone indices, an ellipsis, or not two operands.
    """
    if len(operands) == 1 and isinstance(operands[0], list | tuple):
        operands = operands[0]
    inputs, arrow, output = equation.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if len(terms) != 2 or "." in equation or any(len(set(t)) != len(t) for t in (*terms, output)):
        raise NoRuleError(f"einsum {equation!r} has no rule")
    first, second = terms
    if not arrow:
        output = "".join(sorted(set(first) ^ set(second)))
    shared = set(first) & set(second)
    summed = [c for c in first if c in shared and c not in output]
    batch = [c for c in output if c in shared]
    rows = [c for c in first if c not in shared]
    columns = [c for c in second if c not in shared]
    if set(output) != {*batch, *rows, *columns}:
        raise NoRuleError(f"einsum {equation!r} has no rule")
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


def cell_macs(values: list[object], result: object) -> int:
    """Multiply-adds of a recurrent cell on values[0] (B, I) or (I,)."""
    rows = values[0].numel() // values[0].shape[-1]
    weights = [x for x in values if isinstance(x, nn.Parameter) and x.dim() == 2]
    return rows * sum(x.numel() for x in weights)


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


def _network(precision, constants, step, input, *arguments) -> tuple[torch.Tensor, ...]:
    """What torch.lstm and its relatives return, for either form of their arguments.

    A packed sequence is (sum of lengths, I) with the number of sequences that each time step has.
    """
    if isinstance(arguments[2], bool):
        hx, params, has_biases, num_layers, *options, batch_first = arguments
        input = input.transpose(0, 1) if batch_first else input
        sizes = None
    else:
        sizes, hx, params, has_biases, num_layers, *options = arguments
        batch_first, sizes = False, sizes.tolist()
    states = hx if isinstance(hx, list | tuple) else (hx,)
    dropout, train, bidirectional = options
    directions = 2 if bidirectional else 1
    if len(params) != num_layers * directions * (4 if has_biases else 2) or (dropout and train):
        raise NoRuleError("projections and dropout have no rule")
    unbatched = sizes is None and input.dim() == 2
    if unbatched:
        input, states = input.unsqueeze(1), [h.unsqueeze(1) for h in states]
    x = input if sizes is None else input.split(sizes)
    output, last = _layers(precision, constants, x, states, params, directions, step)
    output = torch.stack(output) if sizes is None else torch.cat(output)
    if unbatched:
        output, last = output.squeeze(1), [h.squeeze(1) for h in last]
    return output.transpose(0, 1) if batch_first else output, *last


def _layers(
    precision: SitePrecision,
    constants: Constants,
    x: Sequence[torch.Tensor],
    hx: Sequence[torch.Tensor],
    params: Sequence[torch.Tensor],
    directions: int,
    step: Step,
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Layers and directions one after the other on x, (B, I) at each time step."""
    run = calls.execution(precision)
    count = len(hx[0])
    each = len(params) // count
    last: list[list[torch.Tensor]] = [[] for _ in hx]
    for layer in range(count // directions):
        outputs = []
        for index in range(layer * directions, (layer + 1) * directions):
            weights = _stored(params[index * each : (index + 1) * each], precision, constants)
            states = [h[index] for h in hx]
            backwards = index % directions == 1
            sequence = list(x)[::-1] if backwards else list(x)
            output, states = _sequence(run, sequence, states, weights, step)
            outputs.append(output[::-1] if backwards else output)
            for kept, state in zip(last, states, strict=True):
                kept.append(state)
        x = [torch.cat(parts, -1) for parts in zip(*outputs, strict=True)]
    return x, [torch.stack(states) for states in last]


def _sequence(run, x, states, weights, step):
    """One direction of one layer on a list x; sequences without a step keep their state."""
    w_input, w_hidden, b_input, b_hidden = weights
    sizes = [len(part) for part in x]
    gates = run.linear(calls.activation(torch.cat(x)), w_input, b_input)
    outputs = []
    for part in gates.values.split(sizes):
        size = len(part)
        before = [calls.activation(h[:size]) for h in states]
        after = step(
            run, Tensor(part, gates.dtype), before, lambda h: run.linear(h, w_hidden, b_hidden)
        )
        new = [state.values for state in after]
        states = [
            n if size == len(h) else torch.cat((n, h[size:]))
            for n, h in zip(new, states, strict=True)
        ]
        outputs.append(new[0])
    return outputs, states


def _cell(precision, constants, step, input, hx, weights):
    """One time step of input (B, I) or (I,) -> the new states (B, H) or (H,)."""
    weights = _stored([w for w in weights if w is not None], precision, constants)
    unbatched = input.dim() == 1
    if unbatched:
        input, hx = input.unsqueeze(0), [h.unsqueeze(0) for h in hx]
    run = calls.execution(precision)
    _, states = _sequence(run, [input], list(hx), weights, step)
    return [h.squeeze(0) for h in states] if unbatched else states


def _stored(weights, precision, constants):
    """Both matrices and both biases, of which there may be none."""
    matrices = []
    for w in weights[:2]:
        owner = constants.owner(w)
        matrices.append(calls.weights(w.t(), precision, w if owner is None else owner))
    rows = [calls.vector(b, precision, constants) for b in weights[2:]] or [None, None]
    return *matrices, *rows


def _rnn_step(activation):
    def step(run, gates, state, recurrent):
        return [run.unary(activation, run.binary("add", gates, recurrent(state[0])))]

    return step


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
