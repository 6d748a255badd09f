"""Where tensors lie on a device.

Activations lie in L1: sharded by height where rows of tiles are enough to keep each core its own,
interleaved otherwise, and where an operation takes nothing else (norms, attention, moves).
Constants, and what is sent, kept or fetched, lie in DRAM.
"""

import math
from typing import Any

from lightning_v2.deployment.device.programs import row_grid
from lightning_v2.deployment.device.target import Device
from lightning_v2.tensix.numbers.formats import TILE

DeviceTensor = Any


class Placement:
    """Moves tensors of one device, where they do not lie there already.

    Attributes:
        leaving: whether results are kept or fetched and so belong in DRAM.
        convolving: whether rows that are looked up, and sums with a product, go to a convolution.
    """

    def __init__(self, device: Device):
        import ttnn

        self._ttnn, self._device = ttnn, device
        self.leaving = self.convolving = False

    @property
    def spread(self) -> Any:
        """Memory of a result that is not sharded."""
        return self._ttnn.DRAM_MEMORY_CONFIG if self.leaving else self._ttnn.L1_MEMORY_CONFIG

    def tiled(self, x: DeviceTensor) -> DeviceTensor:
        """x in tiles."""
        return self._ttnn.to_layout(x, self._ttnn.TILE_LAYOUT)

    def beside(self, x: DeviceTensor) -> Any:
        """Where the result of an operation on x goes: into L1, cut as x is."""
        return x.memory_config() if x.is_sharded() else self._ttnn.L1_MEMORY_CONFIG

    def after(self, a: DeviceTensor, b: DeviceTensor) -> Any:
        """Where the sum or product of two tensors goes; what comes next finds it where it wants it.

        Times a column is a mask, before a convolution, which takes shards. Plus a row is a bias
        after one, before a norm, which takes none. Shards and what is not sharded meet where blocks
        end: what comes next are norms.
        """
        (rows, columns), of_b = tuple(a.shape)[-2:], tuple(b.shape)
        if self.leaving:
            return self.spread
        if columns > 1 and of_b[-2:] == (rows, 1) and rows % TILE == 0:
            return self.before_convolution(a)
        mixed = tuple(a.shape) == of_b and a.is_sharded() != b.is_sharded()
        if mixed or (rows > 1 and math.prod(of_b) == columns):
            return self._ttnn.L1_MEMORY_CONFIG
        return self.beside(a)

    def before_convolution(self, x: DeviceTensor) -> Any:
        """Memory of a tensor of the shape of x that a convolution takes: sharded by height."""
        return self.by_height(math.prod(tuple(x.shape)[:-1]) // TILE, -(-x.shape[-1] // TILE))

    def interleaved(self, x: DeviceTensor) -> DeviceTensor:
        """x spread over all banks, where it lies if it is not sharded."""
        if not x.is_sharded():
            return x
        return self._ttnn.to_memory_config(x, self._ttnn.L1_MEMORY_CONFIG)

    def sharded(self, x: DeviceTensor) -> DeviceTensor:
        """x sharded by height."""
        wanted = self.before_convolution(x)
        if x.is_sharded() and x.memory_config() == wanted:
            return x
        return self._ttnn.to_memory_config(x, wanted)

    def by_height(self, rows: int, columns: int) -> Any:
        """Memory of a tensor of so many tiles, each core of a rectangle with its own rows."""
        ttnn = self._ttnn
        x, y = row_grid(rows, self._device.grid)
        cores = ttnn.CoreRangeSet(
            {ttnn.CoreRange(ttnn.CoreCoord(0, 0), ttnn.CoreCoord(x - 1, y - 1))}
        )
        shape = (rows // (x * y) * TILE, columns * TILE)
        spec = ttnn.ShardSpec(cores, shape, ttnn.ShardOrientation.ROW_MAJOR)
        layout = ttnn.TensorMemoryLayout.HEIGHT_SHARDED
        return ttnn.MemoryConfig(layout, ttnn.BufferType.L1, spec)
