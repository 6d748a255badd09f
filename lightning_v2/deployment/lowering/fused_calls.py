"""Single calls at sites that share a program with another one, as a lowering runs them."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from lightning_v2 import tensix
from lightning_v2.deployment.lowering.fused import Function
from lightning_v2.deployment.lowering.natural.together import masked, together
from lightning_v2.deployment.lowering.runner import Runner
from lightning_v2.deployment.lowering.taps import orders
from lightning_v2.deployment.lowering.views import same
from lightning_v2.tensix.numbers.sites import SiteCall, SitePrecision


class FusedCalls:
    """Runs the program that a site shares with the one before it, whose result it alone takes.

    Attributes:
        firsts: site -> the one whose work its program does first, in any plan that lets it.
    """

    def __init__(self, model: nn.Module, policy: Callable[[str], SitePrecision]):
        """policy: site name -> precision."""
        self._model, self._run = model, Runner(tensix, policy)
        self.firsts, self._masked = together(model), masked(model)
        self._orders = orders(model)
        self._remembered: dict[str, SiteCall] = {}

    def remember(self, call: SiteCall) -> None:
        """A call of a site that is first in a program: the next one of the other goes with it."""
        if call.site in self.firsts.values():
            self._remembered[call.site] = call

    def first(self, site: str, op: str) -> str | None:
        """The one whose work the program of a site does first under this policy, if any."""
        first, run = self.firsts.get(site), self._run
        if first is None:
            return None
        if op == "layer_norm":
            shared = run.norms_sum(first, site)
        elif op in ("add", "sub"):
            shared = run.adds_product(first, site)
        else:
            shared = run.ends(first, Function(site, op))
        return first if shared else None

    def __call__(self, call: SiteCall) -> Tensor | None:
        """What the program gives that ends in this call; None if it is a program of its own."""
        first = self._remembered.pop(self.first(call.site, call.op) or "", None)
        with torch._C.DisableTorchFunction():
            found = self._sum(call) if first is None else self._both(first, call)
        return None if found is None else found.values

    def _sum(self, call: SiteCall) -> tensix.Tensor | None:
        if call.site not in self._masked or not self._run.is_bfloat16(call.site):
            return None
        x, y = map(_stored, call.args)
        mask = tensix.from_torch(torch.ones(*x.shape[:-1], 1), "bfloat16")
        return self._run.residual(call.site, x, y, same, mask)

    def _both(self, first: SiteCall, call: SiteCall) -> tensix.Tensor:
        run, site = self._run, call.site
        if call.op == "layer_norm":
            x, y = map(_stored, first.args)
            return run.norm_of_sum(first.site, x, y, site, self._model.get_submodule(site), same)
        if call.op in ("add", "sub"):
            x = call.args[0]
            # What the network adds may be fewer columns than it multiplies.
            b, c = (_stored(y[..., : x.shape[-1]]) for y in first.args)
            return run.with_product(first.site, site, call.op, _stored(x), b, c, (same, same))
        then, layer = Function(site, call.op), self._model.get_submodule(first.site)
        x, order = first.args[0], self._orders.get(first.site)
        if order is None:
            return run.linear(first.site, _stored(x), layer, same, then=then)
        return run.taps(first.site, _stored(x[..., order]), layer, order, same, then)


def _stored(x: Tensor) -> tensix.Tensor:
    return tensix.from_torch(x, "float32")
