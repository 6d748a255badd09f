"""Any module, run twice on the same inputs: in float32 and under a plan."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from torch import nn

from lightning_v2 import tensix
from lightning_v2.analysis.comparison import Comparison
from lightning_v2.analysis.metrics import audio_metrics
from lightning_v2.analysis.sites.block_ranges import BlockRanges
from lightning_v2.analysis.sites.layer_errors import LayerErrors
from lightning_v2.analysis.sites.lock_step import first
from lightning_v2.analysis.sites.site_values import SiteValues
from lightning_v2.deployment.emulate import Emulation, emulate, unemulated_words
from lightning_v2.errors import ArgumentError, LightningError, NoRuleError
from lightning_v2.model import Speech
from lightning_v2.model.stages import Stage, as_module, fresh, waveform
from lightning_v2.noise import drawn_from, untouched
from lightning_v2.precision import FLOAT32, Plan
from lightning_v2.tensix import Unemulated
from lightning_v2.tensix.intercept.interception import Observer


class NotEmulatedError(LightningError, RuntimeError):
    """A comparison with the arithmetic of the chip in which none of it ran."""


class BesideOthers:
    """Layer errors that are shown beside those of another tier or plan."""

    plan: Plan
    tier: str
    layers: pd.DataFrame

    def beside(self, other: BesideOthers) -> pd.DataFrame:
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


@dataclass(frozen=True, eq=False)
class ModuleComparison(BesideOthers, SiteValues):
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


@dataclass(frozen=True, eq=False, kw_only=True)
class HeardComparison(BesideOthers, Comparison):
    """What came out of `compare_module` of a module that returns sound.

    A `Comparison` like that of a voice, for players, blind tests and figures. It counts as
    teacher-forced where both waveforms have one length.

    Attributes:
        unemulated, approximated, host: as of a `ModuleComparison`.
    """

    unemulated: list[Unemulated]
    approximated: list[Unemulated]
    host: Counter


def compare_module(
    module: nn.Module | Mapping[str, Stage] | Sequence[Stage],
    inputs: object,
    plan: Plan | str | Path,
    tier: str = "fast",
    arch: str = "wormhole_b0",
    *,
    audio: int | None = None,
    seed: int = 0,
    judges: bool = False,
) -> ModuleComparison | HeardComparison:
    """Run a module in float32 and under a plan, and measure the error of every site.

    Args:
        module: any, in evaluation: what it returns may depend on its inputs and the seed only. A
            list or dict of modules, and of functions between them, is run in a row (`Stages`).
        inputs: a tuple or list of the positional arguments of its forward, or a dict of the keyword
            arguments; anything else, such as a tensor, is its one argument.
        plan: name, path or `Plan`.
        tier, arch: how the emulator computes, see `emulate`.
        audio: Hz, of a module that returns a waveform: (N,), with any number of axes of length 1;
            of several values the first.
        seed: of what both runs draw from the generators of torch (on the CPU), NumPy and Python,
            which go on afterwards from where they were.
        judges: with `audio`, as those of `compare`.

    Raises:
        PlanError: the plan does not parse.
        ArgumentError: forward does not take the inputs, or returns no sound to be heard.
        NotEmulatedError: not one call of the module ran in the arithmetic of the chip.
        AutocastError: the module runs under torch's autocast.
    """
    plan, module = Plan.of(plan), as_module(module)
    if audio is not None and audio < 1:
        raise ArgumentError(f"audio is {audio}; legal is a rate in Hz, or None")

    def run() -> object:
        args, kwargs = fresh(module, inputs)
        with drawn_from(seed):
            return module(*args, **kwargs)

    def alone(call: tensix.SiteCall) -> object:
        precision = plan.for_site(call.site)
        try:
            with tensix.use(tier, arch):
                return tensix.lower(call.function, call.args, call.kwargs, precision)
        except NoRuleError:
            return torch.full_like(first(call.by_torch()), torch.nan)

    def plain(observer: Observer) -> object:
        with torch.no_grad(), tensix.intercept(module, lambda site: None, observer):
            return run()

    def low(observer: Observer) -> tuple[object, Emulation]:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*nothing was emulated")
            with emulate(module, plan, tier, observer, arch) as emulation:
                return run(), emulation

    ranges = BlockRanges(plan.for_site, module)
    errors = LayerErrors(alone, ranges, lambda site: plan.for_site(site).output)
    reference, (candidate, emulation) = errors.both(plain, low)
    if emulation.is_empty:
        raise NotEmulatedError(
            f"plan {plan.name} and PyTorch's float32 are the same run of this module: nothing was "
            f"emulated. {unemulated_words(emulation)}"
        )
    layers = errors.table()
    ran = {
        "unemulated": emulation.unemulated,
        "approximated": emulation.approximated,
        "host": emulation.host,
    }
    if audio is None:
        return ModuleComparison(plan, tier, reference, candidate, layers, **ran)
    said = _heard(reference, audio, seed)
    low_said = _heard(candidate, audio, seed, plan.name, tier)
    with untouched():  # some measures draw noise
        metrics, phase = audio_metrics.measure(said, low_said, judges)
    return HeardComparison(
        plan=plan,
        reference_plan=FLOAT32,
        tier=tier,
        teacher_forced=phase.aligned,
        reference=said,
        candidate=low_said,
        layers=layers,
        metrics=metrics,
        phase=phase,
        judges=judges,
        **ran,
    )


def _heard(
    returned: object, rate: int, seed: int, plan: str | None = None, tier: str | None = None
) -> Speech:
    wave = waveform(returned).numpy()
    return Speech("", wave, (), sample_rate=rate, hop=1, seed=seed, plan=plan, tier=tier)
