"""Who speaks for the network of a voice: itself, or something that computes as a plan says."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from torch import nn


@dataclass(frozen=True, eq=False)
class Speaker:
    """What speaks for a network (None: itself), and the plan and tier that its `Speech` names."""

    by: Any = None
    plan: str | None = None
    tier: str | None = None


_speakers: ContextVar[Mapping[nn.Module, Speaker]] = ContextVar(
    "speakers of modules, outermost first", default=MappingProxyType({})
)


@contextmanager
def speaking_by(
    module: nn.Module, speaker: Any, plan: str | None = None, tier: str | None = None
) -> Iterator[None]:
    """Context in which the voices of this thread that have `module` speak by another object.

    Nothing is changed in the module. The innermost context for a network wins.

    Args:
        module: the network of the voices, something around it or a part of it; a part counts only
            where nobody speaks for the whole.
        speaker: with `acoustics` and `wave` as `Network` has them; the network itself is legal, and
            None stands for it.
        plan, tier: how, for their `Speech`.
    """
    others = {other: s for other, s in _speakers.get().items() if other is not module}
    token = _speakers.set({**others, module: Speaker(speaker, plan, tier)})
    try:
        yield
    finally:
        _speakers.reset(token)


def speaker_of(network: nn.Module) -> Speaker:
    """Who speaks for a network in this thread, and how."""
    speakers = list(reversed(_speakers.get().items()))
    parts = set(network.modules())
    whole = (speaker for module, speaker in speakers if network in set(module.modules()))
    part = (speaker for module, speaker in speakers if module in parts)
    return next(whole, None) or next(part, Speaker())


def origin(network: nn.Module) -> dict[str, str | None]:
    """The fields `plan` and `tier` of a `Speech` that a network speaks now."""
    speaker = speaker_of(network)
    return {"plan": speaker.plan, "tier": speaker.tier}
