"""Modules in a row, and what a call of one is given.

What is given to a module, and what one stage hands to the next, follows one rule: a tuple or list
holds the positional arguments, a dict the keyword arguments, and anything else, such as a tensor or
a named tuple, is the one argument.
"""

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.weight_norm import WeightNorm, remove_weight_norm

from lightning_v2.errors import ArgumentError

Stage = nn.Module | Callable[..., object]


class Stages(nn.Module):
    """Modules, and functions between them, in a row: each is given what the one before returns.

    What a function computes belongs to the row itself: its sites have no path before the operation.

    Attributes:
        row: the stages.
    """

    def __init__(self, stages: Mapping[str, Stage] | Sequence[Stage]):
        """stages: by name, or named by their places, "0" first.

        Raises:
            ArgumentError: there are none, or a name cannot be that of a module.
        """
        super().__init__()
        named = stages if isinstance(stages, Mapping) else dict(enumerate(stages))
        if not named:
            raise ArgumentError("no stages: give at least one module")
        self.row: list[Stage] = list(named.values())
        for name, stage in named.items():
            if isinstance(stage, nn.Module):
                try:
                    self.add_module(str(name), stage)
                except KeyError as error:
                    message = f"{name!r} cannot be the name of a stage: {error.args[0]}"
                    raise ArgumentError(message) from error

    def forward(self, *args: object, **kwargs: object) -> object:
        for place, stage in enumerate(self.row):
            value = stage(*args, **kwargs)
            if place + 1 < len(self.row):
                args, kwargs = arguments(value)
        return value


def as_module(given: nn.Module | Mapping[str, Stage] | Sequence[Stage]) -> nn.Module:
    """A module as it is, and several as a row of stages.

    Raises:
        ArgumentError: see `Stages`.
    """
    return given if isinstance(given, nn.Module) else Stages(given)


def folded(module: nn.Module) -> nn.Module:
    """A copy in evaluation mode whose weights are made of no others.

    Weight norm and other parametrizations are left out, and leave the weights that they make.

    Raises:
        ArgumentError: the module cannot be copied.
    """
    parts = list(module.modules())
    # torch copies no tensor that it has computed, such as the weight of the older weight norm.
    made = (x for part in parts for x in vars(part).values() if isinstance(x, Tensor))
    try:
        copied = copy.deepcopy(module, {id(x): x.detach().clone() for x in made}).eval()
    except Exception as error:  # whatever the parts of a module raise
        message = f"{type(module).__name__} cannot be copied: {type(error).__name__}: {error}"
        raise ArgumentError(message) from error
    for part in list(copied.modules()):
        if parametrize.is_parametrized(part):
            _unparametrize(part)
        for hook in [h for h in part._forward_pre_hooks.values() if isinstance(h, WeightNorm)]:
            remove_weight_norm(part, hook.name)
    return copied


def arguments(given: object) -> tuple[tuple, dict[str, object]]:
    """Positional and keyword arguments; see the module."""
    if type(given) is dict:
        return (), given
    # Not every kind of tuple: a named one, such as a PackedSequence, is a value.
    return (tuple(given), {}) if type(given) in (tuple, list) else ((given,), {})


def fresh(module: nn.Module, given: object) -> tuple[tuple, dict[str, object]]:
    """The arguments of one call: copies, for a forward may write into what it is given.

    Raises:
        ArgumentError: the forward of the module does not take them.
    """
    args, kwargs = arguments(given)
    _refuse_unfit(module, args, kwargs)
    known: dict[int, object] = {}
    for value in inside(given):
        if isinstance(value, Tensor):
            known[id(value)] = value.detach().clone()
        elif isinstance(value, torch.Generator):
            known[id(value)] = value.clone_state()
    return copy.deepcopy((args, kwargs), known)


def waveform(returned: object) -> Tensor:
    """The sound that a module returns (N,): of several values the first.

    Raises:
        ArgumentError: that is no tensor of samples, or holds several sounds.
    """
    while type(returned) in (tuple, list) and returned:
        returned = returned[0]
    if not isinstance(returned, Tensor):
        raise ArgumentError(
            f"a module that is heard returns samples, not a {type(returned).__name__}: add a stage "
            'that takes them out, such as lambda out: out["waveform"]'
        )
    wave = returned.detach().squeeze()
    wave = wave.reshape(1) if wave.dim() == 0 else wave
    if wave.dim() > 1:
        raise ArgumentError(
            f"a module that is heard returns one sound, not {tuple(returned.shape)}: give it one "
            "input at a time, or add a stage that takes one channel"
        )
    return wave.float()


def _unparametrize(part: nn.Module) -> None:
    """What torch does by `remove_parametrizations`, which would spoil the module that this one is a
    copy of: they share a class, and it takes the weight from there."""
    with torch.no_grad():
        weights = {name: getattr(part, name) for name in part.parametrizations}
    del part.parametrizations
    part.__class__ = type(part).__bases__[0]
    for name, weight in weights.items():
        setattr(part, name, nn.Parameter(weight, requires_grad=False))


def _refuse_unfit(module: nn.Module, args: tuple, kwargs: dict[str, object]) -> None:
    try:
        signature = inspect.signature(module.forward)
    except ValueError:  # of a scripted module none is known
        return
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        keywords = " (a dict holds keyword arguments; a dict as the one argument is given as (it,))"
        message = f"{type(module).__name__}.forward: {error}{keywords if kwargs else ''}"
        raise ArgumentError(message) from error


def inside(values: object) -> Iterator[object]:
    """What nested tuples, lists and dicts hold."""
    if isinstance(values, Mapping):
        values = values.values()
    elif not isinstance(values, tuple | list):
        yield values
        return
    for value in values:
        yield from inside(value)
