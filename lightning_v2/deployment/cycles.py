"""What a plan costs a chip, *modelled*: cycles of its matrix products for one sentence.

Each product takes as long as `device.programs` says of the best program on the core grid:
16 cycles a fidelity phase and product of tiles, or 32 bytes a cycle into a core, whichever is more.
Products of attention heads share the cores by head; depthwise convolutions share them evenly by
multiply-adds. Element-wise operations cost the same under any plan and are left out; so is the time
between programs. Good for comparing plans, not for predicting a device.
"""

import functools
import math
from collections.abc import Sequence

from lightning_v2.deployment.device.programs import CYCLES_A_PHASE, Grid, Product, choices
from lightning_v2.precision.moves import Precisions
from lightning_v2.tensix.numbers import fidelity
from lightning_v2.tensix.numbers.formats import TILE
from lightning_v2.tensix.numbers.sites import Site, SitePrecision

GRID: Grid = (8, 8)
"""Cores of one Wormhole chip."""


def cycles(precisions: Precisions, sites: Sequence[Site], grid: Grid = GRID) -> int:
    """Modelled cycles of all matrix products of `sites`.

    Raises:
        ProgramError: a product does not fit the memory of a core.
    """
    return sum(site_cycles(site, precisions[site.name], grid) for site in sites if site.macs)


@functools.lru_cache(maxsize=4096)
def site_cycles(site: Site, precision: SitePrecision, grid: Grid = GRID) -> int:
    """Modelled cycles of all calls of one site of the matrix engine.

    Raises:
        ProgramError: a product does not fit the memory of a core.
    """
    phases, cores = fidelity.count(precision.math_fidelity), grid[0] * grid[1]
    left, right, result = site.shapes[0], site.shapes[1], site.shapes[-1]
    if site.op not in ("linear", "matmul"):
        return math.ceil(site.macs / TILE**3 / cores) * CYCLES_A_PHASE * phases
    if math.prod(right[:-2]) > 1:
        turns, tiles = math.ceil(math.prod(right[:-2]) / cores), map(_tiles, (left[-1], result[-1]))
        return site.calls * turns * _tiles(left[-2]) * math.prod(tiles) * CYCLES_A_PHASE * phases
    return site.calls * choices(product_of(site, precision), grid)[0].cycles


def product_of(site: Site, precision: SitePrecision) -> Product:
    """The product of a site with one matrix ("linear", or "matmul" without heads), in tiles.

    A constant stands on the right, but where the left operand alone is a matrix.
    """
    left, result = site.shapes[0], site.shapes[-1]
    in0, in1 = operand_formats(site, precision)
    return Product(
        m=_tiles(math.prod(left[:-1])),
        k=_tiles(left[-1]),
        n=_tiles(result[-1]),
        in0=in0,
        in1=in1,
        output=precision.output,
        math_fidelity=precision.math_fidelity,
        width=precision.in0_block_w or 1,
        wide=precision.fp32_dest_acc_en,
    )


def operand_formats(site: Site, precision: SitePrecision) -> tuple[str, str]:
    """Those of the left and the right operand of a product with a constant matrix."""
    formats = precision.activations, precision.weights
    return formats[::-1] if site.has_left_constant else formats


def _tiles(values: int) -> int:
    return -(-values // TILE)
