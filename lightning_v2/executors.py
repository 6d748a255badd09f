"""Who runs a module, and how: told by whoever takes its calls, read by whoever names an origin.

Whoever intercepts and whoever speaks know nothing of each other; both know this.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from torch import nn

UNKNOWN = "(unknown)"
"""Plan and tier of calls that somebody intercepts who does not say how they run."""


@dataclass(frozen=True, eq=False)
class Executor:
    """What runs a module.

    Attributes:
        by: what computes in its place; None: the module itself.
        plan: name of the precision plan; None: PyTorch's float32.
        tier: of the emulation; None: PyTorch.
    """

    by: Any = None
    plan: str | None = None
    tier: str | None = None


_executors: ContextVar[Mapping[nn.Module, Executor]] = ContextVar(
    "executors of modules, outermost first", default=MappingProxyType({})
)


@contextmanager
def executed_by(
    module: nn.Module, by: Any, plan: str | None = None, tier: str | None = None
) -> Iterator[None]:
    """Context in which another object runs a module in this thread.

    Nothing is changed in the module. The innermost context for a module wins.

    Args:
        module: any.
        by: with the methods that are asked of the module; the module itself is legal, and None
            stands for it.
        plan, tier: how.
    """
    others = {other: e for other, e in _executors.get().items() if other is not module}
    token = _executors.set({**others, module: Executor(by, plan, tier)})
    try:
        yield
    finally:
        _executors.reset(token)


def any_at_work() -> bool:
    """Whether this thread is in a context of `executed_by`."""
    return bool(_executors.get())


def executor_of(module: nn.Module) -> Executor:
    """What runs a module in this thread.

    The innermost executor of the module, or of one that contains it; plan and tier also name, by
    path, the parts that others run within it: "bf16 in decoder". Whoever runs in its place keeps
    all parts to itself.
    """
    whole, parts = Executor(), []
    for other, executor in _executors.get().items():
        inside = set(other.modules())
        if module in inside:
            whole, parts = executor, []
        elif whole.by in (None, module) and (paths := _outermost(module, inside)):
            parts.append((executor, paths))
    if not parts:
        return whole
    plans = [f"{e.plan or 'float32'} in {', '.join(paths)}" for e, paths in parts]
    tiers = [e.tier for e in (whole, *(e for e, _ in parts)) if e.tier]
    return Executor(
        whole.by,
        "; ".join([whole.plan] * bool(whole.plan) + plans),
        ", ".join(dict.fromkeys(tiers)) or None,
    )


def _outermost(module: nn.Module, found: set[nn.Module]) -> list[str]:
    """Paths in `module` of those modules that are in `found`, without what is inside of them."""
    paths: list[str] = []
    for path, part in module.named_modules():
        if part in found and not any(path.startswith(f"{outer}.") for outer in paths):
            paths.append(path)
    return paths
