"""Reads the graph that ttnn captured.

ttnn 0.81.1 records a flat list of nodes: functions that start and end around each other, tensors,
buffers, and the memory that programs take for themselves. Device operations are the functions that
name a program factory. A tensor has no name that lasts: its id changes when it crosses into Python,
and a view shows no buffer. So the origin of an operand is followed through its buffer, and through
ids where there is none.
"""

import re
from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from lightning_v2.deployment.observed.step import DOWNLOAD, OPERATION, SETUP, UPLOAD, Step
from lightning_v2.deployment.observed.tensor_use import TensorUse

Node = dict[str, Any]

_TRANSFERS = {
    "Tensor::to_device": UPLOAD,
    "tt::tt_metal::copy_to_device": UPLOAD,
    "Tensor::cpu": DOWNLOAD,
    "tt::tt_metal::copy_to_host": DOWNLOAD,
}
_PROGRAM_MEMORY = (
    "circular_buffer_allocate",
    "dataflow_buffer_allocate",
    "scratchpad_allocate",
)
_L1 = 1
"""ttnn's number of the main part of L1. What convolutions keep in the small part is not counted."""

_RANGE = re.compile(r"\[(\d+)-(\d+) - (\d+)-(\d+)\]")
_FIDELITY = re.compile(r"math_fidelity=(\w+)")
_POINTER = re.compile(r"0x[0-9a-f]+")


@dataclass(slots=True)
class _Frame:
    """A function that has started and not yet ended.

    record: ttnn's record of the call, of a function called from Python.
    memory: bytes of L1 that its program takes on each core.
    loose: origins, by id, of tensors that functions within it returned and none took since.
    """

    node: Node
    record: Node | None
    memory: Counter = field(default_factory=Counter)
    loose: dict[str, int | None] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.node["params"]["name"]

    @property
    def program_l1_bytes(self) -> int:
        return max(self.memory.values(), default=0)

    @property
    def is_operation(self) -> bool:
        return "program_factory_type" in self.node["params"]


