"""Single calls of a network, as its lowering runs them; of one without a lowering, as ttnn does."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from lightning_v2.deployment.lowering.blocks import in0_block_w
from lightning_v2.model.layers import Taps
from lightning_v2.model.network import Network
from lightning_v2.tensix.numbers.sites import Site, SitePrecision


def has_lowering(model: nn.Module) -> bool:
    """Whether the network is written out as device operations; others run by interception."""
    return isinstance(model, Network)


class SingleCalls:
    """What the lowering of a network does to the operands of a call, and to its precision."""

    def __init__(self, model: nn.Module):
        self._lowered = has_lowering(model)
        modules = model.named_modules() if self._lowered else ()
        self._taps = {name: module for name, module in modules if isinstance(module, Taps)}

    def precision(self, precision: SitePrecision, site: Site) -> SitePrecision:
        """With the blocks along K that the lowering chooses.

        `tensix` by itself would take ttnn's defaults; the lowering has a rule of its own
        (`lowering.blocks`), and partial sums are rounded where blocks end.
        """
        if not self._lowered or precision.in0_block_w is not None:
            return precision
        if site.op not in ("linear", "matmul"):
            return precision
        if not site.weights:
            return replace(precision, in0_block_w=1)
        rows, columns = site.shapes[1]
        k, n = (columns, rows) if site.op == "linear" else (rows, columns)
        return replace(precision, in0_block_w=in0_block_w(k, n, precision.weights))

    def operands(self, site: str, args: tuple) -> tuple:
        """The arguments of a torch call as the device has them."""
        return _side_by_side(self._taps[site], *args) if site in self._taps else args

    def reorders(self, site: str) -> bool:
        """Whether the device has the values of an operand in another order."""
        return site in self._taps


def _side_by_side(layer: Taps, x: Tensor, weight: Tensor, *rest: Any) -> tuple:
    """Operands of `Taps` with all channels of a neighbour together, as the device has them."""
    order = torch.arange(layer.in_features).unflatten(0, (-1, layer.kernel)).t().flatten()
    return x[..., order], weight[:, order], *rest
