"""Vectors say the same with and without the roundings of AVX-512."""

import numba
import numpy as np
import pytest
from numba.core import types
from numba.extending import intrinsic

from lightning_v2.tensix.kernels.fpu import vectors

RANDOM = np.random.default_rng(0)
NUMBERS = np.concatenate(
    [
        np.float32([0, 0.5, -0.5, 0.49999997, -1e-30, 1.5, -1.5, 8388607.5, -8388607.5]),
        (RANDOM.standard_normal(103) * 2.0 ** RANDOM.integers(0, 28, 103)).astype(np.float32),
    ]
)
INTEGERS = np.concatenate(
    [
        [
            0,
            1,
            2,
            (1 << 24) - 1,
            1 << 24,
            (1 << 24) + 1,
            (1 << 24) + 3,
            (1 << 25) - 1,
            (1 << 30) - 1,
        ],
        RANDOM.integers(0, 1 << RANDOM.integers(1, 31, 103)),
    ]
).astype(np.int32)


def aligned(x):
    memory = np.empty(len(x) + vectors.LANES, x.dtype)
    begin = -(memory.ctypes.data // 4) % vectors.LANES
    memory[begin : begin + len(x)] = x
    return memory[begin : begin + len(x)]


def applied(name, kind, *inputs):
    """A method of `Vectors` on whole arrays."""

    @intrinsic
    def one(context, target, first, second, at):
        def generate(context, builder, signature, arguments):
            lanes = vectors.Vectors(builder)
            target, *sources, at = lanes.pointers(context, signature, arguments)
            values = [lanes.load(source, at, 0) for source in sources[: len(inputs)]]
            lanes.store(target, at, 0, getattr(lanes, name)(*values))
            return context.get_dummy_value()

        return types.void(target, first, second, at), generate

    @numba.njit
    def run(target, first, second):
        for at in range(0, len(target), vectors.LANES):
            one(target, first, second, at)

    target = aligned(np.zeros(len(inputs[0]), kind))
    run(target, aligned(inputs[0]), aligned(inputs[-1]))
    return target


@pytest.fixture(params=["with", "without"], autouse=True)
def roundings(request, monkeypatch):
    if request.param == "without":
        monkeypatch.setattr(vectors, "features", frozenset)
    elif "avx512f" not in vectors.features():
        pytest.skip("no AVX-512")


def test_floors():
    np.testing.assert_array_equal(applied("floors", np.int32, NUMBERS), np.floor(NUMBERS))


def test_add_floors():
    whole = np.full_like(NUMBERS, 1.5 * 2.0**23)
    small = np.clip(NUMBERS, -(2.0**20), 2.0**20)
    found = applied("add_floors", np.float32, whole, small)
    np.testing.assert_array_equal(found, whole + np.floor(small))


def test_numbers_take_ties_up():
    found = applied("numbers", np.float32, INTEGERS).astype(np.int64)
    for integer, number in zip(INTEGERS.tolist(), found.tolist(), strict=True):
        unit = 1 << max(integer.bit_length() - 24, 0)
        assert number == (integer + unit // 2) // unit * unit
