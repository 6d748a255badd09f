"""Sees what a module computes without making a torch call: scripted and traced code, extensions.

A function mode sees calls from Python. Below it, torch's dispatcher sees every operation, whoever
asks for it; those that no call asked for are reported. While a dispatch mode is there, torch runs
what `torch.compile` made as it was written, so that its calls are seen.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch._C._dynamo.eval_frame import set_eval_frame
from torch.utils._python_dispatch import TorchDispatchMode

from lightning_v2.tensix.intercept.data_calls import DATA_CALLS
from lightning_v2.tensix.intercept.nested import float_dtype

_ATEN_DATA = frozenset("index lift lift_fresh native_dropout to_copy unsafe_view".split())


class _Watch(TorchDispatchMode):
    """Reports the operations of this thread that compute, except while it is off its stack."""

    def __init__(self, report: Callable[[str], None]):
        super().__init__()
        self._report = report

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """No: torch would import its compiler, to keep it out of here, at the first operation. That
        takes longer than a sentence, and nothing is compiled while a dispatch mode is there."""
        return False

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        with torch._C.DisableTorchFunction():
            result = function(*args, **kwargs)
        name = function._schema.name.partition("::")[2].strip("_")
        known = _watches.known or function.is_view or name in DATA_CALLS or name in _ATEN_DATA
        if not known and float_dtype(result) and float_dtype((args, kwargs)):
            self._report(name)
        return result


class _Watches(threading.local):
    def __init__(self):
        self.current: _Watch | None = None
        self.known = 0  # how many contexts of `asked_for` are open


_watches = _Watches()


@contextmanager
def watched(report: Callable[[str], None]) -> Iterator[None]:
    """Context in which `report` is told the name of every operation that is not `asked_for`.

    Inside another one it does nothing: the outer one reports.
    """
    if _watches.current is not None:
        yield
        return
    with _Watch(report) as _watches.current:
        try:
            yield
        finally:
            _watches.current = None


class asked_for:
    """Context whose operations are known to who watches.

    A class, and the mode off its stack instead of told to look away: every call passes here.
    """

    __slots__ = ("_compiler", "_taken")

    def __enter__(self) -> None:
        self._taken = None
        _watches.known += 1
        # Without the mode, torch.compile would go on to compile whoever works in here.
        self._compiler = set_eval_frame(None)
        if _watches.current is None or not torch._C._len_torch_dispatch_stack():
            return
        top = torch._C._pop_torch_dispatch_stack(None)
        if top is _watches.current:
            self._taken = top
        else:
            torch._C._push_on_torch_dispatch_stack(top)

    def __exit__(self, *exception: object) -> None:
        _watches.known -= 1
        set_eval_frame(self._compiler)
        if self._taken is not None:
            torch._C._push_on_torch_dispatch_stack(self._taken)
