"""How much memory of a core ttnn expects a convolution along one axis to take; see
`convolution_program`.

The estimate decides how the operands are spread over cores, so it follows ttnn 0.81.1 byte by byte:
circular buffers (`get_cb_info` of tt-metal's conv2d_op_program_factory_common.cpp), the shard of
the result, and the longest stretch of input that one core needs (the halo, sliding_window.cpp).
"""

from dataclasses import dataclass, replace

import numpy as np

from lightning_v2.errors import LightningError
from lightning_v2.tensix.numbers.configuration import ComputeKernelConfig, Grid
from lightning_v2.tensix.numbers.formats import MAGNITUDE_BITS, TILE, tile_bytes

HEIGHT, BLOCK, WIDTH = "HEIGHT_SHARDED", "BLOCK_SHARDED", "WIDTH_SHARDED"
_STICK = 8  # channels: 16 bytes of bfloat16
_SCRATCHPAD = 64  # bytes


class NoProgram(LightningError, NotImplementedError):
    """ttnn 0.81.1 has no program of its own for a call."""


@dataclass(frozen=True, slots=True)
class Convolution:
    """Sizes and formats of a dense convolution along one axis.

    Attributes:
        length: positions of the input without `padding`.
        steps: positions of the result.
        weights: format of the prepared weights and of the bias.
    """

    batch: int
    length: int
    steps: int
    channels: int
    outputs: int
    taps: int
    stride: int
    padding: tuple[int, int]
    dilation: int
    bias: bool
    input: str
    weights: str
    output: str

    @property
    def tiled(self) -> bool:
        """Whether the input lies in tiles: block floats have no other way to lie."""
        return self.input in MAGNITUDE_BITS

    @property
    def reach(self) -> int:
        """Positions of the input between the first and the last one of a window."""
        return self.dilation * (self.taps - 1)

    @property
    def padded(self) -> int:
        """Positions of the input with its padding."""
        return self.length + sum(self.padding)


@dataclass(frozen=True, slots=True)
class Spread:
    """Operands of a convolution over cores: `rows` of them along the positions of the result,
    `parts` along the channels of the input, `outputs` along those of the result.

    Attributes:
        aligned: to a multiple of how many channels each part is filled up.
    """

    layout: str
    rows: int
    parts: int
    outputs: int
    aligned: int

    @property
    def cores(self) -> int:
        return self.rows * max(self.parts, self.outputs)

    def channels(self, count: int) -> int:
        """`count` channels filled up to equal parts."""
        return up(count, self.parts * self.aligned)


def alignment(layout: str, tiled: bool) -> int:
    """To multiples of how many channels ttnn fills up an input."""
    return TILE if layout == WIDTH or tiled else _STICK


