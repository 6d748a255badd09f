"""A graph on the device: `OnnxNetwork` with the same arguments and results."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from lightning_v2.deployment.lowering.constant import DeviceTensor
from lightning_v2.deployment.lowering.graph.missing import MISSING
from lightning_v2.deployment.lowering.graph.movement import MOVEMENT
from lightning_v2.deployment.lowering.graph.parts import SHAPES, SITES, Step, parts
from lightning_v2.deployment.lowering.graph.runner import GraphRunner, Send
from lightning_v2.deployment.lowering.graph.shapes import META, ShapeOps, shape_store
from lightning_v2.deployment.lowering.graph.value import Refusal, Value
from lightning_v2.deployment.lowering.stage import Upload
from lightning_v2.onnx.network import GIVEN, OnnxNetwork, Site
from lightning_v2.onnx.operations.noise import seeded

Outputs = tuple[tuple[DeviceTensor, ...], tuple[DeviceTensor, ...]]

Values = dict[str, Any]
"""Value of the graph -> a tensor of the host, or a `Value` of the device."""


@dataclass(frozen=True, slots=True)
class _State:
    """Where one run stands.

    Attributes:
        values: by name; of those of the device only the shape, unless a later part needs them.
        fetched: of values of the device, what the host has.
        pinned: values that are given, whatever their nodes compute.
    """

    values: Values
    fetched: dict[str, Tensor]
    pinned: Mapping[str, Tensor]


class LoweredGraph:
    """The graph of a voice, run by `runner`.

    Every part is gone through twice: with shapes alone, which tells what the host has to send, and
    then on the device, where nothing may wait for the host.
    """

    def __init__(self, network: OnnxNetwork, runner: GraphRunner):
        self._network, self._run, self._parts = network, runner, parts(network)
        self._shapes = GraphRunner(ShapeOps(), runner.precision, store=shape_store)

    def __call__(
        self,
        inputs: Mapping[str, Tensor],
        *,
        seed: int = 0,
        pinned: Mapping[str, Tensor] | None = None,
        also: Iterable[str] = (),
        stay: Collection[str] = (),
    ) -> Values:
        """Run the graph; arguments as those of `OnnxNetwork.forward`.

        stay: values that are wanted on the device, as `Value`s.

        Raises:
            Refusal: a node has no lowering; a note names it.
        """
        outputs = [*self._network.graph.outputs, *also]
        read = self._parts.fetched([name for name in outputs if name not in stay])
        kept = self._parts.kept(stay)
        state = _State({**inputs, **self._constants()}, {}, pinned or {})
        with seeded(seed):
            for part in range(self._parts.count):
                self._run_part(part, state, read, kept)
        values, fetched = state.values, state.fetched
        return {
            name: values[name] if name in stay else fetched.get(name, values.get(name))
            for name in (*outputs, *stay)
        }

    def _constants(self) -> Values:
        """Integers and truth values that are known."""
        constants = self._network.graph.constants
        return {
            name: torch.from_numpy(x.copy()) for name, x in constants.items() if x.dtype.kind != "f"
        }

    def _run_part(self, part: int, state: _State, to_host: set[str], to_stay: set[str]) -> None:
        """One part; to_host, to_stay: values of the device that somebody needs afterwards."""
        steps, values = self._parts.of(part), state.values
        read_here = {name for step in steps if step.on_device for name in step.node.inputs}
        held = {name: values[name] for name in read_here if isinstance(values.get(name), Value)}
        inputs = {name: values[name] for name in self._parts.sent if name in read_here}
        state.fetched.update(inputs)
        uploads: dict[str, Upload] = {}
        # Numbered: a part is the same one for every length that is padded to the same.
        numbers: dict[str, str] = {}

        def register(name: str, upload: Upload) -> DeviceTensor:
            number = numbers.setdefault(name, f"{name.partition('.')[0]}.{len(numbers)}")
            uploads[number] = upload
            return torch.empty(upload.values.shape, device=META)

        shapes = {**values, **{name: _shape_of(x) for name, x in held.items()}}
        made: Values = {}
        with _sending(self._shapes, register):
            shapes |= self._entered(self._shapes, inputs)
            for step in steps:
                found = self._made(self._shapes, step, shapes, state)
                shapes |= found
                made |= found
        values.update(made)
        mine = [name for name, x in made.items() if isinstance(x, Value)]
        pinned = {name: state.pinned[name] for name in mine if name in state.pinned}
        state.fetched.update({name: x.reshape(made[name].shape) for name, x in pinned.items()})
        if not mine:
            return
        kept = [name for name in mine if name in to_stay]
        read = [name for name in mine if name in to_host and name not in pinned]

        def compute(**operands: DeviceTensor) -> Outputs:
            real = {**values}
            real |= {name: replace(x, tensor=operands[f"of.{name}"]) for name, x in held.items()}
            with _sending(self._run, lambda name, upload: operands[numbers[name]]):
                real |= self._entered(self._run, inputs)
                for step, done in _with_last_uses(steps, {*kept, *read}):
                    real |= self._made(self._run, step, real, state)
                    # L1 is free for others once the last name of a tensor is gone.
                    for name in done:
                        del real[name]
            return tuple(real[x].tensor for x in kept), tuple(real[x].tensor for x in read)

        longest = max(made[name].tensor.shape[-2] for name in mine)
        stage = f"part {part + 1}, rows {longest}"
        tensors = {f"of.{name}": x.tensor for name, x in held.items()}
        stayed, found = self._run.stage(stage, compute, uploads, **tensors)
        for name, tensor in zip(kept, stayed, strict=True):
            values[name] = replace(made[name], tensor=tensor)
        for name, tensor in zip(read, found, strict=True):
            state.fetched[name] = made[name].seen(tensor)

    def _entered(self, run: GraphRunner, inputs: Mapping[str, Tensor]) -> Values:
        """Inputs of the graph on the device."""
        return {name: run.entered(name, x, self._parts.sent[name]) for name, x in inputs.items()}

    def _made(self, run: GraphRunner, step: Step, values: Values, state: _State) -> Values:
        """What one node makes of `values`, or what is given in place of it."""
        node = step.node
        if step.on_device:
            arguments = operands(step, values)
            try:
                result = lowered(run, step, arguments)
            except Refusal as refusal:
                refusal.add_note(f"in {node.op} at {step.name}")
                raise
            if step.is_site:
                kind = run.sites[step.name]
                run.observed(step.name, kind, step.run, _runtime(arguments), result)
        elif node.op in SHAPES and isinstance(values[node.inputs[0]], Value):
            result = step.run(torch.empty(values[node.inputs[0]].shape, device=META))
        else:
            result = step.run(*[_on_host(name, values, state.fetched) for name in given(step)])
        results = result if isinstance(result, tuple | list) else [result]
        made = {name: x for name, x in zip(node.outputs, results, strict=False) if name}
        pinned = {name: state.pinned[name] for name in made if name in state.pinned}
        return made | {name: _pinned(run, name, x, made[name]) for name, x in pinned.items()}


def lowered(run: GraphRunner, step: Step, arguments: list[object]) -> Value | tuple[Value, ...]:
    """What a node makes on the device.

    arguments: as `operands` gives them.

    Raises:
        Refusal: it has no lowering.
    """
    table = SITES if step.is_site else MOVEMENT
    lower = table.get(step.node.op)
    if lower is None:
        raise Refusal(MISSING.get(step.node.op, "this operation has no lowering"))
    return lower(run, step.node, step.name, *arguments)


def given(step: Step) -> list[str]:
    """Names of the values that the host's function of a node takes."""
    if not isinstance(step.run, Site):
        return [name for name in step.node.inputs if name]
    return [
        name
        for name, place in zip(step.node.inputs, step.run.arguments, strict=False)
        if place is GIVEN
    ]


