"""Modelled cost, against sums that can be done by hand."""

from dataclasses import replace

from lightning_v2.deployment.cycles import cycles, product_of
from lightning_v2.tensix.numbers.sites import Site, SitePrecision
from tests.search.stubs import linear

HIGH = SitePrecision(math_fidelity="HiFi4")
LOW = SitePrecision(math_fidelity="LoFi")


def test_products_take_16_cycles_a_phase():
    # 64 rows of tiles on 64 cores, one each: k = n = 32 tiles.
    site = linear("a", 1024, 1024, 2048)
    assert cycles({"a": HIGH}, [site]) == 32 * 32 * 16 * 4
    assert cycles({"a": LOW}, [site]) < cycles({"a": HIGH}, [site]) / 2


def test_smaller_weights_travel_faster():
    site = linear("a", 1024, 1024, 32)
    small = replace(LOW, weights="bfloat4_b")
    assert cycles({"a": small}, [site]) < cycles({"a": LOW}, [site])


def test_a_constant_on_the_left_costs_what_it_does_on_the_right():
    shapes = (1, 608, 608), (608, 608), (1, 608, 608)
    right = Site("a", "matmul", 608**3, 608**2, 0, 1, shapes)
    left = replace(right, shapes=((608, 608), (1, 608, 608), (1, 608, 608)))
    assert cycles({"a": HIGH}, [left]) == cycles({"a": HIGH}, [right])
    small = replace(LOW, weights="bfloat4_b")
    product = product_of(left, small)
    assert (product.in0, product.in1) == ("bfloat4_b", small.activations)


def test_heads_and_depthwise_convolutions():
    scores = Site("s", "matmul", 6 * 33 * 33 * 32, 0, 0, 1,
                  ((1, 6, 33, 32), (1, 6, 32, 33), (1, 6, 33, 33)))  # fmt: skip
    depthwise = Site("d", "conv1d", 100 * 64 * 2**15, 960, 192, 1, ((1, 192, 33),) * 4)
    assert cycles({"s": LOW}, [scores]) == 2 * 1 * 2 * 16
    assert cycles({"d": HIGH}, [depthwise]) == 100 * 16 * 4
