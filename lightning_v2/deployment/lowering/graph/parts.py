"""Which nodes of a graph run together on the device, and what the host does between.

A part is what can run without asking the host: it ends where the host needs values of the device,
to round durations, and the next one begins with what the host made of them. Shapes are known
without values, so that whatever counts them stays inside a part.
"""

from collections.abc import Collection
from dataclasses import dataclass

from torch import nn

from lightning_v2.deployment.lowering.graph.products import PRODUCTS
from lightning_v2.deployment.lowering.graph.vectors import VECTORS
from lightning_v2.onnx.graph import Node
from lightning_v2.onnx.network import OnnxNetwork

SITES = {**PRODUCTS, **VECTORS}
"""ONNX operation that computes -> its lowering."""

SHAPES = ("Shape", "Size", "RandomNormalLike", "RandomUniformLike", "EyeLike")
"""Operations that ask for no values: the host runs them as soon as it knows a shape."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One node.

    Attributes:
        node: of the graph.
        run: what computes it on the host, from the values that it is given.
        name: of its site, or of the module that holds its constants, or of its first output.
        is_site: whether it computes.
        on_device: where it runs.
        part: in which part.
    """

    node: Node
    run: object
    name: str
    is_site: bool
    on_device: bool
    part: int


@dataclass(frozen=True, slots=True)
class Parts:
    """A graph, cut into parts.

    Attributes:
        steps: in an order in which they can run.
        on_device: value -> the part that makes it; all other values are the host's.
        sent: inputs of the graph that go to the device as they are -> whether axes of a sentence
            come last, as a convolution has them.
    """

    steps: list[Step]
    on_device: dict[str, int]
    sent: dict[str, bool]

    @property
    def count(self) -> int:
        return 1 + max((step.part for step in self.steps), default=0)

    def of(self, part: int) -> list[Step]:
        """Steps of one part."""
        return [step for step in self.steps if step.part == part]

    def fetched(self, wanted: Collection[str]) -> set[str]:
        """Values of the device that the host needs: `wanted`, and operands of its own nodes."""
        needed = {*wanted}
        for step in self.steps:
            if not step.on_device and step.node.op not in SHAPES:
                needed.update(step.node.inputs)
        return needed & self.on_device.keys()

    def kept(self, wanted: Collection[str]) -> set[str]:
        """Values of the device that a later part needs: `wanted`, and operands of its nodes."""
        needed = {*wanted}
        for step in self.steps:
            if step.on_device or step.node.op in SHAPES:
                needed.update(
                    name
                    for name in step.node.inputs
                    if name in self.on_device and self.on_device[name] < step.part
                )
        return needed & self.on_device.keys()


def parts(network: OnnxNetwork) -> Parts:
    """The parts of a network.

    What depends on nothing that the device computed stays on the host, and so does what counts.
    The device begins where rows of a known table are looked up, and where an input of the graph is
    multiplied.
    """
    paths = {id(module): path for path, module in network.named_modules()}
    types, kinds = network.graph.types(), network.kinds
    sent = _sent(network)
    steps, device = [], dict.fromkeys(sent, 0)
    host: dict[str, int] = {}
    for node, run in network.runs:
        name = paths.get(id(run), node.output)
        inputs = [value for value in node.inputs if value]
        mine = [device[value] for value in inputs if value in device]
        begun = max([0, *mine, *(host.get(value, 0) for value in inputs)])
        is_float = types[node.output].kind == "f" and node.op not in SHAPES
        counts = isinstance(run, nn.Module) and getattr(run, "on_host", False)
        on_device = is_float and not counts and (bool(mine) or _looks_up(node, network))
        if not on_device and mine and node.op not in SHAPES:
            begun = max(begun, max(mine) + 1)
        steps.append(Step(node, run, name, name in kinds, on_device, begun))
        for value in node.outputs:
            (device if on_device else host)[value] = begun
    return Parts(steps, device, sent)


def _sent(network: OnnxNetwork) -> dict[str, bool]:
    """Inputs of floating-point values that a product reads; see `Parts`."""
    graph = network.graph
    found: dict[str, bool] = {}
    for node in graph.nodes:
        for name in node.inputs[:1]:
            if node.op in PRODUCTS and name in graph.inputs and graph.inputs[name].kind == "f":
                found[name] = found.get(name, False) or node.op.startswith("Conv")
    return found


def _looks_up(node: Node, network: OnnxNetwork) -> bool:
    """Whether a node takes rows of a table that is known."""
    table = network.graph.constants.get(node.inputs[0]) if node.inputs else None
    return node.op == "Gather" and table is not None and table.ndim == 2 and table.dtype.kind == "f"
