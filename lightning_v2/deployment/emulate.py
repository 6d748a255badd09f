"""A voice, or any module, under a precision plan, in emulated arithmetic."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path

from torch import nn

from lightning_v2 import tensix
from lightning_v2.deployment import phase
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.tensix.interception import Observer

TIERS = ("fast",)

phase.register()


@contextmanager
def emulate(
    voice: object,
    plan: Plan | str | Path,
    tier: str = "fast",
    observer: Observer | None = None,
) -> Iterator[tensix.Interception]:
    """Context in which a voice or a module computes as `plan` says.

    The module itself is not changed; only calls of this thread are affected. Gradients pass
    straight through every rounding, so that a module can be trained in here.

    Args:
        voice: from `lightning_v2.load`, or any `torch.nn.Module`.
        plan: a plan, or the name or path of one.
        tier: "fast": masked operands and ordinary matrix products; see `tensix.matmul`.
        observer: called after every operation; see `tensix.intercept`.

    Yields:
        The interception: `sites`, `host`, and `unemulated`, which must be empty for the result to
        be what it claims.

    Raises:
        PlanError: the plan does not parse, or one of its globs matches no site of the voice. The
            sites of a bare module are only known once it ran: there, it is a warning at the end.
        ValueError: the tier is not known.
    """
    if tier not in TIERS:
        extra = ": bit-exact emulation is not built yet" if tier == "exact" else ""
        raise ValueError(f"tier {tier!r} is not available{extra}; available is {', '.join(TIERS)}")
    if not isinstance(plan, Plan):
        plan = Plan.load(plan)
    is_module = isinstance(voice, nn.Module)
    if not is_module:
        plan.check(voice_sites(voice))
    module = voice if is_module else voice.model
    with tensix.intercept(module, plan.for_site, observer) as interception:
        yield interception
    if is_module and interception.sites:
        _warn_of_idle_rules(plan, interception)


def _warn_of_idle_rules(plan: Plan, interception: tensix.Interception) -> None:
    idle = [
        glob
        for rule in plan.rules
        for glob in rule.globs
        if not any(fnmatchcase(site, glob) for site in interception.sites)
    ]
    if idle:
        words = ", ".join(map(repr, idle))
        message = f"plan {plan.name}: no operation ran that matches {words}"
        warnings.warn(message, stacklevel=4)
