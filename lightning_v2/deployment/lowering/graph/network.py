"""A graph on the device: `OnnxNetwork` with the same arguments and results."""

from collections.abc import Collection, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from lightning_v2.deployment.lowering.graph.movement import MOVEMENT
from lightning_v2.deployment.lowering.graph.parts import SHAPES, SITES, Parts, Step, parts
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
        self._parts = lru_cache(lambda pinned: parts(network, pinned))

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
        pinned = pinned or {}
        cut = self._parts(frozenset(pinned))
        outputs = [*self._network.graph.outputs, *also]
        wanted = [name for name in outputs if name not in stay]
        values: Values = {**inputs, **self._constants(), **pinned}
        fetched: dict[str, Tensor] = {}
        with seeded(seed):
            for part in range(cut.count):
                self._run_part(cut, part, values, fetched, cut.fetched(wanted), cut.kept(stay))
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
        cut: Parts,
        part: int,
        values: Values,
        fetched: dict[str, Tensor],
        to_host: set[str],
        to_stay: set[str],
    ) -> None:
        steps = cut.of(part)
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

        shapes = {**values, **{name: _shape_of(x) for name, x in held.items()}}
        with _sending(self._shapes, send):
            for step in steps:
                for name, x in self._made(self._shapes, step, shapes, fetched):
                    shapes[name] = _pinned(shapes[name], x) if name in cut.pinned else x
        mine = [name for name in cut.on_device if name in made and name in shapes]
        # Of values of the device only the shape, until a tensor of theirs is kept.
        values.update({name: shapes[name] for name in made if name in shapes})
        kept = [name for name in mine if name in to_stay]
        read = [name for name in mine if name in to_host]
        if not any(step.on_device for step in steps):
            return

        def compute(**operands: DeviceTensor) -> tuple:
            real = {**values}
            real |= {name: replace(x, tensor=operands[f"of.{name}"]) for name, x in held.items()}
            with _sending(self._run, lambda name, upload: operands[name]):
                for step in steps:
                    if step.on_device:
                        made = self._made(self._run, step, real, fetched)
                        real |= {name: x for name, x in made if name not in cut.pinned}
            return tuple(real[x].tensor for x in kept), tuple(real[x].tensor for x in read)

        tensors = {f"of.{name}": x.tensor for name, x in held.items()}
        stayed, found = self._run.stage(f"part {part + 1}", compute, uploads, **tensors)
        for name, tensor in zip(kept, stayed, strict=True):
            values[name] = replace(shapes[name], tensor=tensor)
        for name, tensor in zip(read, found, strict=True):
            fetched[name] = shapes[name].seen(tensor)

    def _made(
        self, run: GraphRunner, step: Step, values: Values, fetched: dict[str, Tensor]
    ) -> list[tuple[str, Any]]:
        """What one node makes, by name."""
        node = step.node
        if step.on_device:
            operands = _operands(step, values)
            try:
                result = _lowered(run, step, operands)
            except Refusal as refusal:
                refusal.add_note(f"in {node.op} at {step.name}")
                raise
            if step.is_site:
                kind = run.sites[step.name]
                run.observed(step.name, kind, step.run, _runtime(operands), result)
        elif node.op in SHAPES and isinstance(values[node.inputs[0]], Value):
            result = step.run(torch.empty(values[node.inputs[0]].shape, device=META))
        else:
            result = step.run(*[_on_host(name, values, fetched) for name in given(step)])
        results = result if isinstance(result, tuple | list) else [result]
        return [(name, x) for name, x in zip(node.outputs, results, strict=False) if name]


def _lowered(run: GraphRunner, step: Step, operands: list[object]) -> Value | tuple[Value, ...]:
    table = SITES if step.is_site else MOVEMENT
    lower = table.get(step.node.op)
    if lower is None:
        raise Refusal("there is no lowering of this operation")
    return lower(run, step.node, step.name, *operands)


def given(step: Step) -> list[str]:
    """Names of the values that the host's function of a node takes."""
    if not isinstance(step.run, Site):
        return [name for name in step.node.inputs if name]
    return [
        name
        for name, place in zip(step.node.inputs, step.run.arguments, strict=False)
        if place is GIVEN
    ]


def _operands(step: Step, values: Values) -> list[object]:
    """What a lowering takes for each input of a node: values, constants, numbers, None."""
    if not isinstance(step.run, Site):
        return [values[name] if name else None for name in step.node.inputs]
    pairs = zip(step.node.inputs, step.run.arguments, strict=False)
    return [values[name] if place is GIVEN else place for name, place in pairs]


def _runtime(operands: list[object]) -> list[object]:
    """Those operands that the module of a site takes in a run."""
    return [
        x for x in operands if isinstance(x, Value | Tensor) and not isinstance(x, nn.Parameter)
    ]


def _on_host(name: str, values: Values, fetched: dict[str, Tensor]) -> Tensor:
    return fetched[name] if isinstance(values[name], Value) else values[name]


def _pinned(value: Tensor, computed: Value | Tensor) -> Tensor:
    """A value that is given, in the shape of what is computed there."""
    return value.reshape(computed.shape)


def _shape_of(x: Value) -> Value:
    return replace(x, tensor=torch.empty(tuple(x.tensor.shape), device=META))


@contextmanager
def _sending(run: GraphRunner, send: Send):
    before, run.send = run.send, send
    try:
        yield
    finally:
        run.send = before
