"""What a plan costs a chip, *modelled*: cycles of its matrix products for one sentence.

Each product takes as long as `deployment.programs` says of the best program on the core grid:
16 cycles a fidelity phase and product of tiles, or 32 bytes a cycle into a core, whichever is more.
Products of attention heads share the cores by head; depthwise convolutions share them evenly by
multiply-adds. Element-wise operations cost the same under any plan and are left out; so is the time
between programs. Good for comparing plans, not for predicting a device.
"""

import functools
import math
from collections.abc import Sequence

from lightning_v2.deployment.device.programs import CYCLES_A_PHASE, Grid, Product, choices
from lightning_v2.precision.edit import Precisions
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
    return sum(_site_cycles(site, precisions[site.name], grid) for site in sites if site.macs)


@functools.lru_cache(maxsize=4096)
def _site_cycles(site: Site, precision: SitePrecision, grid: Grid) -> int:
    phases, cores = fidelity.count(precision.math_fidelity), grid[0] * grid[1]
    left, right, result = site.shapes[0], site.shapes[1], site.shapes[-1]
    if site.op not in ("linear", "matmul"):
        return math.ceil(site.macs / TILE**3 / cores) * CYCLES_A_PHASE * phases
    k, n = _tiles(left[-1]), _tiles(result[-1])
    if len(right) > 2:
        turns = math.ceil(math.prod(right[:-2]) / cores)
        return site.calls * turns * _tiles(left[-2]) * k * n * CYCLES_A_PHASE * phases
    product = Product(
        m=_tiles(math.prod(left[:-1])),
        k=k,
        n=n,
        in0=precision.activations,
        in1=precision.weights,
        output=precision.output,
        math_fidelity=precision.math_fidelity,
        width=precision.in0_block_w or 1,
        wide=precision.fp32_dest_acc_en,
    )
    return site.calls * choices(product, grid)[0].cycles


def _tiles(values: int) -> int:
    return -(-values // TILE)
