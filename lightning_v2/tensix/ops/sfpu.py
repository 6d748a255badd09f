"""Functions of one operand on the vector engine (SFPU), bit for bit: `apply`.

The fast tier computes in float32 and rounds once to the output format. The chip's own polynomials
give the same bfloat16 for most inputs (80 % of exp, 86 % of tanh, 96 % of gelu, all of sin, cos and
sqrt in the simulator's files) and differ by one unit in the last place otherwise, but for gelu
below -3.
"""

import functools

import numpy as np
import torch
from torch import Tensor

from lightning_v2.errors import ArgumentError
from lightning_v2.tensix.kernels.loops import loops
from lightning_v2.tensix.numbers.configuration import settings
from lightning_v2.tensix.ops.unary import UNARY
from lightning_v2.tensix.threads import spread_slices

EXACT = tuple(row.name for row in UNARY.values() if row.loop is not None)
"""Functions that `apply` knows."""


def apply(
    name: str,
    x: Tensor,
    *,
    wide: bool,
    approximate: bool = False,
    guarded: bool = True,
    **parameters: float,
) -> Tensor:
    """What the function leaves in Dst, bit for bit, on the architecture of `settings()`.

    docs/numerics.md, sections 7.3 and 7.4; a packer has still to store it. No gradient.

    Args:
        name: one of `EXACT`.
        x: any shape, float32: what stands in Dst, with `wide` False bfloat16 values.
        wide: Dst has 32 bits.
        approximate: the kernel's approximate variant, where it has one.
        guarded: zero, negative numbers and denormals are looked after, where that is a question.
        parameters: those of the table.

    Raises:
        ArgumentError: an unknown function or parameter.
    """
    if name not in EXACT:
        raise ArgumentError(f"name is {name!r}; legal are {', '.join(map(repr, EXACT))}")
    row = UNARY[name]
    for key in parameters:
        if key not in row.parameters:
            legal = ", ".join(map(repr, row.parameters)) or "none"
            raise ArgumentError(f"{key} is no parameter of {name}; legal are {legal}")
    given = {key: float(value) for key, value in (row.parameters | parameters).items()}
    values = (approximate, *given.values())
    if row.inverted is not None:
        values += (1 / np.float32(given[row.inverted]),)
    if row.fast_mode == "unguarded":
        values += (guarded,)
    source = x.detach().contiguous().numpy().view(np.uint32).reshape(-1)
    if wide:
        target = np.empty_like(source)
        _evaluate(row.loop, source, target, True, settings().blackhole, values)
    else:
        target = _table(row.loop, settings().blackhole, values)[source >> np.uint32(16)]
    return torch.from_numpy(target.view(np.float32)).reshape(x.shape)


@functools.lru_cache(maxsize=64)
def _table(loop: str, blackhole: bool, parameters: tuple[float, ...]) -> np.ndarray:
    """Results in a 16-bit Dst by the upper half of the operand's pattern."""
    source = np.arange(65536, dtype=np.uint32) << np.uint32(16)
    target = np.empty_like(source)
    _evaluate(loop, source, target, False, blackhole, parameters)
    return target


def _evaluate(
    loop: str,
    source: np.ndarray,
    target: np.ndarray,
    wide: bool,
    blackhole: bool,
    parameters: tuple[float, ...],
) -> None:
    module, name = loop.split(".")
    compiled = getattr(loops(f"sfpu.{module}"), f"{name}_loop")
    patterns = np.array(parameters, np.float32).view(np.uint32)

    def run(part: slice) -> None:
        compiled(source[part], target[part], wide, blackhole, patterns)

    spread_slices(run, source.size)
