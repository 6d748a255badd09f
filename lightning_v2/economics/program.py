"""A program as the model sees it: kind, tensors, cores, and how a product is cut."""

import math
import re
from dataclasses import dataclass

from lightning_v2.deployment.observed.step import Step
from lightning_v2.deployment.observed.tensor_use import TensorUse
from lightning_v2.tile import TILE

PRODUCT, CONVOLUTION, ELEMENTWISE, NORM, SOFTMAX, MOVEMENT = KINDS = (
    "product", "convolution", "elementwise", "norm", "softmax", "movement",
)  # fmt: skip

_KINDS = {
    "MatmulDeviceOperation": PRODUCT,
    "Conv2dDeviceOperation": CONVOLUTION,
    "BinaryNgDeviceOperation": ELEMENTWISE,
    "UnaryDeviceOperation": ELEMENTWISE,
    "TernaryDeviceOperation": ELEMENTWISE,
    "TypecastDeviceOperation": ELEMENTWISE,
    "LayerNormDeviceOperation": NORM,
    "SoftmaxDeviceOperation": SOFTMAX,
}
"""ttnn's name of a device operation -> kind; all others move data."""

_NUMBER = r"{}=(\d+)"
_ENDING = re.compile(r"fused_activation=\w*\(?op_type=UnaryOpType::(\w+)")
_GRID = re.compile(r"compute_with_storage_grid_size=(\d+)-(\d+)")


@dataclass(frozen=True, slots=True)
class Cut:
    """How a product of (m, k) and (k, n) tiles is shared by the cores.

    Attributes:
        m, k, n: tiles of the whole product.
        share_m, share_n: tiles of the result of one core.
        width: tiles of K in one block.
        subblock: tiles of the result in Dst at once, one call of the engine a tile of K.
        block_m, block_n: tiles of that share which are computed at once, the others after them.
        mcast_in0, mcast_in1: whether one core reads an operand for all that need it.
        in0_local: whether in0 lies in the cores that multiply it already.
    """

    m: int
    k: int
    n: int
    share_m: int
    share_n: int
    width: int
    subblock: int
    block_m: int
    block_n: int
    mcast_in0: bool = True
    mcast_in1: bool = True
    in0_local: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """One program of a deployment.

    Attributes:
        name, call: ttnn's device operation, and the function that was called.
        kind: one of KINDS.
        operands, results: as the operation met them.
        cores: that work.
        math_fidelity: "" where it has none.
        cut: of a product or convolution, None for others.
        function: of an element-wise operation, as "gelu".
        ending: the function in which a product ends, "" if in none.
        dram_read_bytes, dram_written_bytes: each operand and result there once.
    """

    name: str
    call: str
    kind: str
    operands: tuple[TensorUse, ...]
    results: tuple[TensorUse, ...]
    cores: int
    math_fidelity: str = ""
    cut: Cut | None = None
    function: str = ""
    ending: str = ""
    dram_read_bytes: int = 0
    dram_written_bytes: int = 0

    @classmethod
    def of(cls, step: Step) -> "Program":
        """From what ttnn captured of an operation."""
        kind = _KINDS.get(step.name, MOVEMENT)
        return cls(
            name=step.name.removesuffix("DeviceOperation"),
            call=step.call.removeprefix("ttnn."),
            kind=kind,
            operands=step.operands,
            results=step.results,
            cores=max(1, step.cores),
            math_fidelity=step.math_fidelity,
            cut=_cut(step) if kind in (PRODUCT, CONVOLUTION) else None,
            function=step.call.rpartition(".")[2],
            ending=_ending(step.program_config),
            dram_read_bytes=step.dram_read_bytes,
            dram_written_bytes=step.dram_written_bytes,
        )


def tiles(tensor: TensorUse) -> int:
    """Tiles of a tensor, or of as many values where it is stored in rows."""
    *outer, rows, columns = (1, 1, *tensor.shape)
    return math.prod(outer) * -(-rows // TILE) * -(-columns // TILE)


def page_bytes(tensor: TensorUse) -> int:
    """Bytes that one request of the NoC brings: a tile, or a row."""
    if tensor.layout == "tile":
        return tensor.bytes // max(1, tiles(tensor))
    rows = math.prod(tensor.shape[:-1]) if len(tensor.shape) > 1 else 1
    return -(-tensor.bytes // max(1, rows))


def pages(tensor: TensorUse) -> int:
    """Requests that bring it whole."""
    return -(-tensor.bytes // max(1, page_bytes(tensor)))


def is_sharded(tensor: TensorUse) -> bool:
    """Whether each core has a part of it."""
    return "sharded" in tensor.memory


def _cut(step: Step) -> Cut:
    left, right = step.operands[0], step.operands[1]
    result = step.results[0] if step.results else left
    heads = math.prod(right.shape[:-2]) if len(right.shape) > 2 else 1
    if step.name.startswith("Conv2d"):
        # The kernel brings the rows of a window together; weights are their depth.
        m, n = tiles(result) // _across(result), _across(result)
        k, heads = -(-right.shape[-2] // TILE), 1
    else:
        m = tiles(left) // _across(left) // heads
        k, n = _across(left), _across(result)
    cores = max(1, step.cores)
    config = step.program_config
    share_m = _number("per_core_M", config) or -(-m * heads // cores)
    share_n = _number("per_core_N", config) or n
    high, wide = (_number(f"out_subblock_{x}", config) or 1 for x in "hw")
    alone = "Reuse" in step.program and "Mcast" not in step.program
    one_way = "1D" in step.program or step.name.startswith("Conv2d")
    in0 = one_way and "mcast_in0=1" in config
    return Cut(
        m=m * heads,
        k=k,
        n=n,
        share_m=share_m,
        share_n=share_n,
        width=_number("in0_block_w", config) or k,
        subblock=max(1, high * wide),
        block_m=_number("out_block_h", config) or share_m,
        block_n=_number("out_block_w", config) or share_n,
        mcast_in0=in0 if one_way else not alone,
        mcast_in1=not in0 if one_way else not alone,
        in0_local=is_sharded(left),
    )


def _across(tensor: TensorUse) -> int:
    return -(-tensor.shape[-1] // TILE)


def _ending(config: str) -> str:
    found = _ENDING.search(config)
    return found[1].lower() if found else ""


def _number(name: str, config: str) -> int:
    found = re.search(_NUMBER.format(name), config)
    return int(found[1]) if found else 0
