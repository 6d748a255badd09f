import pytest

from lightning_v2.economics.constants import constants_of
from lightning_v2.economics.gpu import GPUS, floating_operations, gpu_cost, kernel_bytes
from lightning_v2.economics.program import MOVEMENT, Program
from lightning_v2.economics.sentence import Cost, Stage
from lightning_v2.errors import ArgumentError
from tests.economics.programs import cut, elementwise, product, round_board, tensor

MOVED = Program("Copy", "", MOVEMENT, (tensor(64, 64),), (tensor(64, 64),), 1)
PROGRAMS = (product(), elementwise(), MOVED)


def cost(runs=1, batch=1):
    stages = (Stage("speech", "frames 256", runs, PROGRAMS, 1, 1000, 1, 2000),)
    return Cost("lark", "bf16", round_board(), batch, 2.0, stages)


def test_products_have_operations_and_weights_are_read_once():
    # 4 x 8 and 8 x 4 tiles.
    assert floating_operations(product()) == 2 * 128 * 256 * 128
    assert floating_operations(elementwise()) == 0
    assert kernel_bytes(product(), 1) == 2 * (256 * 128 + 128 * 256 + 128 * 128)
    assert kernel_bytes(product(), 3) == 2 * (256 * 128 + 3 * (128 * 256 + 128 * 128))
    assert kernel_bytes(elementwise(), 2) == 2 * 2 * 2 * 128 * 128


def test_small_kernels_are_bound_by_their_launch():
    found = gpu_cost(cost(), "L40S")
    values = {name: row.value for name, row in constants_of("L40S").items()}
    assert found.kernels == 2
    assert found.launch_s == pytest.approx(2 * values["gpu_kernel"] * 1e-6)
    assert (found.compute_s, found.memory_s, found.bound) == (0, 0, "host")
    assert found.speech_s_per_s == pytest.approx(2.0 / found.latency_s)


def test_large_ones_are_bound_by_products_or_by_bytes():
    many = gpu_cost(cost(runs=100_000), "L40S")
    assert many.memory_s > 0 and many.launch_s == many.compute_s == 0
    square = tensor(2048, 2048)
    large = product(cut(m=64, k=64, n=64), operands=(square, square), results=(square,))
    stages = (Stage("speech", "frames 256", 1, (large,)),)
    found = gpu_cost(Cost("lark", "bf16", round_board(), 1, 2.0, stages), "L40S")
    assert found.compute_s > 0 and found.launch_s == found.memory_s == 0
    assert found.bound == "products"


def test_a_faster_card_is_faster():
    slow, fast = (gpu_cost(cost(runs=100_000), gpu).latency_s for gpu in GPUS)
    assert fast < slow


def test_no_other_gpu_is_known():
    with pytest.raises(ArgumentError, match="H100"):
        gpu_cost(cost(), "A100")


def test_it_says_that_it_is_modelled():
    assert "Modelled" in gpu_cost(cost(), "H100").provenance
