"""Any module, run twice on the same inputs: in float32 and under a plan."""

from __future__ import annotations

import copy
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from torch import nn

from lightning_v2 import tensix
from lightning_v2.analysis.sites.block_ranges import BlockRanges
from lightning_v2.analysis.sites.layer_errors import LayerErrors
from lightning_v2.analysis.sites.lock_step import first
from lightning_v2.analysis.sites.site_values import SiteValues
from lightning_v2.deployment.emulate import Emulation, emulate, unemulated_words
from lightning_v2.errors import LightningError, NoRuleError
from lightning_v2.precision import Plan
from lightning_v2.tensix import Unemulated
from lightning_v2.tensix.intercept.interception import Observer
from lightning_v2.tensix.intercept.nested import tensors


class NotEmulatedError(LightningError, RuntimeError):
    """A comparison with the arithmetic of the chip in which none of it ran."""


@dataclass(frozen=True, eq=False)
class ModuleComparison(SiteValues):
    """What came out of `compare_module`. S sites.

    Attributes:
        plan: of the emulation.
        tier: of the emulation.
        reference: what the module returns in float32.
        candidate: what it returns under the plan.
        layers: a row a site (S rows), see `LayerErrors.table`; isolated figures are NaN where a
            call has no rule, see `unemulated`.
        unemulated: calls that ran in PyTorch's arithmetic, each with the reason.
        approximated: calls that ran in the fast tier, for want of an exact rule.
        host: (module, op) -> calls left to the host.
    """

    plan: Plan
    tier: str
    reference: object
    candidate: object
    layers: pd.DataFrame
    unemulated: list[Unemulated]
    approximated: list[Unemulated]
    host: Counter

    @property
    def provenance(self) -> str:
        """What was computed how, for captions."""
        return f"Emulated: plan {self.plan.name}, {self.tier} tier; reference: PyTorch float32."

    def beside(self, other: ModuleComparison) -> pd.DataFrame:
        """Signal to error of every site in dB, emulated, in two tiers or under two plans.

        Returns:
            S rows, by site; columns are op, then `this` and `other` by tier and plan, for the site
            alone and with all before it.
        """
        columns = {("", "op"): self.layers.set_index("site")["op"]}
        kinds = {"isolated": "alone", "accumulated": "and all before it"}
        for kind, words in kinds.items():
            for one in (self, other):
                figures = one.layers.set_index("site")[f"{kind}_sqnr_db"].round(1)
                columns[f"emulated SQNR in dB, {words}", f"{one.tier}, {one.plan.name}"] = figures
        return pd.DataFrame(columns)


def compare_module(
    module: nn.Module,
    inputs: object,
    plan: Plan | str | Path,
    tier: str = "fast",
    arch: str = "wormhole_b0",
) -> ModuleComparison:
    """Run a module in float32 and under a plan, and measure the error of every site.

    Args:
        module: any, in evaluation: what it returns may depend on its inputs only.
        inputs: a tuple or list of the positional arguments of its forward; anything else, such as
            a tensor, is its one argument.
        plan: name, path or `Plan`.
        tier, arch: how the emulator computes, see `emulate`.

    Raises:
        PlanError: the plan does not parse.
        NotEmulatedError: not one call of the module ran in the arithmetic of the chip.
        AutocastError: the module runs under torch's autocast.
    """
    plan = Plan.of(plan)
    # Not every kind of tuple: a named one, such as a PackedSequence, is a value.
    given = inputs if type(inputs) in (tuple, list) else (inputs,)

    def arguments() -> tuple:
        """Copies: a forward may write into what it is given, and both runs get the same."""
        return copy.deepcopy(tuple(given), {id(x): x.detach().clone() for x in tensors(given)})

    def alone(call: tensix.SiteCall) -> object:
        precision = plan.for_site(call.site)
        try:
            with tensix.use(tier, arch):
                return tensix.lower(call.function, call.args, call.kwargs, precision, module)
        except NoRuleError:
            return torch.full_like(first(call.by_torch()), torch.nan)

    def plain(observer: Observer) -> object:
        with torch.no_grad(), tensix.intercept(module, lambda site: None, observer):
            return module(*arguments())

    def low(observer: Observer) -> tuple[object, Emulation]:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*nothing was emulated")
            with emulate(module, plan, tier, observer, arch) as emulation:
                return module(*arguments()), emulation

    ranges = BlockRanges(plan.for_site, module)
    errors = LayerErrors(alone, ranges, lambda site: plan.for_site(site).output)
    reference = plain(errors.observe_reference)
    candidate, emulation = errors.accumulate(plain, low)
    if emulation.is_empty:
        raise NotEmulatedError(
            f"plan {plan.name} and PyTorch's float32 are the same run of this module: nothing was "
            f"emulated. {unemulated_words(emulation)}"
        )
    return ModuleComparison(
        plan,
        tier,
        reference,
        candidate,
        errors.table(),
        emulation.unemulated,
        emulation.approximated,
        emulation.host,
    )
