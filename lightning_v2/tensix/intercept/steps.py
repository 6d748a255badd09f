"""What an interception sees of a module that knows its steps and hands over those that compute."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.module import _global_forward_hooks, _global_forward_pre_hooks
from torch.overrides import TorchFunctionMode, _get_current_function_mode

from lightning_v2.executors import Step
from lightning_v2.tensix.intercept.module_frames import Frame, has_hooks
from lightning_v2.tensix.intercept.single_call import is_ordinary
from lightning_v2.tensix.intercept.unseen import asked_for


class Steps:
    """Context in which a module runs and only its steps are seen; see `executors.handed_over`.

    mode: that sees the calls. frames: of the forwards that run. push: adds that of a module. take:
    what is done with a call (function, types, args, kwargs).
    """

    def __init__(
        self,
        mode: TorchFunctionMode,
        frames: list[Frame],
        push: Callable[[nn.Module], None],
        take: Callable[..., object],
    ):
        self._mode, self._frames, self._push, self._take = mode, frames, push, take

    @contextmanager
    def __call__(self, module: nn.Module) -> Iterator[Step | None]:
        """All is seen as ever where somebody else looks on, be it by a mode or by hooks."""
        hooks = max(len(_global_forward_hooks), len(_global_forward_pre_hooks))
        alone = _get_current_function_mode() is self._mode and hooks == 1
        if not alone or self._frames[-1].module is not module:
            yield None
            return
        TorchFunctionMode.__exit__(self._mode, None, None, None)
        try:
            with asked_for():
                yield self._step
        finally:
            TorchFunctionMode.__enter__(self._mode)

    def _step(self, run: Callable, operands: Sequence) -> object:
        if not isinstance(run, nn.Module) or has_hooks(run):
            return self._seen(run, operands)
        depth = len(self._frames)
        self._push(run)
        try:
            # A module that says which one call it makes need not make it to be seen.
            function = getattr(run, "calls", None)
            if _is_of_torch(function) and is_ordinary(function):
                return self._take(function, (), run.arguments_with(operands), {})
            return self._seen(run.forward, operands)
        finally:
            del self._frames[depth:]

    def _seen(self, run: Callable, operands: Sequence) -> object:
        TorchFunctionMode.__enter__(self._mode)
        try:
            return run(*operands)
        finally:
            TorchFunctionMode.__exit__(self._mode, None, None, None)


def _is_of_torch(function: Callable | None) -> bool:
    """Whether a function is one of torch, whose own ones in C name no module."""
    module = getattr(function, "__module__", None) or "torch"
    return function is not None and module.partition(".")[0] == "torch"
