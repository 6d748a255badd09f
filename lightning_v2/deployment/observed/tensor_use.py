"""A tensor as an operation meets it: shape, format, and where it lies."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass, field
from math import prod
from typing import Any

from lightning_v2.tile import TILE

_TILE_BYTES = {
    "float32": 4096,
    "int32": 4096,
    "uint32": 4096,
    "bfloat16": 2048,
    "uint16": 2048,
    "uint8": 1024,
    "bfloat8_b": 1088,
    "bfloat4_b": 576,
}
_CONFIG = re.compile(r"memory_layout=TensorMemoryLayout::(\w+),buffer_type=BufferType::(\w+)")
_GRID = re.compile(r'"start":\{"x":(\d+),"y":(\d+)\},"end":\{"x":(\d+),"y":(\d+)\}')


@dataclass(frozen=True, slots=True)
class TensorUse:
    """One operand or result.

    Attributes:
        shape: logical. dtype: "bfloat16", "bfloat8_b" and so on. layout: "tile" or "row_major".
        memory: "DRAM interleaved", "L1 height_sharded 8 cores" and so on, "host" for the host's.
        bytes: in that memory, padding included.
        identity: equal for two uses that are known to be the same memory.
    """

    shape: tuple[int, ...]
    dtype: str
    layout: str
    memory: str
    bytes: int
    identity: Hashable = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, params: dict[str, Any], buffer: dict[str, Any] | None) -> TensorUse:
        """From the parameters of a captured tensor and the node of its buffer, if it shows one.

        Raises:
            KeyError: a data type whose size is not known.
        """
        shape = tuple(map(int, re.findall(r"\d+", params["shape"])))
        dtype = params["dtype"].rpartition("::")[2].lower()
        layout = params["layout"].rpartition("::")[2].lower()
        held = stored_bytes(shape, dtype, layout)
        return cls(
            shape=shape,
            dtype=dtype,
            layout=layout,
            memory=_memory(params),
            bytes=int(buffer["params"]["size"]) if buffer else held,
            identity=("buffer", buffer["counter"]) if buffer else ("tensor", params["tensor_id"]),
        )

    @property
    def on_device(self) -> bool:
        return self.memory != "host"

    @property
    def in_dram(self) -> bool:
        return self.memory.startswith("DRAM")

    def __str__(self) -> str:
        shape = "x".join(map(str, self.shape)) or "scalar"
        return f"{shape} {self.dtype} {self.layout}, {self.memory}"


def stored_bytes(shape: tuple[int, ...], dtype: str, layout: str) -> int:
    """Bytes of a tensor that is not sharded; in tiles its last two axes are padded to 32.

    Raises:
        KeyError: an unknown dtype.
    """
    size = _TILE_BYTES[dtype]
    if layout != "tile":
        return prod(shape) * size // TILE**2
    *outer, rows, columns = (1, 1, *shape)
    return prod(outer) * -(-rows // TILE) * -(-columns // TILE) * size


def _memory(params: dict[str, Any]) -> str:
    if params["storage_type"] == "HOST":
        return "host"
    layout, kind = _CONFIG.search(params["memory_config"]).groups()
    words = f"{kind} {layout.lower()}"
    # The grid stands twice, in two ways to write down the same shards.
    corners = _GRID.findall(params["memory_config"].partition(",nd_shard_spec=")[0])
    if not corners:
        return words
    areas = ((int(c) - int(a) + 1) * (int(d) - int(b) + 1) for a, b, c, d in corners)
    return f"{words} {sum(areas)} cores"
