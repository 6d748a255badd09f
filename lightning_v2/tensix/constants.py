"""Constant operands: which tensors are weights of a module, and their packed forms, made once.

A packed form is kept as long as its owner lives and is made anew when the owner changes: torch
counts in-place changes per tensor. Writing through `.data` escapes that count, and autograd too.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable
from itertools import chain

import torch
from torch import Tensor, nn
from torch.utils.weak import WeakIdKeyDictionary

from lightning_v2.tensix import tensor as device

_packed: WeakIdKeyDictionary = WeakIdKeyDictionary()


class Constants:
    """The parameters and buffers of a module, recognised by their memory, also through views."""

    def __init__(self, module: nn.Module):
        tensors = chain(module.parameters(), module.buffers())
        self._owners = {t.untyped_storage().data_ptr(): t for t in tensors if t.numel()}
        self._made: dict[int, weakref.ref[Tensor]] = {}

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


def packed(
    tensor: Tensor, owner: Tensor, recipe: Hashable, make: Callable[[Tensor], device.Tensor]
) -> device.Tensor:
    """`make(tensor)`, from the store where this view of `owner` was packed by `recipe` before."""
    if (torch.is_grad_enabled() and tensor.requires_grad) or tensor.is_inference():
        return make(tensor)
    key = (recipe, tensor.data_ptr(), tensor.shape, tensor.stride())
    forms = _packed.setdefault(owner, {})
    version, form = forms.get(key, (None, None))
    if version != owner._version:
        # A form made in inference mode could never take part in autograd afterwards.
        with torch.inference_mode(False), torch.no_grad():
            version, form = owner._version, make(tensor)
        forms[key] = (version, form)
    return form
