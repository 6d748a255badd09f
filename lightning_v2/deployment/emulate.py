"""A voice, or any module, under a precision plan, in emulated arithmetic."""

import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lightning_v2 import tensix
from lightning_v2.deployment.lowering.as_written import refuse_edited
from lightning_v2.deployment.lowering.runner import Runner
from lightning_v2.deployment.lowering.voices import has_lowering, lowering_of
from lightning_v2.errors import LightningWarning
from lightning_v2.executors import executed_by
from lightning_v2.model import Voice
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.fit import for_voice
from lightning_v2.tensix.intercept.interception import Interception, Observer
from lightning_v2.tensix.intercept.module_frames import role_of
from lightning_v2.tensix.intercept.unemulated import Unemulated
from lightning_v2.tensix.intercept.unseen import asked_for
from lightning_v2.tensix.numbers.configuration import Settings


@dataclass(frozen=True, slots=True)
class Emulation:
    """What ran, and how.

    Attributes:
        tier: "exact" or "fast".
        arch: "wormhole_b0" or "blackhole".
    """

    tier: str
    arch: str
    _run: Runner | Interception

    @property
    def sites(self) -> dict[str, str]:
        """Name -> op, in the order of their first run."""
        return self._run.sites

    @property
    def host(self) -> Counter:
        """(module, op) -> calls left to the host."""
        return self._run.host

    @property
    def unemulated(self) -> list[Unemulated]:
        """Calls without a lowering that ran in PyTorch's arithmetic, each with the reason.

        This and `approximated` must be empty for a result to be what it claims. Of the operations
        of a lowering all are known.
        """
        return self._run.unemulated if isinstance(self._run, Interception) else []

    @property
    def is_empty(self) -> bool:
        """Whether interception ran a module, but not one call in the arithmetic of the chip."""
        run = self._run
        if not isinstance(run, Interception) or run.emulated:
            return False
        return run.has_run or bool(run.unemulated)

    @property
    def approximated(self) -> list[Unemulated]:
        """Calls without a lowering that the exact tier has no rule for and the fast one ran."""
        return self._run.approximated if isinstance(self._run, Interception) else []


@contextmanager
def emulate(
    voice: Voice | nn.Module,
    plan: Plan | str | Path,
    tier: str = "fast",
    observer: Observer | None = None,
    arch: str | None = None,
) -> Iterator[Emulation]:
    """Context in which a voice or a module computes as `plan` says.

    What a voice synthesizes goes through its lowering, the operations that a device would run. Of
    a voice of another architecture, and of any other module, the torch calls are intercepted, and
    each is lowered by ttnn's defaults; in the fast tier gradients pass straight through every
    rounding, so that it can be trained in here.

    What the chip does not do runs as PyTorch runs it and is listed in `unemulated`; where that is
    all, a warning at the end says so.

    The module itself is not changed; only calls of this thread are affected. Contexts nest: the
    innermost one that knows a voice or a module takes its calls. `Speech` that is made in here has
    the name of the plan and the tier, and the names of the parts of the network if it is only some.

    Args:
        voice: from `lightning_v2.load`, or any `torch.nn.Module`.
        plan: a plan, or the name or path of one.
        tier: "exact": the bits of the chip, on as many threads as `tensix.use` gives. "fast":
            masked operands and ordinary matrix products.
        observer: called after every site with a `tensix.SiteCall`: the torch call that the network
            makes there, on the operands as they are stored, and the result, in float32 and in the
            network's shapes. `tensix.lower` runs such a call again alone.
        arch: whose rules the chip follows, "wormhole_b0" or "blackhole"; if not given that of
            `tensix.use`, by default Wormhole.

    Raises:
        PlanError: the plan does not parse, or one of its globs matches no site of the voice; of a
            preset that is a warning. The sites of a bare module are only known once it ran: there,
            it is a warning at the end.
        TypeError: `voice` is neither a voice nor a module.
        ArgumentError: the tier or the architecture is not known, or the network of a voice was
            changed otherwise than by its weights.
        AutocastError: a bare module runs under torch's autocast.
    """
    settings = Settings(tier=tier, arch=arch or tensix.settings().arch)
    if not isinstance(plan, Plan):
        plan = Plan.load(plan)
    bare = isinstance(voice, nn.Module)
    if not bare and not isinstance(voice, Voice):
        kind = type(voice).__name__
        raise TypeError(f"voice is a {kind}; legal are a Voice and any torch.nn.Module")
    if not bare:
        sites = voice_sites(voice)
        plan = for_voice(plan, sites)
        plan.check(sites)
    if bare or not has_lowering(voice.model):
        model = voice if bare else voice.model
        intercepted = tensix.intercept(
            model, lambda site: plan.for_site(site, role_of(model, site)), observer
        )
        with (
            tensix.use(tier, settings.arch),
            intercepted as running,
            executed_by(model, None, plan.name, tier),
        ):
            emulation = Emulation(tier, settings.arch, running)
            yield emulation
        if emulation.is_empty:
            message = f"plan {plan.name}: nothing was emulated. {unemulated_words(emulation)}"
            warnings.warn(message, LightningWarning, stacklevel=3)
        if bare and running.sites:
            _warn_of_idle_rules(plan, running)
        return
    network = voice.network(plan.adapted)
    refuse_edited(network, voice.config)
    lowering = lowering_of(network, Runner(tensix, plan.for_site, observer))
    turns = _Turns(lowering, settings)
    with executed_by(voice.model, turns, plan.name, tier):
        yield Emulation(tier, settings.arch, lowering.runner)


