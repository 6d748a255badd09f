"""Matrix products in a 16-bit Dst, in the fast tier: rounded after every 16 products and phase.

By compiled loops that round what they have just summed. Where those cannot be had, in autograd, on
another device, on a processor that does not fuse products with sums, by products of torch with a
pass of rounding after each. Both sum by chains of fused multiply-adds. So do products with a single
row or column: torch sums those in another order, and loops would bring nothing.
"""

import numpy as np
import torch
import torch.nn.functional as F

from lightning_v2.tensix.fast.operands import part
from lightning_v2.tensix.kernels.loops import loops
from lightning_v2.tensix.numbers import fidelity
from lightning_v2.tensix.numbers.formats import TILE, pack_device, round_bfloat16_
from lightning_v2.tensix.numbers.tensor import Tensor
from lightning_v2.tensix.threads import spread

_SLICE = 16  # values of K that one instruction of the engine consumes


class ByTorch:
    """in0 (M, K) @ in1 (K, N), or (B, M, K) @ (B, K, N), piece by piece of K.

    phases: pairs of parts in the order in which they are multiplied.
    """

    def __init__(self, in0: Tensor, in1: Tensor, phases: fidelity.Pairs):
        self._pairs = [(part(in0, "in0", a, False), part(in1, "in1", b, False)) for a, b in phases]

    def add(self, start: int, stop: int, dst: torch.Tensor | None) -> torch.Tensor:
        """K from `start` to `stop` on top of `dst`: by tile, phase and half tile."""
        steps = [
            (a[..., k : min(k + _SLICE, stop)], b[..., k : min(k + _SLICE, stop), :])
            for tile in range(start, stop, TILE)
            for a, b in self._pairs
            for k in range(tile, min(tile + TILE, stop), _SLICE)
        ]
        if _in_autograd(*steps[0]):
            for a, b in steps:
                product = torch.matmul(a, b)
                dst = pack_device(product if dst is None else dst + product, "bfloat16")
            return dst
        dst = torch.matmul(*steps[0]) if dst is None else dst + torch.matmul(*steps[0])
        round_bfloat16_(dst)
        multiply_add = dst.addmm_ if dst.dim() == 2 else dst.baddbmm_
        for a, b in steps[1:]:
            multiply_add(a, b)
            round_bfloat16_(dst)
        return dst


class ByLoops:
    """The same, by `kernels.fpu.narrow_sums`."""

    def __init__(self, in0: Tensor, in1: Tensor, phases: fidelity.Pairs):
        kernels = loops("fpu.narrow_sums")
        self._shape = (*in0.shape[:-1], in1.shape[-1])
        rows, columns = self._shape[-2:]
        vectors = kernels.vectors_for(columns)
        width = vectors * kernels.LANES
        self._multiply = kernels.multiplier(vectors)
        self._tasks = -(-rows // kernels.ROWS) * -(-columns // width)
        first, second = (list(dict.fromkeys(names)) for names in zip(*phases, strict=True))
        more = (0, -in0.shape[-1] % _SLICE, 0, -rows % kernels.AT_ONCE)
        filled = [_filled(part(in0, "in0", name, False), more) for name in first]
        self._in0 = _stacked(filled, 2)
        self._in1 = _stacked([_panels(in1, name, width) for name in second], 3)
        self._phases = np.array([(first.index(a), second.index(b)) for a, b in phases])

    def add(self, start: int, stop: int, dst: torch.Tensor | None) -> torch.Tensor:
        dst = torch.zeros(self._shape) if dst is None else dst.contiguous()
        each = dst.view(-1, *self._shape[-2:]).numpy()
        for in0, in1, target in zip(self._in0, self._in1, each, strict=True):

            def run(first: int, last: int, given: tuple = (in0, in1, target)) -> None:
                self._multiply(*given, self._phases, start, stop, first, last)

            spread(run, self._tasks, torch.get_num_threads())
        return dst


def sums_of(in0: Tensor, in1: Tensor, phases: fidelity.Pairs) -> ByTorch | ByLoops:
    """The faster of both that can be had; arguments as of `ByTorch`."""
    a, b = in0.values, in1.values
    plainly = a.is_cpu and b.is_cpu and not _in_autograd(a, b) and min(a.shape[-2], b.shape[-1]) > 1
    by_loops = plainly and loops("fpu.narrow_sums").is_possible()
    return (ByLoops if by_loops else ByTorch)(in0, in1, phases)


def _in_autograd(a: torch.Tensor, b: torch.Tensor) -> bool:
    return torch.is_grad_enabled() and (a.requires_grad or b.requires_grad)


def _filled(x: torch.Tensor, more: tuple[int, ...]) -> torch.Tensor:
    return F.pad(x, more) if any(more) else x


def _panels(x: Tensor, name: str, width: int) -> torch.Tensor:
    """A part of in1 cut into panels of columns, (..., panels, K, width), filled up with zeros."""

    def cut(values: torch.Tensor) -> torch.Tensor:
        more = (0, -values.shape[-1] % width, 0, -values.shape[-2] % _SLICE)
        whole = _filled(part(x, "in1", name, False), more).unflatten(-1, (-1, width))
        return whole.transpose(-2, -3).contiguous()

    return x.form(("panels", name, width), cut)


def _stacked(parts: list[torch.Tensor], axes: int) -> np.ndarray:
    """Parts of an operand side by side before their last `axes`: (B, parts, ...)."""
    place = -axes - 1
    whole = torch.stack(parts, place) if len(parts) > 1 else parts[0].unsqueeze(place)
    return whole.reshape(-1, *whole.shape[place:]).contiguous().numpy()
