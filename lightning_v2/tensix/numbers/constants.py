"""Constant operands: which tensors are weights of a module, and their packed forms, made once.

A packed form holds for the bits that it was made of: they are kept beside it and compared at every
use, for nothing else tells of writes through `.data`, through NumPy or through another tensor that
shares the memory.
"""

import weakref
from collections.abc import Callable, Hashable
from itertools import chain

import torch
from torch import Tensor, nn

_packed: dict[int, tuple[weakref.ref[Tensor], dict]] = {}
"""Identity of an owner -> the owner, and view of it -> what is kept of that."""


class Constants:
    """The parameters and buffers of a module, recognised by their memory, also through views."""

    def __init__(self, module: nn.Module):
        self._module = module
        self._made: dict[int, weakref.ref[Tensor]] = {}
        self.refresh()

    def refresh(self) -> None:
        """Look again at what the module holds: parameters and buffers may have been replaced."""
        # What `parameters()` and `buffers()` give, at a third of their price: once for every call.
        modules = tuple(self._module.modules())
        held = chain((m._parameters for m in modules), (m._buffers for m in modules))
        tensors = (t for group in held for t in group.values() if t is not None)
        self._owners = {_address(t): t for t in tensors}
        self._owners.pop(None, None)

    def add(self, tensor: Tensor) -> None:
        """Recognise, as long as it lives, what the host makes of constants (weight norm)."""
        self._made[tensor.untyped_storage().data_ptr()] = weakref.ref(tensor)

    def owner(self, tensor: Tensor) -> Tensor | None:
        """The parameter, buffer or added tensor whose memory `tensor` shows, or None."""
        address = tensor.untyped_storage().data_ptr()
        owner = self._owners.get(address)
        if owner is None and address in self._made:
            owner = self._made[address]()
        if owner is not None and owner.untyped_storage().data_ptr() == address:
            return owner
        return tensor if isinstance(tensor, nn.Parameter) else None


def packed[Form](
    tensor: Tensor, owner: Tensor, recipe: Hashable, make: Callable[[Tensor], Form]
) -> Form:
    """`make` of the values of `tensor`, made once as long as they stay what they are.

    owner: whose life ends that of the form; `tensor` shows its memory. recipe: what `make` does.
    """
    if torch.is_grad_enabled() and tensor.requires_grad:
        return make(tensor)
    views = _views(owner)
    view = tensor.storage_offset(), tensor.shape, tensor.stride(), tensor.dtype
    kept = views.get(view)
    if kept is None or not kept.is_of(tensor):
        kept = views[view] = _Kept(tensor) if tensor.is_cpu else _KeptElsewhere(tensor)
    if recipe not in kept.forms:
        # A form made in inference mode could never take part in autograd afterwards.
        with torch.inference_mode(False), torch.no_grad():
            kept.forms[recipe] = make(kept.values)
    return kept.forms[recipe]


class _Kept:
    """A view of an owner as it was when last seen: its bytes, a tensor of them, forms by recipe."""

    __slots__ = ("_bytes", "_memory", "_pointer", "forms", "values")

    def __init__(self, tensor: Tensor):
        self._look_at(tensor)
        self._bytes, order = bytearray(self._memory), _order(tensor)
        values = (
            torch.frombuffer(self._bytes, dtype=tensor.dtype) if self._bytes else tensor.clone()
        )
        values = values.view([tensor.shape[axis] for axis in order])
        self.values = values.permute([order.index(axis) for axis in range(len(order))])
        self.forms: dict[Hashable, object] = {}

    def is_of(self, tensor: Tensor) -> bool:
        """Whether a tensor, the same view, has these bytes still."""
        if self._pointer != tensor.data_ptr():
            self._look_at(tensor)
        return self._bytes == self._memory

    def _look_at(self, tensor: Tensor) -> None:
        flat = _flat(tensor)
        self._memory = memoryview(flat.numpy())
        # A copy, made where the bytes have gaps, is of this moment alone.
        self._pointer = tensor.data_ptr() if flat.data_ptr() == tensor.data_ptr() else None


class _KeptElsewhere:
    """The same in the memory of another device, where a copy is compared."""

    __slots__ = ("forms", "values")

    def __init__(self, tensor: Tensor):
        self.values = tensor.detach().clone()
        self.forms: dict[Hashable, object] = {}

    def is_of(self, tensor: Tensor) -> bool:
        return torch.equal(self.values, tensor.detach())


def _views(owner: Tensor) -> dict:
    """What is kept of an owner, as long as it lives."""
    key = id(owner)
    known = _packed.get(key)
    if known is not None and known[0]() is owner:
        return known[1]

    def forget(gone: weakref.ref[Tensor]) -> None:
        if key in _packed and _packed[key][0] is gone:
            del _packed[key]

    views: dict = {}
    _packed[key] = weakref.ref(owner, forget), views
    return views


def _flat(tensor: Tensor) -> Tensor:
    """The bytes of a tensor in the order of its memory, copied only where they have gaps."""
    tensor = tensor.detach()
    if not tensor.is_contiguous():
        tensor = tensor.permute(_order(tensor))
    return tensor.reshape(-1).view(torch.uint8)


def _order(tensor: Tensor) -> list[int]:
    """Axes, that with the longest step first."""
    return sorted(range(tensor.dim()), key=tensor.stride, reverse=True)


def _address(tensor: Tensor) -> int | None:
    """Where the memory of a tensor starts; None if it has none, or none yet (lazy modules)."""
    if nn.parameter.is_lazy(tensor) or tensor.layout != torch.strided or not tensor.numel():
        return None
    return tensor.untyped_storage().data_ptr() or None