def operands(step: Step, values: Values) -> list[object]:
    """What a lowering takes for each input of a node: values, constants, numbers, None."""
    if not isinstance(step.run, Site):
        return [values[name] if name else None for name in step.node.inputs]
    pairs = zip(step.node.inputs, step.run.arguments, strict=False)
    return [values[name] if place is GIVEN else place for name, place in pairs]


def _runtime(arguments: list[object]) -> list[object]:
    """Those operands that the module of a site takes in a run."""
    return [
        x for x in arguments if isinstance(x, Value | Tensor) and not isinstance(x, nn.Parameter)
    ]


def _with_last_uses(steps: list[Step], wanted: set[str]) -> Iterator[tuple[Step, list[str]]]:
    """Each step of the device, and the values of this part that nobody in it reads afterwards."""
    mine = [step for step in steps if step.on_device]
    made = {name for step in mine for name in step.node.outputs if name} - wanted
    last = {}
    for i, step in enumerate(mine):
        last |= {name: i for name in (*step.node.inputs, *step.node.outputs) if name in made}
    for i, step in enumerate(mine):
        yield step, [name for name, at in last.items() if at == i]


def _on_host(name: str, values: Values, fetched: dict[str, Tensor]) -> Tensor:
    return fetched[name] if isinstance(values[name], Value) else values[name]


def _pinned(run: GraphRunner, name: str, given: Tensor, computed: Value | Tensor) -> Value | Tensor:
    """A value that is given, where and as that lies which is computed there."""
    given = given.reshape(computed.shape)
    if not isinstance(computed, Value):
        return given.to(computed.dtype)
    return run.as_value(f"given.{name}", given, computed, computed.dtype)


def _shape_of(x: Value) -> Value:
    return replace(x, tensor=torch.empty(tuple(x.tensor.shape), device=META))


@contextmanager
def _sending(run: GraphRunner, send: Send):
    before, run.send = run.send, send
    try:
        yield
    finally:
        run.send = before
