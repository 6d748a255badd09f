"""How ttnn cuts a convolution along one axis into blocks of K when the caller does not say.

`ttnn.conv1d` without a `shard_layout` spreads the operands over cores by height, by channels and
height ("block") or by channels alone ("width"): whichever takes least memory of a core by its own
estimate, for the whole input if that fits, else for each of as few slices as fit. Each part of the
channels is a block of K then, between which the sum waits in memory; docs/conv1d.md has the rules
and their evidence (tt-metal: `determine_conv_config_for_auto_shard` of conv2d_utils.cpp,
`determine_slice_config` of op_slicing.cpp).
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from lightning_v2.tensix.numbers.configuration import ComputeKernelConfig, Grid
from lightning_v2.tensix.numbers.formats import TILE
from lightning_v2.tensix.programs.convolution_memory import (
    BLOCK,
    HEIGHT,
    WIDTH,
    Convolution,
    NoProgram,
    Spread,
    alignment,
    memory,
    spread,
)

# What a core of n150 and p150 has for tensors and buffers, less an l1_small_size of 16384 bytes.
_FREE = {"wormhole_b0": 1_393_312 - 16_384, "blackhole": 1_461_120 - 16_384}


@dataclass(frozen=True, slots=True)
class ConvolutionProgram:
    """How ttnn cuts a convolution into products.

    Attributes:
        parts: into how many equal parts the channels are cut, each a block of K.
        aligned: to a multiple of how many channels each part is filled up.
    """

    parts: int
    aligned: int


def by_height(x: Convolution) -> ConvolutionProgram:
    """ttnn's program for x with `shard_layout=HEIGHT_SHARDED`."""
    return ConvolutionProgram(1, alignment(HEIGHT, x.tiled))


def is_product(x: Convolution) -> bool:
    """Whether ttnn runs an ordinary matmul: windows of one position, one after the other."""
    return x.taps == x.stride == x.dilation == 1 and x.padding == (0, 0)


def is_folded(x: Convolution) -> bool:
    """Whether ttnn first lays the positions of a window side by side: windows that touch."""
    touching = x.taps == x.stride > 1 and x.dilation == 1 and x.padded % x.stride == 0
    return touching and (not x.tiled or x.padding == (0, 0))


@functools.lru_cache(maxsize=4096)
def choose(
    x: Convolution, config: ComputeKernelConfig, arch: str, grid: Grid
) -> ConvolutionProgram:
    """ttnn's own program for x, which is no product and not folded.

    Args:
        arch: "wormhole_b0" (n150) or "blackhole" (p150), with an l1_small_size of 16384 bytes.
        grid: columns and rows of cores that compute.

    Raises:
        NoProgram: ttnn finds none, mostly as none fits into the memory of a core.
    """
    counts = range(1, -(-x.steps // TILE) + 1)
    for count in counts if _least(x, config, arch, grid) <= _FREE[arch] else ():
        slices = list(_slices(x, count))
        if max(part.needed(config, arch, grid) for part in slices) <= _FREE[arch]:
            over = slices[0].over(config, arch, grid)
            return ConvolutionProgram(over.parts, over.aligned)
    raise NoProgram(
        f"ttnn 0.81.1 finds no program for a convolution of {x.channels} to {x.outputs} channels "
        f"with {x.taps} taps that fits into the memory of a core"
    )


def _least(x: Convolution, config: ComputeKernelConfig, arch: str, grid: Grid) -> int:
    """Bytes of a core below which no slice of x gets: those for one row of tiles."""
    row = replace(x, batch=1, steps=min(TILE, x.steps))
    plans = (spread(layout, row, grid) for layout in (HEIGHT, BLOCK, WIDTH))
    return min(memory(row, over, config, arch).during for over in plans)


@dataclass(frozen=True, slots=True)
class _Slice:
    """A stretch of the result and the input that it takes.

    Attributes:
        planned: as ttnn chooses the layout for it.
        run: as it runs, with the padding that is its own.
        cut: the input is part of a longer one, and comes row-major.
    """

    planned: Convolution
    run: Convolution
    cut: bool

    def over(self, config: ComputeKernelConfig, arch: str, grid: Grid) -> Spread:
        """The cores that take the least memory, in ttnn's order and with its exception."""

        def size(layout: str) -> int:
            over = spread(layout, self.planned, grid)
            return memory(self.planned, over, config, arch).needed

        best = HEIGHT
        if size(BLOCK) < size(HEIGHT) and spread(BLOCK, self.planned, grid).cores >= grid[0]:
            best = BLOCK
        if size(WIDTH) < size(best):
            best = WIDTH
        return spread(best, self.planned, grid, self.planned.tiled and not self.cut)

    def needed(self, config: ComputeKernelConfig, arch: str, grid: Grid) -> int:
        """Bytes of a core, by ttnn's estimate."""
        estimate = memory(self.run, self.over(config, arch, grid), config, arch)
        return max(estimate.before + estimate.halo, estimate.needed)


def _slices(x: Convolution, count: int) -> Iterator[_Slice]:
    """The result of x in `count` slices of whole tiles, the longer ones first.

    Of slices in the middle that are alike, one of the longer and one of the shorter.
    """
    base, longer = divmod(-(-x.steps // TILE), count)
    indices = range(count)
    if max(x.padding) <= TILE * x.stride:
        ends = {0, 1, longer - 1, longer, longer + 1, count - 2, count - 1}
        indices = sorted(ends.intersection(indices))
    for index in indices:
        start = TILE * (base * index + min(index, longer))
        end = min(x.steps, start + TILE * (base + (index < longer)))
        first = start * x.stride - x.padding[0]
        last = (end - 1) * x.stride - x.padding[0] + x.reach + 1
        left, right = max(0, -first), max(0, last - x.length)
        first, last = max(0, first), min(x.length, last)
        if start == 0:
            left, first = x.padding[0], 0
        if end == x.steps:
            right, last = x.padding[1], x.length
        length, steps = last - first, end - start
        cut = length != x.length
        if cut:
            right += -steps % TILE * x.stride
        planned = replace(x, length=length, steps=steps)
        run = replace(
            planned,
            padding=(left, right),
            steps=(length + left + right - x.reach - 1) // x.stride + 1,
        )
        yield _Slice(planned, run, cut)
