"""A graph on the device: `OnnxNetwork` with the same arguments and results."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from lightning_v2.deployment.lowering.graph.missing import MISSING
from lightning_v2.deployment.lowering.graph.movement import MOVEMENT
from lightning_v2.deployment.lowering.graph.parts import SHAPES, SITES, Step, parts
from lightning_v2.deployment.lowering.graph.runner import GraphRunner, Send
from lightning_v2.deployment.lowering.graph.shapes import META, ShapeOps, shape_store
from lightning_v2.deployment.lowering.graph.value import Refusal, Value
from lightning_v2.deployment.lowering.runner import DeviceTensor, Upload
from lightning_v2.onnx.network import GIVEN, OnnxNetwork, Site
from lightning_v2.onnx.operations.noise import seeded

Values = dict[str, Any]
"""Value of the graph -> a tensor of the host, or a `Value` of the device."""


class LoweredGraph:
    """The graph of a voice, run by `runner`.

    Every part is gone through twice: with shapes alone, which tells what the host has to send, and
    then on the device, where nothing may wait for the host.
    """

    def __init__(self, network: OnnxNetwork, runner: GraphRunner):
        self._network, self._run = network, runner
        self._shapes = GraphRunner(ShapeOps(), runner.precision, store=shape_store)
        self._parts = parts(network)

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
        pinned, cut = pinned or {}, self._parts
        outputs = [*self._network.graph.outputs, *also]
        wanted = [name for name in outputs if name not in stay]
        values: Values = {**inputs, **self._constants()}
        fetched: dict[str, Tensor] = {}
        with seeded(seed):
            for part in range(cut.count):
                to_host, to_stay = cut.fetched(wanted), cut.kept(stay)
                self._run_part(part, values, fetched, pinned, to_host, to_stay)
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

    def _run_part(
        self,
        part: int,
        values: Values,
        fetched: dict[str, Tensor],
        pinned: Mapping[str, Tensor],
        to_host: set[str],
        to_stay: set[str],
    ) -> None:
        cut, steps = self._parts, self._parts.of(part)
        made = {value for step in steps for value in step.node.outputs}
        held = {
            name: values[name]
            for step in steps
            for name in step.node.inputs
            if isinstance(values.get(name), Value) and step.on_device
        }
        uploads: dict[str, Upload] = {}

        def send(name: str, upload: Upload) -> DeviceTensor:
            uploads[name] = upload
            return torch.empty(upload.values.shape, device=META)

        inputs = {
            name: values[name]
            for name in cut.sent
            if any(step.on_device and name in step.node.inputs for step in steps)
        }
        fetched |= inputs
        shapes = {**values, **{name: _shape_of(x) for name, x in held.items()}}
        with _sending(self._shapes, send):
            shapes |= self._entered(self._shapes, inputs)
            for step in steps:
                shapes |= self._made(self._shapes, step, shapes, fetched, pinned)
        mine = [name for name in cut.on_device if name in made and name in shapes]
        # Of values of the device only the shape, until a tensor of theirs is kept.
        values.update({name: shapes[name] for name in made if name in shapes})
        kept = [name for name in mine if name in to_stay]
        read = [name for name in mine if name in to_host and name not in pinned]
        fetched |= {x: pinned[x].reshape(shapes[x].shape) for x in mine if x in pinned}
        if not any(step.on_device for step in steps):
            return

        def compute(**operands: DeviceTensor) -> tuple:
            real = {**values}
            real |= {name: replace(x, tensor=operands[f"of.{name}"]) for name, x in held.items()}
            with _sending(self._run, lambda name, upload: operands[name]):
                real |= self._entered(self._run, inputs)
                for step, done in _with_last_uses(steps, {*kept, *read}):
                    real |= self._made(self._run, step, real, fetched, pinned)
                    # L1 is free for others once the last name of a tensor is gone.
                    for name in done:
                        del real[name]
            return tuple(real[x].tensor for x in kept), tuple(real[x].tensor for x in read)

        tensors = {f"of.{name}": x.tensor for name, x in held.items()}
        longest = max(shapes[name].tensor.shape[-2] for name in mine)
        stage = f"part {part + 1}, rows {longest}"
        stayed, found = self._run.stage(stage, compute, uploads, **tensors)
        for name, tensor in zip(kept, stayed, strict=True):
            values[name] = replace(shapes[name], tensor=tensor)
        for name, tensor in zip(read, found, strict=True):
            fetched[name] = shapes[name].seen(tensor)

    def _entered(self, run: GraphRunner, inputs: Mapping[str, Tensor]) -> Values:
        """Inputs of the graph on the device."""
        return {name: run.entered(name, x, self._parts.sent[name]) for name, x in inputs.items()}

    def _made(
        self,
        run: GraphRunner,
        step: Step,
        values: Values,
        fetched: dict[str, Tensor],
        pinned: Mapping[str, Tensor],
    ) -> Values:
        """What one node makes, or what is given in place of it."""
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
            result = step.run(*[_on_host(name, values, fetched) for name in given(step)])
        results = result if isinstance(result, tuple | list) else [result]
        made = {name: x for name, x in zip(node.outputs, results, strict=False) if name}
        return made | {
            name: _pinned(run, name, pinned[name], x) for name, x in made.items() if name in pinned
        }


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
