"""Runs any module in the arithmetic of the chip, by intercepting its torch calls.

The module is not changed: a torch function mode sees every call that this thread makes, and module
hooks tell which submodule makes it. Each call becomes a **site** with a stable dotted name:

    path               the first call of a module without children, if that is a matrix product, a
                       norm or a function of one tensor: `decoder.blocks.3.up`
    path.op, path.op_1 any other call, counted anew in every forward of that module: `decoder.add`

Calls that only move or select values are no sites. Calls in modules with a true attribute
`on_host`, calls on float64 tensors, and calls that make weights of other constants (weight norm and
other parametrizations) are left alone and counted in `host`. Calls that are not understood are left
alone and listed in `unemulated`; so are calls from outside every module. Calls for which the exact
tier has no rule run in the fast one and are listed in `approximated`.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)
from torch.nn.utils.parametrize import ParametrizationList, is_parametrized
from torch.overrides import TorchFunctionMode
from torch.utils.hooks import RemovableHandle

from lightning_v2.errors import ArgumentError
from lightning_v2.tensix import operations
from lightning_v2.tensix.constants import Constants
from lightning_v2.tensix.data_calls import HOST_CALLS
from lightning_v2.tensix.decompositions import DECOMPOSITIONS
from lightning_v2.tensix.nested import float_dtype, has_axes, leaves, mapped
from lightning_v2.tensix.operations import DATA, Operation
from lightning_v2.tensix.sites import Site, SitePrecision

Policy = Callable[[str], SitePrecision | None]
Observer = Callable[[str, str, Callable, tuple, dict[str, Any], Any], None]

OUTSIDE = "(outside)"
"""Where calls are counted that come from no module."""


@dataclass(frozen=True, slots=True)
class Unemulated:
    """Calls of one kind at one place that ran otherwise than asked for."""

    name: str
    site: str
    count: int


@dataclass(slots=True)
class _Frame:
    """One running forward: where, whether its first call takes its path, and its calls by op."""

    module: nn.Module | None
    path: str
    is_leaf: bool
    on_host: bool
    calls: Counter = field(default_factory=Counter)


class _Active(threading.local):
    """The interceptions of this thread, outermost first."""

    def __init__(self):
        self.stack: list[Interception] = []


_active = _Active()


class Interception(TorchFunctionMode):
    """Context in which the calls of `module` run as `policy` says; see `intercept`.

    sites: name -> op, in the order of their first call. host: (site, op) -> calls left to the host.
    """

    def __init__(self, module: nn.Module, policy: Policy, observer: Observer | None = None):
        super().__init__()
        self.sites: dict[str, str] = {}
        self.host: Counter = Counter()
        self.constants = Constants(module)
        self._policy, self._observer = policy, observer
        self._precisions: dict[str, SitePrecision | None] = {}
        self._unknown: Counter = Counter()
        self._approximated: Counter = Counter()
        self._paths = {id(m): (path, _is_leaf(m)) for path, m in module.named_modules()}
        self._frames = [_Frame(None, OUTSIDE, False, False)]

    @property
    def unemulated(self) -> list[Unemulated]:
        """What ran in PyTorch's own arithmetic because no operation of the device is known."""
        return [Unemulated(name, site, n) for (name, site), n in self._unknown.items()]

    @property
    def approximated(self) -> list[Unemulated]:
        """What ran in the fast tier, in an exact one, for want of an exact rule."""
        return [Unemulated(name, site, n) for (name, site), n in self._approximated.items()]

    def __enter__(self) -> Interception:
        _hooks.acquire()
        _active.stack.append(self)
        return super().__enter__()

    def __exit__(self, *exception: object) -> None:
        try:
            super().__exit__(*exception)
        finally:
            _active.stack.remove(self)
            del self._frames[1:]
            _hooks.release()

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function in DECOMPOSITIONS and not self._frames[-1].on_host:
            try:
                with self._seeing_calls():
                    return DECOMPOSITIONS[function](*args, **kwargs)
            except NotImplementedError:
                self._left_alone(function, self._frames[-1])
                return function(*args, **kwargs)
        call = operations.resolve(function)
        if call is DATA:
            return function(*args, **kwargs)
        frame = self._frames[-1]
        name = getattr(function, "__name__", "")
        if name in HOST_CALLS and frame.module is not None:
            self.host[frame.path, name.strip("_")] += 1
            weight = function(*args, **kwargs)
            self.constants.add(weight)
            return weight
        if call is None or not self._is_device_call(function, args, kwargs, frame, call):
            result = function(*args, **kwargs)
            if call is None and float_dtype(result) and float_dtype((args, kwargs)):
                self._left_alone(function, frame)
            return result
        (args, kwargs), in_place = self._plain(function, call, args, kwargs)
        site = self._name(frame, call.operation)
        with torch._C.DisableTorchFunction():
            try:
                result = self._run(site, call.operation, in_place, function, args, kwargs)
            except Exception as error:
                error.add_note(f"in {call.operation.name} at site {site}")
                raise
            return args[0].copy_(result) if in_place else result

    def _run(self, site, operation, in_place, function, args, kwargs):
        if site not in self._precisions:
            self._precisions[site] = self._policy(site)
            self.sites[site] = operation.name
        precision = self._precisions[site]
        if in_place:
            function = operation.plain
        place = operation.name, self._frames[-1].path
        if precision is None:
            result = function(*args, **kwargs)
        else:
            call = operations.resolve(function)
            try:
                result, exact = _lowered(call, args, kwargs, precision, self.constants)
                self._approximated.update([] if exact else [place])
            except NotImplementedError:
                result = function(*args, **kwargs)
                if precision.output != "uint32":
                    self._unknown[place] += 1
        if self._observer is not None:
            self._observer(site, operation.name, function, args, kwargs, result)
        return result

    @staticmethod
    def _plain(function, call, args, kwargs):
        plain, in_place = call.plain_arguments(args, kwargs)
        # The observer sees the call as it was made, unless it overwrites its own argument.
        return (plain if in_place else (args, kwargs)), in_place

    @contextmanager
    def _seeing_calls(self) -> Iterator[None]:
        """Context in a handler in which this interception sees torch calls again."""
        TorchFunctionMode.__enter__(self)
        try:
            yield
        finally:
            TorchFunctionMode.__exit__(self, None, None, None)

    def _is_device_call(self, function, args, kwargs, frame, call) -> bool:
        if call.operation.engine == "other":
            return frame.module is not None
        dtype = float_dtype((args, kwargs))
        if dtype is None:
            return False
        if frame.module is None:
            self._left_alone(function, frame)
            return False
        if dtype == torch.float64 or frame.on_host:
            self.host[frame.path, call.operation.name] += 1
            return False
        if dtype.is_complex or any(isinstance(x, complex) for x in leaves((args, kwargs))):
            self._left_alone(function, frame)
            return False
        return True

    def _left_alone(self, function, frame) -> None:
        """Count a call that was not understood, unless an outer interception takes it on."""
        name = getattr(function, "__name__", str(function))
        if frame.on_host:
            self.host[frame.path, name] += 1
            return
        outer = _active.stack[: _active.stack.index(self)]
        if frame.module is not None or not any(i._frames[-1].module for i in outer):
            self._unknown[name, frame.path] += 1

    @staticmethod
    def _name(frame: _Frame, operation: Operation) -> str:
        op = operation.name
        count = frame.calls[op]
        alone = frame.is_leaf and not frame.calls and not operation.is_elementwise
        frame.calls[op] += 1
        if alone and frame.path:
            return frame.path
        name = f"{op}_{count}" if count else op
        return f"{frame.path}.{name}" if frame.path else name

    def _push(self, module: nn.Module) -> None:
        if id(module) in self._paths:
            path, is_leaf = self._paths[id(module)]
            on_host = self._frames[-1].on_host or bool(getattr(module, "on_host", False))
            on_host = on_host or isinstance(module, ParametrizationList)
            self._frames.append(_Frame(module, path, is_leaf, on_host))

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
        observer: called after each site with (site, op, function, args, kwargs, result); the
            arguments are those of the call as made, before rounding. `lower` runs it again alone.
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
    module: nn.Module | None = None,
) -> Tensor:
    """One torch call alone, in the arithmetic that `precision` describes.

    module: whose parameters and buffers are constants; that of the innermost interception if not
        given (in an observer, say). Outside of any, only parameters are recognised.

    Raises:
        ArgumentError: `function` is no operation of the device.
        NotImplementedError: there is no rule for it, not even in the fast tier.
    """
    call = operations.resolve(function)
    if call is None or call is DATA:
        name = getattr(function, "__name__", function)
        raise ArgumentError(f"{name} is no operation of the device")
    if module is None and _active.stack:
        constants = _active.stack[-1].constants
    else:
        constants = Constants(nn.Module() if module is None else module)
    with torch._C.DisableTorchFunction():
        return _lowered(call, args, kwargs, precision, constants)[0]


