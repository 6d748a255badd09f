"""An ONNX graph as a torch module whose sites have names."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from lightning_v2.executors import handed_over
from lightning_v2.onnx.errors import OnnxError
from lightning_v2.onnx.graph import Graph, Node
from lightning_v2.onnx.host import host_nodes
from lightning_v2.onnx.names import site_names
from lightning_v2.onnx.operations import OPERATIONS
from lightning_v2.onnx.operations.noise import seeded
from lightning_v2.onnx.operations.table import Function
from lightning_v2.onnx.passes.expansions import expand
from lightning_v2.onnx.passes.folding import fold
from lightning_v2.onnx.passes.fusions import fuse
from lightning_v2.onnx.reader import read


class Site(nn.Module):
    """One node that computes, with its constants as parameters.

    Attributes:
        op: the ONNX operation.
        one_site: true: the interception names its one call after the module itself.
        on_host: true where its values are counts (see `host`).
        calls: the function that it is of its arguments, mostly one of torch.
    """

    one_site = True

    def __init__(self, op: str, function: Function, arguments: list, on_host: bool):
        """arguments: a constant for each input that is known, else None for those of a run."""
        super().__init__()
        self.op, self.on_host, self.calls = op, on_host, function
        self._places = []
        for i, argument in enumerate(arguments):
            if isinstance(argument, nn.Parameter):
                self.register_parameter(f"constant_{i}", argument)
                self._places.append(f"constant_{i}")
            else:
                self._places.append(argument)

    @property
    def arguments(self) -> list:
        """For each input its constant, `GIVEN`, or None."""
        return [self._parameters.get(p, p) if type(p) is str else p for p in self._places]

    def forward(self, *values: Tensor | None) -> Tensor | tuple[Tensor, ...]:
        """values: of the inputs that are not known beforehand, in order."""
        return self.calls(*self.arguments_with(values))

    def arguments_with(self, values: Sequence[Tensor | None]) -> tuple:
        """Arguments of `calls`; values as of `forward`."""
        rest, parameters = iter(values), self._parameters
        return tuple(
            [
                parameters[place] if type(place) is str else next(rest) if place is GIVEN else place
                for place in self._places
            ]
        )


GIVEN = object()
"""Marks an argument that a run gives."""


class _Group(nn.Module):
    """A module of the exported model: only there to hold others by name."""


class OnnxNetwork(nn.Module):
    """A graph that runs on torch.

    Attributes:
        graph: as it runs, after folding.
        notes: what a reader should know, in sentences.
        kinds: name of a site -> ONNX operation, in the order in which they run.
    """

    def __init__(self, graph: Graph):
        super().__init__()
        self.graph, self.notes = graph, list(graph.notes)
        self.kinds: dict[str, str] = {}
        self._made_by: dict[str, str] = {}
        self._parameters_of: dict[str, nn.Parameter] = {}
        types = graph.types()
        hosted = host_nodes(graph, types)
        sites = {node.output for node in graph.nodes if self._is_site(node, types)}
        parts = [n for n in graph.nodes if n.output in sites or self._holds_constants(n)]
        names = site_names(parts)
        self._slots = {name: i for i, name in enumerate(types)}
        constants = {name for node in graph.nodes for name in node.inputs} & {*graph.constants}
        self._start: list[tuple[int, Tensor]] = [
            (self._slots[name], torch.from_numpy(np.array(graph.constants[name])))
            for name in constants
            if graph.constants[name].dtype.kind != "f"
        ]
        self._steps: list[tuple[str, list[int], list[int], nn.Module | Function]] = []
        self._handed_over = [self._computes(node, types) for node in graph.nodes]
        for node in graph.nodes:
            run, given = self._made(node, names.get(node.output), node.output in hosted)
            if node.output in sites and node.output not in hosted:
                name = names[node.output]
                self.kinds[name], self._made_by[name] = node.op, node.output
            inputs = [self._slots[name] if name else -1 for name in given]
            self._steps.append(
                (node.name, inputs, [self._slots[name] for name in node.outputs if name], run)
            )
        self._parameters_of.clear()
        self.eval().requires_grad_(False)

    @classmethod
    def load(cls, path: Path) -> Self:
        """The network of a file.

        Raises:
            MissingFileError: there is no such file.
            OnnxError: it cannot be used; the message says why.
        """
        graph = read(Path(path))
        expand(graph)
        fold(graph)
        fuse(graph)
        fold(graph)
        graph.sort()
        return cls(graph)

    @property
    def values(self) -> Iterable[str]:
        """Names of all values in the graph."""
        return self._slots.keys()

    @property
    def made_by(self) -> Mapping[str, str]:
        """Name of a site -> the value that it makes."""
        return self._made_by

    @property
    def runs(self) -> list[tuple[Node, nn.Module | Function]]:
        """Every node, in the order of a run, and what computes it: a `Site` if it has a name or
        constants."""
        return [(n, step[-1]) for n, step in zip(self.graph.nodes, self._steps, strict=True)]

    @property
    def counts(self) -> list[str]:
        """Values that are rounded to whole numbers: where a voice decides how long things last."""
        return [node.output for node in self.graph.nodes if node.op in ("Ceil", "Round")]

    def give_roles(self, roles: Mapping[str, str]) -> None:
        """Tell sites what their values are for.

        roles: first output of a node -> one of `tensix.ROLES`.
        """
        for name, output in self._made_by.items():
            self.get_submodule(name).role = roles.get(output, "")

    @staticmethod
    def _is_site(node: Node, types: dict[str, np.dtype]) -> bool:
        return OPERATIONS[node.op].computes and types[node.output].kind == "f"

    @staticmethod
    def _computes(node: Node, types: dict[str, np.dtype]) -> bool:
        """Whether who sees the calls of the network has to see that of a node: it computes with
        floating-point values, or such values leave torch in it."""
        values = filter(None, (*node.inputs, *node.outputs))
        floats = [name for name in values if types[name].kind == "f"]
        if OPERATIONS[node.op].computes:
            return bool(floats)
        return node.op in _READING and not {*node.inputs[1:]}.isdisjoint(floats)

    def _holds_constants(self, node: Node) -> bool:
        """Whether a node has numbers of its own, as one that looks rows up in a table does."""
        known = (self.graph.constants.get(name) for name in node.inputs if name)
        return any(x is not None and x.dtype.kind == "f" for x in known)

    def _made(
        self, node: Node, name: str | None, on_host: bool
    ) -> tuple[nn.Module | Function, list[str]]:
        """What runs a node, and the names of the values that it is given."""
        constants = self.graph.constants
        known = [constants.get(value) if value else None for value in node.inputs]
        built = OPERATIONS[node.op].function(node, known)
        function, arguments = built.function, []
        given = []
        for i, value in enumerate(node.inputs):
            array = built.constants.get(i, known[i])
            if not value:
                arguments.append(None)
            elif array is None or array.dtype.kind != "f":
                arguments.append(GIVEN)
                given.append(value)
            elif _is_scalar(array, node):
                arguments.append(float(array.ravel()[0]))
                function = _with_an_axis(function) if array.ndim else function
            else:
                arguments.append(self._parameter(value, array, i in built.constants))
        arguments += [
            self._parameter(f"{node.output}.{i}", array, True)
            for i, array in sorted(built.constants.items())
            if i >= len(node.inputs)
        ]
        if name is None and all(argument is GIVEN for argument in arguments):
            return function, given
        site = Site(node.op, function, arguments, on_host)
        if name is not None:
            self._add(name, site)
        return site, given

    def _parameter(self, name: str, array: np.ndarray, is_changed: bool) -> nn.Parameter:
        """One parameter for each constant, however many nodes read it."""
        key = f"{name} {array.shape}" if is_changed else name
        if key not in self._parameters_of:
            self._parameters_of[key] = nn.Parameter(torch.from_numpy(np.array(array)))
        return self._parameters_of[key]

    def _add(self, name: str, site: Site) -> None:
        *folders, last = name.split(".")
        module: nn.Module = self
        for folder in folders:
            if folder not in module._modules:
                module.add_module(folder, _Group())
            module = module._modules[folder]
        module.add_module(last, site)

    def forward(
        self,
        inputs: Mapping[str, Tensor],
        *,
        seed: int = 0,
        pinned: Mapping[str, Tensor] | None = None,
        also: Iterable[str] = (),
    ) -> dict[str, Tensor]:
        """Run the graph.

        Args:
            inputs: name -> value, for every input of the graph.
            seed: of random nodes.
            pinned: value in the graph -> what it is to be, whatever its node computes, in any shape
                of as many elements.
            also: values in the graph that are wanted besides the outputs.

        Raises:
            OnnxError: an input is missing or not in the graph, or a node fails on these inputs.
        """
        self._check(inputs, {*(pinned or ()), *also})
        values: list[Tensor | None] = [None] * (len(self._slots) + 1)
        for slot, constant in self._start:
            values[slot] = constant
        for name, value in inputs.items():
            values[self._slots[name]] = value
        pins = {self._slots[name]: value for name, value in (pinned or {}).items()}
        wanted = {name: self._slots[name] for name in (*self.graph.outputs, *also)}
        last = self._last_uses({*wanted.values()})
        with seeded(seed), handed_over(self) as step:
            for (name, given, made, run), done, computes in zip(
                self._steps, last, self._handed_over, strict=True
            ):
                operands = [values[i] for i in given]
                try:
                    if step is not None and computes:
                        result = step(run, operands)
                    else:
                        result = run(*operands)
                except (RuntimeError, IndexError, TypeError) as error:
                    shapes = [tuple(x.shape) for i in given if (x := values[i]) is not None]
                    raise OnnxError(
                        f"node {name} fails on inputs of shapes {shapes}: {error}"
                    ) from error
                if isinstance(result, Tensor):
                    values[made[0]] = result
                else:
                    for slot, part in zip(made, result, strict=False):
                        values[slot] = part
                for slot in made if pins else ():
                    if slot in pins:
                        values[slot] = _pinned(pins[slot], values[slot])
                for slot in done:
                    values[slot] = None
        return {name: values[slot] for name, slot in wanted.items()}

    def sites_needed(self, cut: Iterable[str]) -> set[str]:
        """Names of the sites that the outputs need where the values of `cut` are given."""
        wanted = {*self.graph.outputs} - {*cut}
        needed = set()
        for node in reversed(self.graph.nodes):
            if wanted.intersection(node.outputs) and not {*node.outputs} <= {*cut}:
                wanted.update(name for name in node.inputs if name not in {*cut})
                needed.add(node.output)
        return {name for name, output in self._made_by.items() if output in needed}

    def _check(self, inputs: Mapping[str, Tensor], inner: set[str]) -> None:
        expected = self.graph.inputs
        if missing := expected.keys() - inputs.keys():
            raise OnnxError(
                f"input {min(missing)!r} is missing; expected are {', '.join(expected)}"
            )
        if foreign := inputs.keys() - expected.keys():
            raise OnnxError(f"there is no input {min(foreign)!r}, known are {', '.join(expected)}")
        if foreign := inner - self._slots.keys():
            raise OnnxError(f"there is no value {min(foreign)!r} in the graph")

    def _last_uses(self, wanted: set[int]) -> list[list[int]]:
        """For each step the slots that nobody reads after it."""
        seen = {*wanted, *(slot for slot, _ in self._start), len(self._slots)}
        last = []
        for _, given, made, _ in reversed(self._steps):
            done = [slot for slot in {*given, *made} if slot not in seen and slot >= 0]
            seen.update(done)
            last.append(done)
        return last[::-1]


def _pinned(given: Tensor, computed: Tensor) -> Tensor:
    if given.numel() != computed.numel():
        raise OnnxError(f"{given.numel()} values are given where {computed.numel()} are computed")
    return given.reshape(computed.shape).to(computed.dtype)


def _is_scalar(array: np.ndarray, node: Node) -> bool:
    """Whether a constant may be a plain number, but for the axis that it gives to a number."""
    return array.size == 1 and array.ndim <= 1 and node.op in _WITH_NUMBERS


def _with_an_axis(function: Function) -> Function:
    """A function whose result has an axis at least."""

    def run(*values: object) -> Tensor:
        result = function(*values)
        return result if result.ndim else result.reshape(1)

    return run


_READING = {"Pad", "Range", "Resize", "Upsample"}
"""Which nodes look at values of later inputs: how far, how much, with what."""

_WITH_NUMBERS = {"Add", "Sub", "Mul", "Div", "Pow"}
