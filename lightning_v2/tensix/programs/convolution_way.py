"""How ttnn runs a convolution: on which kernel, as which product; decided once for its sizes."""

import functools
from dataclasses import dataclass, replace

from lightning_v2.errors import ArgumentError
from lightning_v2.tensix.numbers.configuration import ComputeKernelConfig, Grid
from lightning_v2.tensix.numbers.formats import TILE
from lightning_v2.tensix.programs.convolution import (
    ConvolutionProgram,
    by_height,
    choose,
    is_folded,
    is_product,
)
from lightning_v2.tensix.programs.convolution_memory import HEIGHT, Convolution
from lightning_v2.tensix.programs.convolution_windows import check_reach

Pair = tuple[int, int]

AUTOMATIC = "AUTOMATIC"
"""The layout of a convolution along one axis that ttnn chooses."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a convolution runs.

    Attributes:
        is_depthwise: on the element-wise kernel; else the rest matters.
        is_folded: with the positions of a window side by side.
        steps: positions of the result.
        program: None: as an ordinary matmul.
    """

    is_depthwise: bool
    is_folded: bool
    steps: int
    program: ConvolutionProgram | None


@functools.lru_cache(maxsize=4096)
def way_of(
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
    geometry: tuple[Pair, tuple[int, int, int, int], Pair],
    formats: tuple[str, str, str],
    has_bias: bool,
    is_depthwise: bool,
    layout: str | None,
    config: ComputeKernelConfig,
    arch: str,
    grid: Grid,
) -> Way:
    """The way of a convolution.

    Args:
        shapes: of x (N, H, W, C), before padding, and weight (O, C / groups, kh, kw).
        geometry: stride, padding around x, dilation.
        formats: of x, of prepared weights, of the result.
        is_depthwise: without bias, each channel by itself.
        layout: of `conv1d`, `AUTOMATIC` if its caller says none; None: along two axes.
        grid: columns and rows of cores.

    Raises:
        ArgumentError: ttnn runs it, but otherwise than one would expect.
        NoProgram: ttnn has no program for these sizes.
    """
    (batch, height, width, channels), kernel = shapes
    stride, around, dilation = geometry
    whole = height + around[0] + around[1], width + around[2] + around[3]
    _, reach = check_reach(whole, kernel[2:], dilation)
    sizes = Convolution(
        batch=batch,
        length=width,
        steps=(whole[1] - reach) // stride[1] + 1,
        channels=channels,
        outputs=kernel[0],
        taps=kernel[3],
        stride=stride[1],
        padding=(around[2], around[3]),
        dilation=dilation[1],
        bias=has_bias,
        input=formats[0],
        weights=formats[1],
        output=formats[2],
    )
    folded = layout is not None and is_folded(sizes)
    if is_depthwise:
        if folded or (layout is not None and is_product(sizes)):
            raise ArgumentError(
                f"stride is {stride[1]}, as long as the kernel; legal is another for a depthwise "
                "convolution without bias, which ttnn 0.81.1 multiplies by weights that it "
                "prepares for another kernel: give a bias of zeros"
            )
        return Way(True, False, sizes.steps, None)
    if folded and layout != AUTOMATIC and channels % TILE:
        raise ArgumentError(
            f"shard_layout is {HEIGHT!r}; legal is None for a kernel as long as its stride on "
            f"{channels} channels, no multiple of {TILE}: ttnn 0.81.1 fails on it"
        )
    if folded:
        sizes = _side_by_side(sizes)
    if layout != AUTOMATIC:
        program = by_height(sizes)
    else:
        program = None if is_product(sizes) else choose(sizes, config, arch, grid)
    return Way(False, folded, sizes.steps, program)


def _side_by_side(sizes: Convolution) -> Convolution:
    """Sizes of a convolution with all positions of a window as one."""
    channels = sizes.taps * sizes.channels
    return replace(sizes, length=sizes.steps, channels=channels, taps=1, stride=1, padding=(0, 0))
