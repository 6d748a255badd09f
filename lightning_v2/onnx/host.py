"""Which nodes count rather than compute, and so stay on the host."""

import numpy as np

from lightning_v2.onnx.graph import Graph

_COUNTS = ("Ceil", "Round")


def host_nodes(graph: Graph, types: dict[str, np.dtype]) -> set[str]:
    """First outputs of nodes on floating-point values that have to be whole numbers.

    Durations are rounded to frames, summed and compared before they become integers, sizes and
    masks. Every node between a rounding and the first value that is no count stays on the host,
    exact as on any device that is told how long a sentence is.
    """
    counts: set[str] = set()
    found: set[str] = set()
    for node in graph.nodes:
        floats = [name for name in node.inputs if name and types[name].kind == "f"]
        unknown = [name for name in floats if name not in graph.constants]
        rounds = node.op in _COUNTS
        follows = bool(unknown) and all(name in counts for name in unknown)
        if rounds or follows:
            found.add(node.output)
            counts.update(node.outputs)
        elif node.op == "Cast" and not floats and types[node.output].kind == "f":
            counts.update(node.outputs)  # integers and truth values: masks, positions, lengths
    return found
