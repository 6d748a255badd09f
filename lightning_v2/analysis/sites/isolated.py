"""A site of a voice by itself, as the lowering of the voice runs it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from lightning_v2 import tensix
from lightning_v2.deployment.lowering.blocks import in0_block_w
from lightning_v2.model import Voice
from lightning_v2.model.layers import Taps
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.tensix import Site, SitePrecision


def lowered_precisions(voice: Voice, plan: Plan) -> dict[str, SitePrecision]:
    """Site -> precision under a plan, with the blocks along K that the lowering chooses.

    `tensix` by itself would take ttnn's defaults; the lowering has a rule of its own
    (`deployment.blocks`), and partial sums are rounded where blocks end.
    """
    return {site.name: _with_blocks(plan.for_site(site), site) for site in voice_sites(voice)}


class Isolated:
    """Runs single calls of a voice's network in the arithmetic of a plan.

    The bits are those that the lowering has at that site on the same operands, with two exceptions:
    where activations are block floats, scores and softmax of attention (there, the lowering
    transposes keys and adds a mask in bfloat16); and in the fast tier the last bits of sums whose
    order depends on the shape.
    """

    def __init__(self, voice: Voice, plan: Plan, tier: str):
        """tier: "exact" or "fast"."""
        self._module, self._tier = voice.model, tier
        self._precisions = lowered_precisions(voice, plan)
        self._taps = {name: m for name, m in voice.model.named_modules() if isinstance(m, Taps)}

    def __call__(
        self, site: str, function: Callable, args: tuple, kwargs: dict[str, Any]
    ) -> Tensor:
        """One call as an observer sees it, again, in low precision."""
        if site in self._taps:
            args = _side_by_side(self._taps[site], *args)
        with tensix.use(tier=self._tier):
            return tensix.lower(function, args, kwargs, self._precisions[site], self._module)


def _with_blocks(precision: SitePrecision, site: Site) -> SitePrecision:
    if precision.in0_block_w is not None or site.op not in ("linear", "matmul"):
        return precision
    if not site.weights:
        return replace(precision, in0_block_w=1)
    rows, columns = site.shapes[1]
    k, n = (columns, rows) if site.op == "linear" else (rows, columns)
    return replace(precision, in0_block_w=in0_block_w(k, n, precision.weights))


def _side_by_side(layer: nn.Linear, x: Tensor, weight: Tensor, *rest: Any) -> tuple:
    """Operands of `Taps` with all channels of a neighbour together, as the device has them."""
    order = torch.arange(layer.in_features).unflatten(0, (-1, layer.kernel)).t().flatten()
    return x[..., order], weight[:, order], *rest
