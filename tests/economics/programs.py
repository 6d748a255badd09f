"""Programs made by hand, and a board whose constants are round numbers."""

from dataclasses import replace

from lightning_v2.deployment.observed.tensor_use import TensorUse, stored_bytes
from lightning_v2.economics.board import Board, board
from lightning_v2.economics.program import ELEMENTWISE, PRODUCT, Cut, Program

DRAM, L1 = "DRAM interleaved", "L1 interleaved"


def round_board(**values: float) -> Board:
    """Two by two cores of 1 GHz; latencies, rates and fixed costs that can be added by hand."""
    plain = {
        "clock": 1.0, "phase": 16, "product_call": 8, "unpacked": 1e9, "sustained": 1.0,
        "noc": 32, "issue": 10, "l1_read": 100, "l1_write": 200, "dram_read": 300,
        "dram": 1000, "dram_any_core": 0.5, "dram_barrier": 0.25, "op_to_op": 2, "dispatch": 5,
        "host_call": 50, "host_write": 10, "host_read": 5, "host_transfer": 7,
        "vector_plain": 4, "vector_function": 20, "fpu_tile": 8, "norm_passes": 8,
        "softmax_passes": 5,
    }  # fmt: skip
    return replace(board("n150").changed(**plain | values), grid=(2, 2))


def tensor(*shape: int, dtype: str = "bfloat16", memory: str = L1, layout: str = "tile"):
    return TensorUse(shape, dtype, layout, memory, stored_bytes(shape, dtype, layout))


def cut(**values) -> Cut:
    """4 x 8 and 8 x 4 tiles on 2 x 2 cores: each has 2 x 2 of the result, in blocks of 4."""
    plain = {
        "m": 4, "k": 8, "n": 4, "share_m": 2, "share_n": 2, "width": 4, "subblock": 2,
        "block_m": 2, "block_n": 2,
    }  # fmt: skip
    return Cut(**plain | values)


def product(made: Cut | None = None, dtype: str = "bfloat16", **values) -> Program:
    """The product that `cut` cuts, activations in L1 and weights in DRAM."""
    made = made or cut()
    m, k, n = made.m * 32, made.k * 32, made.n * 32
    weights = tensor(k, n, dtype=dtype, memory=DRAM)
    plain = {
        "operands": (tensor(m, k), weights), "results": (tensor(m, n),), "cores": 4,
        "math_fidelity": "LoFi", "dram_read_bytes": weights.bytes,
    }  # fmt: skip
    return Program(
        **{"name": "Matmul", "call": "linear", "kind": PRODUCT, "cut": made} | plain | values
    )


def elementwise(function: str = "gelu", **values) -> Program:
    """A function of 4 x 4 tiles in L1, on 4 cores."""
    plain = {"operands": (tensor(128, 128),), "results": (tensor(128, 128),), "cores": 4}
    return Program("Unary", function, ELEMENTWISE, function=function, **plain | values)
