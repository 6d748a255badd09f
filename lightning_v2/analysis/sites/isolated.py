"""A site of a voice by itself, as the lowering of the voice runs it."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from lightning_v2 import tensix
from lightning_v2.analysis.sites.lock_step import first
from lightning_v2.deployment.lowering.fused_calls import FusedCalls
from lightning_v2.deployment.lowering.single_calls import SingleCalls
from lightning_v2.errors import NoRuleError
from lightning_v2.model import Voice
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.tensix import SitePrecision
from lightning_v2.tensix.numbers.constants import Constants


def lowered_precisions(voice: Voice, plan: Plan) -> dict[str, SitePrecision]:
    """Site -> precision under a plan, with the blocks along K that a lowering chooses."""
    calls = SingleCalls(voice.model)
    return {site.name: calls.precision(plan.for_site(site), site) for site in voice_sites(voice)}


def called_precisions(voice: Voice, plan: Plan) -> dict[str, SitePrecision]:
    """The same for calls as the network makes them; where a lowering leaves out inputs that are
    always zero, with ttnn's own blocks."""
    calls, lowered = SingleCalls(voice.model), lowered_precisions(voice, plan)
    return {
        name: replace(one, in0_block_w=plan.for_site(name).in0_block_w)
        if calls.reorders(name)
        else one
        for name, one in lowered.items()
    }


class Isolated:
    """Runs single calls of a voice's network in the arithmetic of a plan.

    Calls come in the order in which the network makes them: a site whose program does the work of
    the one before, too, has the result of that program, on the operands of both.

    The bits are those that the lowering has at that site on the same operands, with two exceptions:
    where activations are block floats, scores and softmax of attention (there, the lowering
    transposes keys and adds a mask in bfloat16); and in the fast tier the last bits of sums whose
    order depends on the shape. Of a network without a lowering they are those of its interception;
    NaN where that leaves a call to PyTorch.
    """

    def __init__(self, voice: Voice, plan: Plan, tier: str, network: nn.Module | None = None):
        """tier: "exact" or "fast". network: whose calls they are, one of the voice's; that of its
        float32 if not given."""
        network = voice.model if network is None else network
        self._tier, self._plan = tier, plan
        # Looked for once: a network of some hundred modules would be gone through at every call.
        self._constants = Constants(network)
        self._precisions = lowered_precisions(voice, plan)
        self._calls = SingleCalls(network)
        self._fused = FusedCalls(network, plan.for_site)

    def first(self, site: str) -> str | None:
        """The site whose work the program of this one may do, too."""
        return self._fused.firsts.get(site)

    def remember(self, call: tensix.SiteCall) -> None:
        """A call that is not to run, of the site that is first in the program of the next call."""
        self._fused.remember(call)

    def __call__(self, call: tensix.SiteCall) -> Tensor:
        """One call as an observer sees it, again, in low precision."""
        self._fused.remember(call)
        with tensix.use(tier=self._tier):
            together = self._fused(call)
        if together is not None:
            return together
        args, kwargs = self._calls.arguments(call.site, call.args, call.kwargs)
        # A site that runs in this text and not in that of `voice_sites` has no blocks of its own.
        precision = self._precisions.get(call.site) or self._plan.for_site(call.site)
        try:
            with tensix.use(tier=self._tier):
                return tensix.lower(call.function, args, kwargs, precision, self._constants)
        except NoRuleError:
            result = call.function(*call.args, **call.kwargs)
            return torch.full_like(first(result), torch.nan)
