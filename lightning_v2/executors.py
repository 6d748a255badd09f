"""Who runs a module, and how: told by whoever takes its calls, read by whoever names an origin.

Whoever intercepts and whoever speaks know nothing of each other; both know this.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
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
        steps: of who sees the calls of the module; see `handed_over`.
    """

    by: Any = None
    plan: str | None = None
    tier: str | None = None
    steps: "Steps | None" = None


Step = Callable[[Callable, Sequence], Any]
"""Runs one step of a module, a function or a submodule, on its operands, and sees its calls."""

Steps = Callable[[nn.Module], AbstractContextManager[Step | None]]
"""Context in which only those calls of a module are seen that come from a `Step`; it gives None
where all go on to be seen."""


_executors: ContextVar[tuple[tuple[nn.Module, Executor], ...]] = ContextVar(
    "executors of modules, outermost first", default=()
)


@contextmanager
def executed_by(
    module: nn.Module,
    by: Any,
    plan: str | None = None,
    tier: str | None = None,
    steps: Steps | None = None,
) -> Iterator[None]:
    """Context in which another object runs a module in this thread.

    Nothing is changed in the module. The innermost context for a module wins. Contexts may end in
    any order, as those of generators do: each takes away what it has brought.

    Args:
        module: any.
        by: with the methods that are asked of the module; the module itself is legal, and None
            stands for it.
        plan, tier: how.
        steps: given by who sees the calls of the module.
    """
    mine = module, Executor(by, plan, tier, steps)
    _executors.set((*_executors.get(), mine))
    try:
        yield
    finally:
        _executors.set(tuple(pair for pair in _executors.get() if pair is not mine))


@contextmanager
def handed_over(module: nn.Module) -> Iterator[Step | None]:
    """Context in which a module that knows its steps hands those that compute to who sees its
    calls.

    It spares the others a look: they only move, select or count values. None: nobody sees the
    calls of this thread, or several do, who have to agree about each.
    """
    seeing = [executor.steps for _, executor in _executors.get() if executor.steps is not None]
    if len(seeing) != 1:
        yield None
        return
    with seeing[0](module) as step:
        yield step


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
    innermost = {id(other): place for place, (other, _) in enumerate(_executors.get())}
    for place, (other, executor) in enumerate(_executors.get()):
        if innermost[id(other)] != place:
            continue
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