class GraphReader:
    """Reads the nodes once, from first to last.

    Attributes:
        steps: what happened, in order.
        peak_tensors, peak: most bytes of one core's L1 that were taken, without and with the memory
            of programs.
    """

    def __init__(self, nodes: list[Node], calls: list[Node], resident: int):
        """Nodes and calls as ttnn records them; bytes of each core that are taken at the start."""
        self.steps: list[Step] = []
        self.peak = self.peak_tensors = self._level = resident
        self._nodes = {node["counter"]: node for node in nodes}
        self._buffers = {
            tensor: node for node in nodes if node["node_type"] == "buffer" for tensor in _to(node)
        }
        self._calls = defaultdict(deque)
        for call in calls:
            self._calls[call["name"]].append(call)
        allocations = (node for node in nodes if node["node_type"] == "buffer_allocate")
        self._new = {buffer for node in allocations for buffer in _to(node)}
        self._frames: list[_Frame] = []
        self._origin_of_buffer: dict[int, int] = {}
        self._origin_of_id: dict[str, int | None] = {}
        for node in nodes:
            self._read(node)

    def _read(self, node: Node) -> None:
        match node["node_type"]:
            case "function_start":
                waiting = self._calls[node["params"]["name"]]
                self._frames.append(_Frame(node, waiting.popleft() if waiting else None))
            case "function_end":
                # A function that failed has not ended, but the ones around it do.
                while self._frames[-1].name != node["params"]["name"]:
                    self._frames.pop()
                self._end(self._frames.pop(), self._tensors(_to(node)))
            case "buffer_allocate":
                self._resize(node, 1)
            case "buffer_deallocate":
                self._resize(node, -1)
            case kind if kind in _PROGRAM_MEMORY:
                self._program_memory(node["params"])

    def _resize(self, node: Node, sign: int) -> None:
        if int(node["params"]["buffer_type"]) == _L1:
            self._level += sign * int(node["params"]["max_size_per_bank"])
            self.peak_tensors = max(self.peak_tensors, self._level)
            self.peak = max(self.peak, self._level)

    def _program_memory(self, params: Node) -> None:
        shared = params.get("globally_allocated", params.get("borrows_memory", "0"))
        frame = self._frames[-1]
        for core in _cores(params["core_range_set"]):
            # What lies in a tensor's own memory takes no more, but its core works.
            frame.memory[core] += 0 if int(shared) else int(params["size"])
        self.peak = max(self.peak, self._level + frame.program_l1_bytes)

    def _end(self, frame: _Frame, results: list[Node]) -> None:
        taken = self._tensors(frame.node["input_tensors"])
        kind = OPERATION if frame.is_operation else _TRANSFERS.get(frame.name)
        if kind == UPLOAD and any(around.is_operation for around in self._frames):
            kind = SETUP
        if kind is not None:
            self._add(kind, frame, self._read_by(kind, taken, results), results)
            origins = [len(self.steps) - 1] * len(results)
        elif taken:
            origins = [self._origin(taken[0])] * len(results)
        else:
            origins = list(map(self._origin, results))
        made = dict(zip(map(_id, results), origins, strict=True))
        self._origin_of_id.update(made)
        if kind is not None:
            buffers = map(self._buffer, results)
            self._origin_of_buffer.update(zip(buffers, origins, strict=True))
        made = self._renamed(frame, made or frame.loose)
        if self._frames:
            loose = self._frames[-1].loose
            for tensor in (*map(_id, taken), *made):
                loose.pop(tensor, None)
            loose.update(made)

    def _renamed(self, frame: _Frame, made: dict[str, int | None]) -> dict[str, int | None]:
        """Origins by the new ids that Python gives to what a call returns."""
        record = frame.record or {}
        new = [str(x) for x in record.get("output_tensor_ids", [])]
        same = [str(x) for x in record.get("input_tensor_ids", [])[:1]]
        origins = list(made.values()) or list(map(self._origin_of_id.get, same))
        if len(new) == 1:
            origins = origins[-1:]
        if len(new) != len(origins):
            return made
        renamed = dict(zip(new, origins, strict=True))
        self._origin_of_id.update(renamed)
        return renamed

    def _read_by(self, kind: str, taken: list[Node], results: list[Node]) -> list[Node]:
        """Which of the tensors that a step takes it reads, each once."""
        if kind == OPERATION:
            written = set(map(self._buffer, results))
            read = [x for x in taken if not self._is_empty(x, written)]
        else:
            side = "DEVICE" if kind == DOWNLOAD else "HOST"
            read = [x for x in taken if x["params"]["storage_type"] == side]
        return list({self._buffer(x) or ("view", _id(x)): x for x in read}.values())

    def _add(self, kind: str, frame: _Frame, operands: list[Node], results: list[Node]) -> None:
        params, arguments = frame.node["params"], frame.node["arguments"]
        called = [x for x in self._frames if x.record is not None]
        config = called[-1].record["arguments"].get("program_config", "") if called else ""
        factory = params.get("program_factory_type", "")
        words = (frame.name, factory, config, *(_POINTER.sub("", x) for x in arguments))
        fidelity = _FIDELITY.search(arguments[0]) if arguments else None
        step = Step(
            kind=kind,
            call=called[0].name if called else "",
            name=frame.name,
            operands=tuple(map(self._use, operands)),
            results=tuple(map(self._use, results)),
            producers=tuple(map(self._origin, operands)),
            program=factory,
            math_fidelity=fidelity[1] if fidelity else "",
            program_config=config,
            key=sha256("\0".join(words).encode()).hexdigest()[:16] if factory else "",
            cores=len(frame.memory),
            program_l1_bytes=frame.program_l1_bytes,
            l1_bytes=self._level + frame.program_l1_bytes,
        )
        self.steps.append(step)

    def _use(self, tensor: Node) -> TensorUse:
        return TensorUse.of(tensor["params"], self._buffers.get(tensor["counter"]))

    def _origin(self, tensor: Node) -> int | None:
        buffer = self._buffer(tensor)
        if buffer is not None and buffer in self._origin_of_buffer:
            return self._origin_of_buffer[buffer]
        return self._origin_of_id.get(_id(tensor))

    def _is_empty(self, operand: Node, written: set[int | None]) -> bool:
        """Whether it is only there to be written: new memory, which the results lie in."""
        buffer = self._buffer(operand)
        return buffer in self._new and buffer in written and self._origin(operand) is None

    def _buffer(self, tensor: Node) -> int | None:
        """The number of the buffer that it lies in; a view does not tell."""
        buffer = self._buffers.get(tensor["counter"])
        return None if buffer is None else buffer["counter"]

    def _tensors(self, counters: Iterable[int]) -> list[Node]:
        nodes = (self._nodes[counter] for counter in counters)
        return [node for node in nodes if node["node_type"] == "tensor"]


def _to(node: Node) -> list[int]:
    return node["connections"]


def _id(tensor: Node) -> str:
    return str(tensor["params"]["tensor_id"])


def _cores(ranges: str) -> list[tuple[int, int]]:
    corners = (map(int, found) for found in _RANGE.findall(ranges))
    return [
        (x, y)
        for left, top, right, bottom in corners
        for x in range(left, right + 1)
        for y in range(top, bottom + 1)
    ]
