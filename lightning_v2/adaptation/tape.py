"""What a voice computes for a text, as calls of its modules that can be made again.

All that a voice computes runs in modules (`model.protocol.Voice`). The outermost calls are noted
with what they were given; what an earlier call had returned is noted as that. Made again with other
weights, under a plan and with gradients, they say the same text, whatever kind of voice it is.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)

_TIME = ("durations", "f0")
"""Roles of modules on the host that decide about time: what they say is given."""


@dataclass(frozen=True)
class Place:
    """A tensor among the results of a tape.

    Attributes:
        call: its number.
        path: keys and indices that lead to it in what that call returned.
    """

    call: int
    path: tuple[int | str, ...]

    def among(self, results: list) -> Tensor:
        value = results[self.call]
        for step in self.path:
            value = value[step]
        return value


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a module.

    Attributes:
        module: its path; "" is the whole network.
        args, kwargs: nested values, with a `Place` for what an earlier call had returned.
        given: what it had returned, if it decides about time and is not made again; else None.
    """

    module: str
    args: tuple
    kwargs: dict[str, object]
    given: object = None


@dataclass(frozen=True, eq=False)
class Tape:
    """Calls in the order in which they were made."""

    calls: tuple[Call, ...]

    def replayed(self, model: nn.Module) -> list:
        """What each call returns when `model`, which has these modules, makes them again."""
        results: list = []

        def at_hand(value: object) -> object:
            if isinstance(value, Place):
                return value.among(results)
            return value if isinstance(value, Tensor) else copy.deepcopy(value)  # a generator

        for call in self.calls:
            if call.given is None:
                args, kwargs = _each(call.args, at_hand), _each(call.kwargs, at_hand)
                results.append(model.get_submodule(call.module)(*args, **kwargs))
            else:
                results.append(call.given)
        return results

    def to(self, device: torch.device) -> Self:
        """The same with its tensors on a device."""

        def moved(value: object) -> object:
            return value.to(device) if isinstance(value, Tensor) else value

        return type(self)(
            tuple(
                Call(c.module, *(_each(x, moved) for x in (c.args, c.kwargs, c.given)))
                for c in self.calls
            )
        )


@dataclass(eq=False)
class Recorder:
    """Context in which the calls of a network are noted.

    Attributes:
        model: the network.
        calls: so far.
        results: of them, as they were returned.
    """

    model: nn.Module
    calls: list[Call] = field(default_factory=list)
    results: list = field(default_factory=list)

    def __post_init__(self):
        self._paths = {id(module): path for path, module in self.model.named_modules()}
        self._running: list[tuple] = []
        self._places: dict[int, Place] = {}

    def __enter__(self) -> Self:
        self._hooks = [
            register_module_forward_pre_hook(self._begin),
            register_module_forward_hook(self._end, with_kwargs=True),
        ]
        return self

    def __exit__(self, *exception: object) -> None:
        for hook in self._hooks:
            hook.remove()

    @property
    def tape(self) -> Tape:
        return Tape(tuple(self.calls))

    @property
    def decides(self) -> bool:
        """Whether decisions about time were calls of their own."""
        return any(call.given is not None for call in self.calls)

    def sounds(self, waveform: Tensor) -> list[Place]:
        """Where the parts of a waveform (N,) lie among the results, in their order; empty if they
        do not add up to it."""
        found, start = [], 0
        for place, value in self._tensors():
            part = waveform[start : start + value.numel()]
            may_be = value.is_floating_point() and value.numel() == len(part) > 0
            if may_be and torch.equal(value.detach().reshape(-1).float(), part):
                found.append(place)
                start += len(part)
        return found if start == len(waveform) else []

    def _begin(self, module: nn.Module, args: tuple) -> None:
        if id(module) in self._paths:
            self._running.append(() if self._running else _each(args, self._noted))

    def _end(self, module: nn.Module, args: tuple, kwargs: dict, result: object) -> None:
        if id(module) not in self._paths:
            return
        noted = self._running.pop()
        if self._running:
            return
        decides = getattr(module, "on_host", False) and getattr(module, "role", "") in _TIME
        given = _each(result, _kept) if decides else None
        path = self._paths[id(module)]
        self.calls.append(Call(path, noted, _each(kwargs, self._noted), given))
        self.results.append(result)
        self._places |= {
            id(value): Place(len(self.results) - 1, path) for path, value in _paths_of(result)
        }

    def _noted(self, value: object) -> object:
        return self._places.get(id(value)) or _kept(value)

    def _tensors(self) -> list[tuple[Place, Tensor]]:
        return [
            (Place(number, path), value)
            for number, result in enumerate(self.results)
            for path, value in _paths_of(result)
        ]


def _kept(value: object) -> object:
    """A value as it is now. Of a tensor a copy that may take part in autograd, which one that was
    made in inference mode may not."""
    if not isinstance(value, Tensor):
        return copy.deepcopy(value)
    with torch.inference_mode(False), torch.no_grad():
        return value.detach().clone()


def _each(values: object, function: Callable[[object], object]) -> object:
    """Nested tuples, lists and dictionaries with `function` of every value in its place."""
    if isinstance(values, dict):
        return {key: _each(value, function) for key, value in values.items()}
    if type(values) in (tuple, list):
        return type(values)(_each(value, function) for value in values)
    return function(values)


def _paths_of(values: object) -> list[tuple[tuple, Tensor]]:
    """The tensors in nested values, with the keys and indices that lead to them."""
    if isinstance(values, Tensor):
        return [((), values)]
    if isinstance(values, dict):
        inner = values.items()
    elif isinstance(values, tuple | list):
        inner = enumerate(values)
    else:
        return []
    return [((key, *path), x) for key, value in inner for path, x in _paths_of(value)]
