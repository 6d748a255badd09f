"""Single calls of a network, as its lowering runs them; of one without a lowering, as ttnn does."""

from dataclasses import replace
from typing import Any

from torch import nn

from lightning_v2.deployment.lowering.blocks import in0_block_w
from lightning_v2.deployment.lowering.taps import orders, spread, steps
from lightning_v2.deployment.lowering.voices import has_lowering
from lightning_v2.tensix.numbers.sites import Site, SitePrecision


class SingleCalls:
    """What the lowering of a network does to the operands of a call, and to its precision."""

    def __init__(self, model: nn.Module):
        self._lowered = has_lowering(model)
        self._orders = orders(model) if self._lowered else {}
        self._steps = steps(model) if self._lowered else {}

    def precision(self, precision: SitePrecision, site: Site) -> SitePrecision:
        """With the blocks along K that the lowering chooses.

        `tensix` by itself would take ttnn's defaults; the lowering has a rule of its own
        (`lowering.blocks`), and partial sums are rounded where blocks end.
        """
        if not self._lowered or precision.in0_block_w is not None:
            return precision
        if site.op not in ("linear", "matmul"):
            return precision
        if not site.weights or site.has_left_constant:
            return replace(precision, in0_block_w=1)
        rows, columns = site.shapes[1]
        k, n = (columns, rows) if site.op == "linear" else (rows, columns)
        k = len(self._orders.get(site.name, range(k)))
        return replace(precision, in0_block_w=in0_block_w(k, n, precision.weights))

    def arguments(self, site: str, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict]:
        """The arguments of a torch call as the device has them."""
        if site in self._orders:
            x, weight, *rest = args
            order = self._orders[site]
            return (x[..., order], weight[:, order], *rest), kwargs
        if site in self._steps:
            x, weight, bias, *rest = args
            weight = spread(weight, self._steps[site])
            rest[2:3] = [1] * len(rest[2:3])  # stride, padding, dilation, groups
            return (x, weight, bias, *rest), {k: v for k, v in kwargs.items() if k != "dilation"}
        return args, kwargs

    def reorders(self, site: str) -> bool:
        """Whether the device has the values of an operand in another order."""
        return site in self._orders
