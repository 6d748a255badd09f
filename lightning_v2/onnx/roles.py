"""What the values of sites are for, read off a graph: by what an operation is and what it feeds.

Names say nothing here, so that it holds for any voice. `tensix.ROLES` says what each role means.
"""

from collections.abc import Callable, Iterable

from lightning_v2.onnx.graph import Graph, Node
from lightning_v2.onnx.operations import OPERATIONS
from lightning_v2.onnx.operations.matrix import MATRIX
from lightning_v2.onnx.operations.recurrent import RECURRENT

PRODUCTS = {*MATRIX, *RECURRENT, "STFT"}
"""Operations of the matrix engine."""
_SINES = {"Sin", "Cos"}
_DEEP = {"Conv", "ConvTranspose", *RECURRENT}
"""Where the sound of a source becomes a feature among others."""
_SCALING = {"Add", "Sub", "Mul", "Div", "Neg", "Mod", "Floor", "Interpolate"}
"""What may lie between F0, the sum of its phase and the sine."""


def site_roles(
    graph: Graph, durations: str | None, f0: str | None, returns_sound: bool
) -> dict[str, str]:
    """First output of a node -> its role, for those that have one.

    Args:
        graph: of a voice.
        durations, f0: values in it, None where it is not known which.
        returns_sound: whether its outputs are waveforms.
    """
    reach = _Reach(graph)
    roles: dict[str, str] = {}
    if returns_sound:
        roles |= _after_last_product(reach, graph.outputs, "sound")
    for value, role in ((durations, "durations"), (f0, "f0")):
        roles |= {} if value is None else _after_last_product(reach, [value], role)
    phases = _phases(reach)
    sines = {node.output for node in reach.nodes if node.op in _SINES} & phases.keys()
    return roles | dict.fromkeys(reach.on(sines, _DEEP), "source") | phases


class _Reach:
    """What a value is made of."""

    def __init__(self, graph: Graph):
        self.nodes = graph.nodes
        self._producers, self._types = graph.producers(), graph.types()

    def back(
        self, values: Iterable[str], passes: Callable[[Node], bool]
    ) -> tuple[list[Node], list[Node]]:
        """The nodes behind values as far as they pass, and the first on each way that do not.

        Only real numbers are followed: shapes, masks and noise come from elsewhere.
        """
        through: dict[str, Node] = {}
        ends: dict[str, Node] = {}
        waiting = list(values)
        while waiting:
            name = waiting.pop()
            node = self._producers.get(name)
            if node is None or self._types[name].kind != "f" or node.op.startswith("Random"):
                continue
            if node.output in through or node.output in ends:
                continue
            if passes(node):
                through[node.output] = node
                waiting.extend(node.inputs)
            else:
                ends[node.output] = node
        return list(through.values()), list(ends.values())

    def on(self, values: set[str], stops: set[str]) -> list[str]:
        """First outputs of the nodes that make real numbers of values, up to these operations."""
        made, found = set(values), []
        for node in self.nodes:
            floats = [name for name in node.outputs if name and self._types[name].kind == "f"]
            if floats and node.op not in stops and not made.isdisjoint(node.inputs):
                made.update(floats)
                found.append(node.output)
        return found


def _after_last_product(reach: _Reach, values: Iterable[str], role: str) -> dict[str, str]:
    """The last products on the way to values, and all that comes after them."""
    through, ends = reach.back(values, lambda node: node.op not in PRODUCTS)
    return {node.output: role for node in (*through, *ends)}


def _phases(reach: _Reach) -> dict[str, str]:
    """Sums whose sine is taken: with the increments that are summed, up to the F0 they come from,
    and with all up to the sine."""
    roles: dict[str, str] = {}
    for sine in (node for node in reach.nodes if node.op in _SINES):
        after, ends = reach.back(sine.inputs, _scales)
        for total in (node for node in ends if node.op == "CumSum"):
            before, sources = reach.back(total.inputs[:1], _scales)
            origin = _after_last_product(reach, [node.output for node in sources], "f0")
            phase = {node.output: "phase" for node in (*before, total, *after, sine)}
            roles = origin | roles | phase
    return roles


def summed_f0(graph: Graph) -> str | None:
    """The value whose running sum becomes a phase, if there is one such value: F0."""
    reach = _Reach(graph)
    phases, found = {*_phases(reach)}, set()
    for node in reach.nodes:
        if node.op == "CumSum" and node.output in phases:
            found |= {source.output for source in reach.back(node.inputs[:1], _scales)[1]}
    return found.pop() if len(found) == 1 else None


def _scales(node: Node) -> bool:
    """Whether a node moves or scales a phase."""
    return node.op in _SCALING or not OPERATIONS[node.op].computes
