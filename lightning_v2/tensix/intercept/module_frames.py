"""Which module makes a call: the running forwards of a thread, told by torch's global hooks."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from torch import nn
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)
from torch.nn.utils.parametrize import is_parametrized
from torch.utils.hooks import RemovableHandle

from lightning_v2.tensix.numbers.sites import ROLES


@dataclass(slots=True)
class Frame:
    """One running forward: where, whether its first call takes its path, and its calls by op.

    Attributes:
        one_site: its first call takes its path also where it is of two operands.
    """

    module: nn.Module | None
    path: str
    is_leaf: bool
    on_host: bool
    one_site: bool = False
    calls: Counter = field(default_factory=Counter)

    def next_site(self, op: str, is_elementwise: bool) -> str:
        """The name of the call that comes now, which is counted; see `interception`.

        is_elementwise: it is arithmetic of several operands, found between the other operations.
        """
        count = self.calls[op]
        alone = self.is_leaf and not self.calls and (self.one_site or not is_elementwise)
        self.calls[op] += 1
        if alone and self.path:
            return self.path
        name = f"{op}_{count}" if count else op
        return f"{self.path}.{name}" if self.path else name


def is_leaf(module: nn.Module) -> bool:
    """Whether a module has no children but those that make its weights."""
    return all(isinstance(m, nn.ModuleDict) and is_parametrized(module) for m in module.children())


def has_hooks(module: nn.Module) -> bool:
    """Whether somebody is told when a module runs."""
    names = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return any(getattr(module, name) for name in names)


def role_of(module: nn.Module, site: str) -> str:
    """What the values of a site are for: the attribute `role` of the innermost module around it
    that has one of `ROLES` there, else ""."""
    role = ""
    for name in ["", *site.split(".")]:
        module = module._modules.get(name) if name else module
        if module is None:
            break
        own = getattr(module, "role", None)
        role = own if isinstance(own, str) and own in ROLES else role
    return role


class ForwardHooks:
    """Hooks around every forward of every module, present only while somebody uses them.

    enter(module), leave(module, result): called in the thread of the forward.
    """

    def __init__(
        self, enter: Callable[[nn.Module], None], leave: Callable[[nn.Module, object], None]
    ):
        self._enter, self._leave = enter, leave
        self._lock = threading.Lock()
        self._users = 0
        self._handles: list[RemovableHandle] = []

    def acquire(self) -> None:
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._handles = [
                    register_module_forward_pre_hook(lambda module, args: self._enter(module)),
                    register_module_forward_hook(
                        lambda module, args, result: self._leave(module, result), always_call=True
                    ),
                ]

    def release(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                for handle in self._handles:
                    handle.remove()
