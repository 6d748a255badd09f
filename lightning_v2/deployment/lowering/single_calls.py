"""Single calls of a network, as its lowering runs them; of one without a lowering, as ttnn does."""

from dataclasses import replace

from torch import nn

from lightning_v2.deployment.lowering.blocks import in0_block_w
from lightning_v2.deployment.lowering.taps import orders
from lightning_v2.deployment.lowering.voices import has_lowering
from lightning_v2.tensix.numbers.sites import Site, SitePrecision


class SingleCalls:
    """What the lowering of a network does to the operands of a call, and to its precision."""

    def __init__(self, model: nn.Module):
        self._lowered = has_lowering(model)
        self._orders = orders(model) if self._lowered else {}

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
        k = len(self._orders.get(site.name, range(k)))
        return replace(precision, in0_block_w=in0_block_w(k, n, precision.weights))

    def operands(self, site: str, args: tuple) -> tuple:
        """The arguments of a torch call as the device has them."""
        if site not in self._orders:
            return args
        x, weight, *rest = args
        order = self._orders[site]
        return x[..., order], weight[:, order], *rest

    def reorders(self, site: str) -> bool:
        """Whether the device has the values of an operand in another order."""
        return site in self._orders
