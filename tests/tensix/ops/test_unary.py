"""Every row of the table is everywhere where an operation has to be."""

import inspect

import pytest
import torch
import torch.nn.functional as F

from lightning_v2 import tensix
from lightning_v2.tensix.intercept.operations import OPERATIONS, resolve
from lightning_v2.tensix.kernels.loops import loops
from lightning_v2.tensix.ops import sfpu
from lightning_v2.tensix.ops.sfpu_operations import FUNCTIONS
from lightning_v2.tensix.ops.unary import UNARY

ROWS = pytest.mark.parametrize("row", UNARY.values(), ids=UNARY)
FUNCTION_ROWS = [row for row in UNARY.values() if not row.is_variant]
X = torch.linspace(0.125, 2, 32)


@ROWS
def test_a_row_has_a_compiled_loop_or_is_made_of_others(row):
    if row.loop is None:
        assert FUNCTIONS[row.name].__module__ == sfpu.__name__ + "_operations"
        return
    module, name = row.loop.split(".")
    assert getattr(loops(f"sfpu.{module}"), f"{name}_loop").py_func.__code__.co_argcount == 5
    assert row.name in sfpu.EXACT


@pytest.mark.parametrize("row", FUNCTION_ROWS, ids=lambda row: row.name)
def test_a_row_is_a_function_of_tensix_in_both_tiers(row):
    function = getattr(tensix, row.name)
    assert row.name in tensix.__all__ and function is FUNCTIONS[row.name]
    assert function.__doc__.startswith(row.summary[:10].rstrip("., ;"))
    known = list(inspect.signature(function).parameters)
    assert known[0] == "x" and set(row.parameters) <= set(known)
    x = tensix.from_torch(X, "float32")
    given = dict.fromkeys(row.parameters, 1.0) if row.required else {}
    results = []
    for tier in tensix.TIERS:
        with tensix.use(tier=tier):
            results.append(function(x, **given).values)
    torch.testing.assert_close(*results, rtol=1e-3, atol=0.02)


@ROWS
def test_the_interception_takes_the_torch_calls_of_a_row(row):
    for name in row.torch_calls:
        function = getattr(torch, name, None) or getattr(F, name)
        assert resolve(function).operation is OPERATIONS[name]


def test_signatures_are_ttnns():
    x = tensix.from_torch(X, "float32")
    with pytest.raises(TypeError, match="negative_slope"):
        tensix.leaky_relu(x)
    with pytest.raises(TypeError, match="too many positional arguments"):
        tensix.elu(x, 2.0)
    with pytest.raises(TypeError, match="unexpected keyword argument 'alpha'"):
        tensix.exp(x, alpha=1)
    assert str(inspect.signature(tensix.log)).count("fast_and_approximate_mode: bool = False")
