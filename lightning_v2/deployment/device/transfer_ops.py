"""Tensors between host, files and the DRAM of a device: the part of `TtnnOps` that moves them."""

from pathlib import Path
from typing import Any

import torch

from lightning_v2.deployment.device.ttnn_objects import Words

DeviceTensor = Any


class TransferOps:
    """What is packed by the host, sent, kept and fetched."""

    _ttnn: Any
    _handle: Any
    _words: Words

    def pack(self, x: torch.Tensor, dtype: str) -> DeviceTensor:
        """A tensor packed by the host, still on the host."""
        ttnn = self._ttnn
        if dtype == "uint32":
            return ttnn.from_torch(x.to(torch.int32), ttnn.uint32, layout=ttnn.ROW_MAJOR_LAYOUT)
        if x.dim() == 1:
            x = x[None]
        return ttnn.from_torch(x.contiguous(), self._words.dtype(dtype), layout=ttnn.TILE_LAYOUT)

    def pack_rows(self, x: torch.Tensor, dtype: str) -> DeviceTensor:
        """The same of a table, whose rows are looked up: bfloat16 lies in rows, not in tiles."""
        if dtype != "bfloat16":
            return self.pack(x, dtype)
        return self._ttnn.from_torch(x.contiguous(), self._ttnn.bfloat16)

    def dump(self, path: Path, packed: DeviceTensor) -> None:
        """Write a packed tensor to a file."""
        self._ttnn.dump_tensor(str(path), packed)

    def load(self, path: Path) -> DeviceTensor:
        """A packed tensor from a file."""
        return self._ttnn.load_tensor(str(path))

    def from_torch(self, x: torch.Tensor, dtype: str) -> DeviceTensor:
        """A tensor packed by the host and sent to the device."""
        return self.keep(self.pack(x, dtype))

    def keep(self, packed: DeviceTensor) -> DeviceTensor:
        """A packed tensor in the DRAM of the device."""
        return self._ttnn.to_device(packed, self._handle, self._ttnn.DRAM_MEMORY_CONFIG)

    def settle(self, x: DeviceTensor) -> DeviceTensor:
        """A result in the DRAM of the device, out of the way of what runs next."""
        return self._ttnn.to_memory_config(x, self._ttnn.DRAM_MEMORY_CONFIG)

    def to_torch(self, x: DeviceTensor) -> torch.Tensor:
        """float32 values on the host."""
        return self._ttnn.to_torch(x).float()
