"""The graph that ttnn captured, as tables: what ran, where tensors lay, what came from where."""

from functools import cached_property

import pandas as pd

from lightning_v2.deployment.observed.graph_reader import GraphReader, Node
from lightning_v2.deployment.observed.step import OPERATION, SETUP, Step

RESIDENT = "resident"
"""Kind of a node for a tensor that no step has made."""


class Graph:
    """What was captured.

    Attributes:
        steps: in the order in which they were issued.
        peak_l1_tensor_bytes: most that tensors took of one core's L1, those that were there before
            included. ttnn gives a tensor the same room on every core; of an uneven one that of the
            fullest.
        peak_l1_bytes: most that tensors and the running program took together, as far as memory of
            programs was recorded.
    """

    def __init__(self, nodes: list[Node], calls: list[Node], resident_l1_bytes: int = 0):
        """nodes, calls: ttnn's two records. resident_l1_bytes: taken on each core at the start."""
        reader = GraphReader(nodes, calls, resident_l1_bytes)
        self.steps: tuple[Step, ...] = tuple(reader.steps)
        self.peak_l1_tensor_bytes: int = reader.peak_tensors
        self.peak_l1_bytes: int = reader.peak

    @cached_property
    def device_operations(self) -> tuple[Step, ...]:
        """The steps that are programs."""
        return tuple(step for step in self.steps if step.kind == OPERATION)

    def operations(self) -> pd.DataFrame:
        """A row for each device operation, in order; tensors in words."""
        rows = [
            {
                "call": step.call,
                "operation": step.name,
                "operands": "; ".join(map(str, step.operands)),
                "results": "; ".join(map(str, step.results)),
                "cores": step.cores,
                "program_l1_bytes": step.program_l1_bytes,
                "l1_bytes": step.l1_bytes,
                "dram_read_bytes": step.dram_read_bytes,
                "dram_written_bytes": step.dram_written_bytes,
                "math_fidelity": step.math_fidelity,
                "program": step.program,
                "program_config": step.program_config,
            }
            for step in self.device_operations
        ]
        return pd.DataFrame(rows)

    def nodes(self) -> pd.DataFrame:
        """Nodes of a drawing: node, kind, call, label.

        Kinds are those of steps but "setup", and "resident" for a tensor that was there before,
        such as a weight, or whose origin ttnn does not tell.
        """
        return self._drawing[0]

    def edges(self) -> pd.DataFrame:
        """Edges of a drawing: source, target, tensor in words, memory, bytes."""
        return self._drawing[1]

    @cached_property
    def _drawing(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        nodes = [
            {"node": i, "kind": step.kind, "call": step.call, "label": step.name}
            for i, step in enumerate(self.steps)
            if step.kind != SETUP
        ]
        edges = []
        residents: dict[object, int] = {}
        for target, step in enumerate(self.steps):
            for operand, producer in zip(step.operands, step.producers, strict=True):
                if producer is None and not operand.on_device:
                    continue
                if producer is None and operand.identity not in residents:
                    node = residents[operand.identity] = len(self.steps) + len(residents)
                    resident = {"kind": RESIDENT, "call": "", "label": str(operand)}
                    nodes.append({"node": node, **resident})
                edges.append(
                    {
                        "source": residents[operand.identity] if producer is None else producer,
                        "target": target,
                        "tensor": str(operand),
                        "memory": operand.memory,
                        "bytes": operand.bytes,
                    }
                )
        columns = ["source", "target", "tensor", "memory", "bytes"]
        return pd.DataFrame(nodes), pd.DataFrame(edges, columns=columns)
