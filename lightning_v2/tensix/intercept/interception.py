"""Runs any module in the arithmetic of the chip, by intercepting its torch calls.

The module is not changed: a torch function mode sees every call that this thread makes, and module
hooks tell which submodule makes it. Each call becomes a **site** with a stable dotted name:

    path               the first call of a module without children, if that is a matrix product, a
                       norm or a function of one tensor: `decoder.blocks.3.up`; any call if the
                       module has a true attribute `one_site`
    path.op, path.op_1 any other call, counted anew in every forward of that module: `decoder.add`

Calls that only move or select values are no sites. Calls in modules with a true attribute
`on_host`, calls that make weights of other constants (weight norm and other parametrizations), and
constants that leave torch (`self.scale.item()`) are left alone and counted in `host`. Whatever else
the device does not do runs as torch runs it and is listed in `unemulated` with the reason: calls
that are not understood, arguments without a rule (complex numbers, float64, `out=`, transforms of
torch.func), scripted and traced code, calls from outside every module, floating-point values that
leave torch (`x.numpy()`, `x.item()`), submodules that run in another thread. Calls for which the
exact tier has no rule run in the fast one and are listed in `approximated`.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import ParametrizationList
from torch.overrides import TorchFunctionMode

from lightning_v2.errors import ArgumentError, NoRuleError
from lightning_v2.executors import UNKNOWN, executed_by
from lightning_v2.tensix.intercept import operations
from lightning_v2.tensix.intercept.data_calls import HOST_CALLS, LEAVING_CALLS, computes, writes
from lightning_v2.tensix.intercept.module_frames import ForwardHooks, Frame, is_leaf
from lightning_v2.tensix.intercept.nested import are_plain, float_dtype, tensors
from lightning_v2.tensix.intercept.operations import DATA
from lightning_v2.tensix.intercept.rules.decompositions import DECOMPOSITIONS
from lightning_v2.tensix.intercept.single_call import (
    is_ordinary,
    is_undisturbed,
    objection,
    refuse_autocast,
    run_call,
)
from lightning_v2.tensix.intercept.steps import Steps
from lightning_v2.tensix.intercept.unemulated import Tally, Unemulated
from lightning_v2.tensix.intercept.unseen import asked_for, watched
from lightning_v2.tensix.numbers import stored
from lightning_v2.tensix.numbers.constants import Constants
from lightning_v2.tensix.numbers.sites import SiteCall, SitePrecision

Policy = Callable[[str], SitePrecision | None]
Observer = Callable[[SiteCall], None]

OUTSIDE = "(outside)"
"""Where calls are counted that come from no module."""


class _Active(threading.local):
    """The interceptions of this thread, outermost first, and how many forwards run in it."""

    def __init__(self):
        self.stack: list[Interception] = []
        self.forwards = 0


_active = _Active()
_everywhere: list[Interception] = []
_elsewhere = threading.Lock()


class Interception(TorchFunctionMode):
    """Context in which the calls of `module` run as `policy` says; see `intercept`.

    sites: name -> op, in the order of their first call. host: (site, op) -> calls left to the host.
    emulated: how many calls ran in the arithmetic of the device. has_run: whether any module did.
    """

    def __init__(self, module: nn.Module, policy: Policy, observer: Observer | None = None):
        super().__init__()
        self.sites: dict[str, str] = {}
        self.host: Counter = Counter()
        self.emulated = 0
        self.has_run = False
        self.constants = Constants(module)
        self._module, self._policy, self._observer = module, policy, observer
        self._precisions: dict[str, SitePrecision | None] = {}
        self._unknown, self._approximated = Tally(), Tally()
        self._paths = {id(m): (path, is_leaf(m)) for path, m in module.named_modules()}
        self._frames = [Frame(None, OUTSIDE, False, False)]
        self._stack = _active.stack
        self._steps = Steps(self, self._frames, self._push, self._taken)
        self._contexts = ExitStack()

    @property
    def unemulated(self) -> list[Unemulated]:
        """What ran in PyTorch's own arithmetic because no operation of the device is known."""
        return self._unknown.listed()

    @property
    def approximated(self) -> list[Unemulated]:
        """What ran in the fast tier, in an exact one, for want of an exact rule."""
        return self._approximated.listed()

    def __enter__(self) -> Interception:
        _hooks.acquire()
        stored.forget()
        self._contexts.callback(stored.forget)
        self._contexts.callback(_hooks.release)
        self._stack = _active.stack
        self._contexts.enter_context(watched(partial(_unseen, self._stack)))
        self._contexts.enter_context(executed_by(self._module, None, UNKNOWN, UNKNOWN, self._steps))
        self._stack.append(self)
        _everywhere.append(self)
        return super().__enter__()

    def __exit__(self, *exception: object) -> None:
        try:
            super().__exit__(*exception)
        finally:
            self._stack.remove(self)
            _everywhere.remove(self)
            del self._frames[1:]
            self._contexts.close()

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if getattr(function, "__name__", "") == "__get__":
            return function(*args, **(kwargs or {}))  # `x.shape` and its kin, half of all calls
        with asked_for():
            return self._taken(function, types, args, kwargs or {})

    def _taken(self, function, types, args, kwargs):
        call = operations.resolve(function)
        frame = self._frames[-1]
        known = is_ordinary(function) and frame.module is not None and not frame.on_host
        plain = known and not types and "out" not in kwargs
        if plain and are_plain((*args, *kwargs.values())) and is_undisturbed():
            return self._at_site(function, call, args, kwargs)
        name = getattr(function, "__name__", str(function))
        if writes(name, kwargs):
            stored.forget()
        if call is DATA and not computes(name, args, kwargs):
            return function(*args, **kwargs)
        if name in HOST_CALLS and frame.module is not None:
            self.host[frame.path, name.strip("_")] += 1
            weight = function(*args, **kwargs)
            self.constants.add(weight)
            return weight
        parts = DECOMPOSITIONS.get(function)
        if parts is None and (call is None or call is DATA):
            if float_dtype((args, kwargs)) is None:
                return function(*args, **kwargs)
            if name in LEAVING_CALLS:
                return self._leaving(name.strip("_"), function, args, kwargs)
            return self._plain(function, args, kwargs, "the device has no such operation")
        if parts is None and call.operation.engine == "other":
            known = frame.module is not None
            return (
                self._at_site(function, call, args, kwargs) if known else function(*args, **kwargs)
            )
        reason = self._reason(types, args, kwargs, frame)
        if reason is not None:
            return self._plain(function, args, kwargs, reason)
        refuse_autocast(name, frame.path)
        if parts is None:
            return self._at_site(function, call, args, kwargs)
        return self._in_parts(function, parts, args, kwargs)

    def _reason(self, types, args, kwargs, frame) -> str | None:
        """Why a call that is known is left alone, if it is."""
        if frame.module is None:
            return "outside every module"
        if frame.on_host:
            return "on the host"
        if not are_plain((*args, *kwargs.values())) and float_dtype((args, kwargs)) is None:
            return "made of integers"
        return objection(types, args, kwargs)

    def _plain(self, function, args, kwargs, reason):
        """A call as torch runs it; listed if it computes with real or complex numbers."""
        result = function(*args, **kwargs)
        name = getattr(function, "__name__", str(function))
        # In-place calls on lists return nothing.
        is_float = float_dtype(result) or (result is None and name.endswith("_"))
        if is_float and tensors((args, kwargs)):
            self._left_alone(name, self._frames[-1], reason)
        return result

    def _leaving(self, name, function, args, kwargs):
        """A call whose result nobody here sees again; outside every module it is a result's end."""
        frame = self._frames[-1]
        if frame.module is not None:
            if all(self.constants.owner(x) is not None for x in tensors((args, kwargs))):
                self.host[frame.path, name] += 1
            else:
                self._left_alone(name, frame, "its values leave torch")
        return function(*args, **kwargs)

    def _in_parts(self, function, parts, args, kwargs):
        """A call as the simpler ones that it is made of, each at its own site."""
        try:
            with self._seeing_calls():
                return parts(*args, **kwargs)
        except Exception as error:
            if not isinstance(error, NotImplementedError) and hasattr(error, "__notes__"):
                raise  # from one of the sites
            return self._plain(function, args, kwargs, str(error))

    def _at_site(self, function, call, args, kwargs):
        site = self._frames[-1].next_site(call.operation.name, call.operation.is_elementwise)
        with torch._C.DisableTorchFunction():
            try:
                plain, in_place = call.plain_arguments(args, kwargs)
                # The observer sees the call as it was made, unless it overwrites its own argument.
                if in_place:
                    stored.forget()
                    function, (args, kwargs) = call.operation.plain, plain
                result = self._run(SiteCall(site, call.operation.name, function, args, kwargs))
                return args[0].copy_(result) if in_place else result
            except Exception as error:
                error.add_note(f"in {call.operation.name} at site {site}")
                raise

    def _run(self, made: SiteCall) -> object:
        if made.site not in self._precisions:
            self._precisions[made.site] = self._policy(made.site)
            self.sites[made.site] = made.op
        precision = self._precisions[made.site]
        frame = self._frames[-1]
        if precision is None:
            result = made.by_torch()
        else:
            try:
                call = operations.resolve(made.function)
                result, exact = run_call(call, made.args, made.kwargs, precision, self.constants)
                self.emulated += 1
                if precision.output == "bfloat16" and isinstance(result, Tensor):
                    stored.keep(result)
                if not exact:
                    self._approximated.add(made.op, frame.path, "no exact rule")
            except NoRuleError as error:
                result = made.by_torch()
                if precision.output != "uint32" and any(x.numel() for x in tensors(result)):
                    self._left_alone(made.op, frame, str(error))
        if self._observer is not None:
            self._observer(replace(made, result=result))
        return result

    @contextmanager
    def _seeing_calls(self) -> Iterator[None]:
        """Context in a handler in which this interception sees torch calls again."""
        TorchFunctionMode.__enter__(self)
        try:
            yield
        finally:
            TorchFunctionMode.__exit__(self, None, None, None)

    def _left_alone(self, name: str, frame: Frame, reason: str) -> None:
        """Count a call that torch ran, unless an outer interception takes it on."""
        if frame.on_host:
            self.host[frame.path, name.strip("_")] += 1
            return
        outer = self._stack[: self._stack.index(self)]
        if frame.module is not None or not any(i._frames[-1].module for i in outer):
            self._unknown.add(name, frame.path, reason)

    def _push(self, module: nn.Module) -> None:
        if len(self._frames) == 1:
            with torch._C.DisableTorchFunction():  # or each of its questions would come back here
                self.constants.refresh()
        if id(module) in self._paths:
            self.has_run = True
            self._frames.append(self._frame(module))

    def _frame(self, module: nn.Module) -> Frame:
        path, is_leaf = self._paths[id(module)]
        on_host = self._frames[-1].on_host or bool(getattr(module, "on_host", False))
        on_host = on_host or isinstance(module, ParametrizationList)
        return Frame(module, path, is_leaf, on_host, bool(getattr(module, "one_site", False)))

    def _pushed_elsewhere(self, module: nn.Module) -> None:
        """Count a forward that another thread begins, if it is work of the one that runs here."""
        running = self._frames[-1].module
        is_part = running is not None and running is not module and id(module) in self._paths
        if is_part and module in running.modules():
            self._left_alone("forward", self._frame(module), "in another thread")

    def _pop(self, module: nn.Module, result: object) -> None:
        if id(module) in self._paths and isinstance(module, ParametrizationList):
            self.constants.add(result)
        for i in range(len(self._frames) - 1, 0, -1):
            if self._frames[i].module is module:
                del self._frames[i:]
                return