def trace(module: nn.Module, run: Callable[[], object]) -> list[Site]:
    """The sites of `module` in one call of `run`, in the order of their first call, in float32."""
    counts: dict[str, Site] = {}

    def observe(name, op, function, args, kwargs, result):
        seen = counts.get(name)
        call = operations.resolve(function)
        (args, kwargs), _ = call.plain_arguments(args, kwargs)
        values = list(leaves((args, kwargs)))
        tensors = [value for value in values if isinstance(value, Tensor)]
        macs = call.operation.macs(values, result) if call.operation.macs else 0
        if seen is not None:
            total = (seen.macs + macs, seen.weights, seen.vectors, seen.calls + 1)
            counts[name] = Site(name, op, *total, seen.shapes)
            return
        constants = [t for t in tensors if interception.constants.owner(t) is not None]
        is_matrix = call.operation.engine == "matrix"
        weights = sum(t.numel() for t in constants if is_matrix and t.dim() > 1)
        vectors = sum(t.numel() for t in constants) - weights
        shapes = tuple(tuple(t.shape) for t in (*tensors, *leaves(result)))
        counts[name] = Site(name, op, macs, weights, vectors, 1, shapes)

    with intercept(module, lambda site: None, observe) as interception:
        run()
    return list(counts.values())


def _lowered(call, args, kwargs, precision, constants):
    """The result, and whether it has the bits of the tier that was asked for."""
    (args, kwargs), _ = call.plain_arguments(args, kwargs)
    dtype = float_dtype((args, kwargs))
    numbers = not has_axes((args, kwargs))
    if numbers:
        args, kwargs = (mapped(v, lambda x: x.reshape(1)) for v in (args, kwargs))
    if dtype in _HALVES:
        args, kwargs = (mapped(v, _widened) for v in (args, kwargs))
    result, exact = call.operation.run(precision, constants, args, kwargs)
    if dtype in _HALVES:
        result = mapped(result, lambda x: x.to(dtype) if x.dtype == torch.float32 else x)
    return result.reshape(()) if numbers else result, exact


def _widened(x):
    return x.float() if x.dtype in _HALVES else x


_HALVES = (torch.float16, torch.bfloat16)


def _is_leaf(module: nn.Module) -> bool:
    """Whether a module has no children but those that make its weights."""
    return all(isinstance(m, nn.ModuleDict) and is_parametrized(module) for m in module.children())


class _Hooks:
    """The global module hooks, present only while any thread intercepts."""

    def __init__(self):
        self._lock = threading.Lock()
        self._users = 0
        self._handles: list[RemovableHandle] = []

    def acquire(self) -> None:
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._handles = [
                    register_module_forward_pre_hook(_enter),
                    register_module_forward_hook(_leave, always_call=True),
                ]

    def release(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                for handle in self._handles:
                    handle.remove()


def _enter(module: nn.Module, args: object) -> None:
    for interception in _active.stack:
        interception._push(module)


def _leave(module: nn.Module, args: object, result: object) -> None:
    for interception in _active.stack:
        interception._pop(module, result)


_hooks = _Hooks()
