"""Functions that wait for a product, on operations that tell what they are asked for."""

import pytest

from lightning_v2.deployment.device.fusing import FusingOps, Waiting, Widened


class Tensor:
    """A tensor that knows how it was made."""

    def __init__(self, made="x", dtype="bfloat16"):
        self.made, self.dtype, self.shape = made, dtype, (1, 32, 32)


class Ops:
    """Operations that write down what they did."""

    choices = ("kept",)

    def __init__(self):
        self.casts = []

    def is_bfloat16(self, *tensors):
        return all(x.dtype == "bfloat16" for x in tensors)

    def typecast(self, x, dtype):
        self.casts.append(f"{dtype}({x.made})")
        return Tensor(self.casts[-1], dtype)

    def multiply(self, a, b, before=((), ())):
        names = ["".join(f"{name} " for name, _ in functions) for functions in before]
        b = b.made if isinstance(b, Tensor) else b
        return Tensor(f"{names[0]}{a.made} * {names[1]}{b}")

    def concat(self, tensors, dim):
        return Tensor(f"[{' '.join(x.made for x in tensors)}]")

    def linear(self, a, b, *, bias):
        return Tensor(f"{a.made} @ {b.made} + {bias.made}")


for name in ("clamp", "cos", "exp", "sin", "tanh"):

    def unary(self, x, name=name, **parameters):
        return Tensor(f"{name}({x.made})", x.dtype)

    setattr(Ops, name, unary)


@pytest.fixture
def ops():
    return FusingOps(Ops())


def test_a_product_takes_the_functions_that_wait_for_it(ops):
    x, y = Tensor("x"), Tensor("y")
    assert ops.multiply(ops.cos(x), y).made == "cos x * y"
    assert ops.multiply(y, ops.sin(x)).made == "y * sin x"
    assert ops.multiply(ops.tanh(x), 3.5).made == "tanh x * 3.5"
    assert ops.multiply(ops.exp(ops.clamp(x, min=-12.0, max=12.0)), y).made == "clamp exp x * y"
    assert ops.multiply(x, y).made == "x * y"


def test_a_function_waits_through_a_cast_to_what_it_is(ops):
    waiting = ops.typecast(ops.exp(Tensor()), "bfloat16")
    assert isinstance(waiting, Waiting)
    assert (waiting.dtype, waiting.shape) == ("bfloat16", (1, 32, 32))
    wide = ops.typecast(waiting, "float32")
    assert ops.concat([wide, wide], -1).made == "[float32(exp(x)) float32(exp(x))]"


def test_a_matrix_product_takes_what_was_to_be_widened(ops):
    x, wide = Tensor("x"), Tensor("y", "float32")
    waiting = ops.typecast(x, "float32")
    assert isinstance(waiting, Widened) and waiting.shape == x.shape
    assert ops.linear(waiting, wide, bias=wide).made == "x @ y + y"
    assert ops.linear(ops.typecast(Tensor("z", "bfloat8_b"), "float32"), wide, bias=wide).made == (
        "float32(z) @ y + y"
    )


def test_who_else_needs_it_wide_has_it_cast_once(ops):
    waiting = ops.typecast(Tensor("x"), "float32")
    assert ops.multiply(waiting, Tensor("y", "float32")).made == "float32(x) * y"
    assert ops.linear(Tensor("z"), waiting, bias=waiting).made == "z @ float32(x) + float32(x)"
    assert ops.concat([waiting], -1).made == "[float32(x)]"
    assert ops.casts == ["float32(x)"]


def test_whoever_else_asks_gets_the_result(ops):
    x = Tensor()
    assert ops.concat([ops.exp(x), x], -1).made == "[exp(x) x]"
    assert ops.linear(ops.exp(x), x, bias=ops.sin(x)).made == "exp(x) @ x + sin(x)"
    assert ops.multiply(ops.cos(ops.exp(x)), x).made == "cos exp(x) * x"
    assert ops.choices == ("kept",)


@pytest.mark.parametrize(
    ("dtype", "parameters"),
    [("float32", {}), ("bfloat8_b", {}), ("bfloat16", {"fast_and_approximate_mode": True})],
)
def test_what_would_be_rounded_otherwise_does_not_wait(ops, dtype, parameters):
    assert ops.exp(Tensor(dtype=dtype), **parameters).made == "exp(x)"


@pytest.mark.parametrize("parameters", [{"max": 4.0}, {"min": -1.001, "max": 1.0}])
def test_limits_that_ttnn_would_not_take_there_do_not_wait(ops, parameters):
    assert ops.clamp(Tensor(), **parameters).made == "clamp(x)"


def test_a_product_of_two_formats_takes_none(ops):
    wide = Tensor("y", "float32")
    assert ops.multiply(ops.exp(Tensor()), wide).made == "exp(x) * y"