def intercept(module: nn.Module, policy: Policy, observer: Observer | None = None) -> Interception:
    """Context in which every torch call made inside `module` runs as `policy` says.

    Nests (the innermost interception that knows the calling module takes the call), concerns only
    the calling thread, and leaves nothing behind.

    Args:
        module: its submodules give the sites their names.
        policy: site name -> precision, or None to leave the call in PyTorch's float32. Asked once
            a site: `plan.for_site` fits.
        observer: called after each site. `lower` runs the call again, alone.
    """
    return Interception(module, policy, observer)


def innermost(module: nn.Module) -> Interception | None:
    """The interception of this thread that takes the calls of `module`, None if there is none."""
    return next((i for i in reversed(_active.stack) if id(module) in i._paths), None)


def lower(
    function: Callable,
    args: tuple,
    kwargs: dict[str, Any],
    precision: SitePrecision,
    module: nn.Module | Constants | None = None,
) -> Tensor:
    """One torch call alone, in the arithmetic that `precision` describes.

    module: whose parameters and buffers are constants, or these; that of the innermost interception
        if not given (in an observer, say). Outside of any, only parameters are recognised.

    Raises:
        ArgumentError: `function` is no operation of the device.
        NoRuleError: there is no rule for these arguments, not even in the fast tier.
    """
    call = operations.resolve(function)
    if call is None or call is DATA:
        name = getattr(function, "__name__", function)
        raise ArgumentError(f"{name} is no operation of the device")
    if isinstance(module, Constants):
        constants = module
    elif module is None and _active.stack:
        constants = _active.stack[-1].constants
    else:
        constants = Constants(nn.Module() if module is None else module)
    with torch._C.DisableTorchFunction():
        return run_call(call, args, kwargs, precision, constants)[0]


def _unseen(stack: list[Interception], name: str) -> None:
    """Count an operation that no torch call asked for, where the innermost module runs.

    stack: of the thread whose work it is, which `torch.jit.fork` carries on in others.
    """
    taking = [i for i in stack if i._frames[-1].module is not None]
    interception = (taking or stack)[-1]
    interception._left_alone(name, interception._frames[-1], "scripted, traced or compiled code")


def _enter(module: nn.Module) -> None:
    for interception in _active.stack:
        interception._push(module)
    _active.forwards += 1
    if _active.forwards == 1 and len(_everywhere) > len(_active.stack) and not innermost(module):
        with _elsewhere:
            for interception in _everywhere:
                if interception not in _active.stack:
                    interception._pushed_elsewhere(module)


def _leave(module: nn.Module, result: object) -> None:
    _active.forwards = max(0, _active.forwards - 1)  # hooks can come in the midst of a forward
    for interception in _active.stack:
        interception._pop(module, result)


_hooks = ForwardHooks(_enter, _leave)