@contextmanager
def as_deployed(
    voice: Voice,
    plan: Plan | str | Path,
    tier: str = "exact",
    observer: Observer | None = None,
    arch: str | None = None,
) -> Iterator[Emulation]:
    """Context in which a voice computes what it would on a device: `emulate`, by its lowering.

    It differs from `emulate` for voices that are ONNX graphs alone: there the torch calls are
    intercepted, as ttnn takes them by default; here the graph is written out as device operations,
    padded, with the blocks and orders of axes that a deployment has.

    Arguments and errors are those of `emulate`.

    Raises:
        Refusal: an operation of the graph has no lowering.
    """
    from lightning_v2.onnx.voice import OnnxVoice

    if not isinstance(voice, OnnxVoice):
        with emulate(voice, plan, tier, observer, arch) as emulation:
            yield emulation
        return
    from lightning_v2.deployment.lowering.graph.runner import GraphRunner
    from lightning_v2.deployment.lowering.graph.voice import LoweredVoice

    settings = Settings(tier=tier, arch=arch or tensix.settings().arch)
    sites = voice_sites(voice)
    plan = for_voice(Plan.of(plan), sites)
    plan.check(sites)
    lowered = LoweredVoice(voice, GraphRunner(tensix, plan.for_site, observer))
    with executed_by(voice.model, _Turns(lowered, settings), plan.name, tier):
        yield Emulation(tier, settings.arch, lowered.runner)


def unemulated_words(emulation: Emulation) -> str:
    """What PyTorch ran, where and why, in a sentence."""
    if not emulation.unemulated:
        if not emulation.host:
            return "It computed no values: it only moves them, or was given none."
        return "All of the module is work of the host."
    calls = (f"{u.name} in {u.site or 'the root'} ({u.reason})" for u in emulation.unemulated)
    return f"In PyTorch's arithmetic ran {', '.join(calls)}."


class _Turns:
    """A lowering with a tier and an architecture of its own.

    It keeps its own torch calls from interceptions.
    """

    def __init__(self, lowering: Any, settings: Settings):
        """lowering: whose methods, those of a network, are asked for."""
        self._lowering, self._settings = lowering, settings

    def __call__(self, *args: Any, **options: Any) -> Any:
        with self._turn():
            return self._lowering(*args, **options)

    def __getattr__(self, name: str) -> Callable:
        def run(*args: Any, **options: Any) -> Any:
            with self._turn():
                return getattr(self._lowering, name)(*args, **options)

        return run

    @contextmanager
    def _turn(self) -> Iterator[None]:
        running = tensix.use(self._settings.tier, self._settings.arch)
        with running, asked_for(), torch._C.DisableTorchFunction():
            yield


def _warn_of_idle_rules(plan: Plan, interception: Interception) -> None:
    idle = [
        glob
        for rule in plan.rules
        for glob in rule.globs
        if not any(fnmatchcase(site, glob) for site in interception.sites)
    ]
    if idle:
        words = ", ".join(map(repr, idle))
        count = sum(len(rule.globs) for rule in plan.rules)
        alone = "its default alone ruled, " if len(idle) == count else ""
        message = (
            f"plan {plan.name}: {alone}no operation ran that matches {len(idle)} of the {count} "
            f"patterns in its rules: {words}"
        )
        warnings.warn(message, LightningWarning, stacklevel=4)