def spread(layout: str, x: Convolution, grid: Grid, tiled: bool | None = None) -> Spread:
    """Cores of `grid` that ttnn takes for `layout`. tiled: of another input than that of x."""
    aligned = alignment(layout, x.tiled if tiled is None else tiled)
    columns, rows = grid
    tiles = -(-x.batch * x.steps // TILE)
    inputs, outputs = -(-x.channels // aligned), -(-x.outputs // TILE)
    if layout == HEIGHT:
        return Spread(layout, _share(tiles, columns * rows), 1, 1, aligned)
    if layout == BLOCK:
        shares = _share(tiles, rows), _share(inputs, columns), _share(outputs, columns)
        return Spread(layout, *shares, aligned)
    every = columns * rows
    return Spread(layout, 1, _share(inputs, every), _share(outputs, every), aligned)


def up(count: int, multiple: int) -> int:
    """`count` rounded up to a multiple."""
    return -(-count // multiple) * multiple


def _share(count: int, most: int) -> int:
    """Largest number of cores up to `most` of which none stays without a share of `count`."""
    cores = most
    while cores > 1 and up(count, cores) - count >= up(count, cores) // cores:
        cores -= 1
    return cores


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of one core.

    Attributes:
        before: input shard as it comes.
        halo: input shard with its neighbours' values.
        during: buffers and result of the convolution itself.
    """

    before: int
    halo: int
    during: int

    @property
    def needed(self) -> int:
        return self.halo + self.during


def memory(x: Convolution, over: Spread, config: ComputeKernelConfig, arch: str) -> Memory:
    """ttnn's estimate for x with its operands `over` cores."""
    value = 4 if x.input == "float32" else 2
    width = over.channels(x.channels) // over.parts
    row = 1 if over.layout == WIDTH and not x.tiled else TILE
    shard = up(x.batch * x.length, over.rows * row) // over.rows
    before = shard * width * value // (2 if x.input == "bfloat8_b" else 1)
    return Memory(before, _halo(x, over) * width * value, _buffers(x, over, config, arch))


def _halo(x: Convolution, over: Spread) -> int:
    """Most positions of the padded input that one core needs."""
    count = x.batch * x.steps
    share = up(count, over.rows * TILE) // over.rows
    starts = np.arange(over.rows) * share
    ends = np.minimum(starts + share, count) - 1
    first, last = (
        position // x.steps * x.padded + position % x.steps * x.stride
        for position in (np.minimum(starts, count - 1), ends)
    )
    return int((last - first).max()) + x.reach + 1


def _buffers(x: Convolution, over: Spread, config: ComputeKernelConfig, arch: str) -> int:
    layout, wide = over.layout, config.fp32_dest_acc_en
    # What the halo leaves is row-major, in one of two formats.
    gathered = "float32" if x.input == "float32" else "bfloat16"
    in_bytes, weight_bytes, out_bytes = map(tile_bytes, (gathered, x.weights, x.output))
    over = replace(over, aligned=alignment(layout, x.tiled))
    channels = over.channels(x.channels)
    rows = up(x.batch * x.steps, over.rows * TILE) // over.rows // TILE
    columns = up(x.outputs, over.outputs * TILE) // over.outputs // TILE
    depth = up(channels // over.parts * x.taps, TILE) // TILE
    weights = columns * depth * weight_bytes
    first, second = rows * depth, 0
    if _two_readers(x, over, config, arch, rows, columns, depth):
        first, second = (rows - rows // 2) * depth, rows // 2 * depth
    if layout == HEIGHT:
        windows = (first + second) * in_bytes
    elif layout == BLOCK and gathered == x.output:
        windows = (first + second) * out_bytes
    elif layout == BLOCK:
        windows = (first + second) * (out_bytes + in_bytes)
    else:
        windows = first * out_bytes + 2 * depth * in_bytes
    grows = config.packer_l1_acc and _blocks(x, over, columns, depth) > (1 if x.bias else 2)
    between = ("float32" if wide else "bfloat16") if grows else x.output
    sums = 0 if between == x.output else rows * columns * tile_bytes(between)
    bias = columns * weight_bytes if x.bias else 0
    tilized, result = rows * depth * out_bytes, rows * columns * out_bytes
    return weights + windows + tilized + sums + bias + result + _SCRATCHPAD


def _blocks(x: Convolution, over: Spread, columns: int, depth: int) -> int:
    """Blocks of K as ttnn counts them here: in weights without the filling between parts."""
    blocks = up(x.channels, over.aligned) * x.taps // TILE // depth
    return blocks * (-(-x.outputs // TILE) // columns) if over.layout == BLOCK else blocks


# Bytes up to which a rate grows, and GB/s there and for 16 bytes, as ttnn has measured them.
_LOCAL = {"wormhole_b0": (1024, 0.868, 27.84), "blackhole": (4096, 1.124, 80.48)}
_FROM_DRAM = {"wormhole_b0": (2048, 0.436, 28.411), "blackhole": (2048, 0.671, 80.885)}
_TO_MANY = {"wormhole_b0": (65536, 0.318, 25.345), "blackhole": (65536, 0.182, 57.677)}
_GIGAHERTZ = {"wormhole_b0": 1.0, "blackhole": 1.35}
# Cycles to tilize one tile: by format of the windows and of the result, with a 16- or 32-bit Dst.
_TILIZE = {
    "wormhole_b0": {
        ("float32", "float32"): (107, 128),
        ("float32", "bfloat16"): (74, 74),
        ("float32", "bfloat8_b"): (74, 70),
        ("bfloat16", "float32"): (92, 117),
        ("bfloat16", "bfloat16"): (61, 68),
        ("bfloat16", "bfloat8_b"): (40, 43),
    },
    "blackhole": {
        ("float32", "float32"): (132, 132),
        ("float32", "bfloat16"): (132, 80),
        ("float32", "bfloat8_b"): (132, 77),
        ("bfloat16", "float32"): (105, 128),
        ("bfloat16", "bfloat16"): (72, 72),
        ("bfloat16", "bfloat8_b"): (60, 60),
    },
}


def _two_readers(
    x: Convolution,
    over: Spread,
    config: ComputeKernelConfig,
    arch: str,
    rows: int,
    columns: int,
    depth: int,
) -> bool:
    """Whether both data movement processors gather windows: always by block, and by height where
    ttnn expects the multiplication to start earlier then. In float32, as ttnn reckons."""
    if over.layout == WIDTH or rows == 1:
        return False
    if over.layout == BLOCK:
        return True
    gathered = "float32" if x.input == "float32" else "bfloat16"
    one = (4 if x.input == "float32" else 2) * over.channels(x.channels)
    weight = tile_bytes(x.weights)
    weights = np.float32(weight * columns * depth)
    cycles = _TILIZE[arch].get((gathered, x.output))
    if cycles is None:
        raise NoProgram(
            f"ttnn 0.81.1 does not know how long windows in {gathered} take to become tiles in "
            f"{x.output}; legal are outputs in float32, bfloat16 and bfloat8_b"
        )
    clock, unit = np.float32(_GIGAHERTZ[arch]), np.float32(1)
    read = clock * np.float32(one * rows * TILE * x.taps)
    read /= _rate(_LOCAL[arch], one * (x.taps if x.dilation == 1 else 1))
    tilized = cycles[config.fp32_dest_acc_en] * depth * rows
    sent = clock * weights
    sent *= unit / _rate(_FROM_DRAM[arch], weight) + unit / _rate(_TO_MANY[arch], int(weights))
    return read / 2 + max(sent, tilized) < max(read + tilized, sent)


def _rate(growth: tuple[int, float, float], count: int) -> np.float32:
    """GB/s of transfers of `count` bytes each."""
    longest, slow, fast = growth
    slow, fast = np.float32(slow), np.float32(fast)
    return slow + (fast - slow) / np.float32(longest - 16) * np.float32(
        min(max(count, 16), longest) - 16
    )
