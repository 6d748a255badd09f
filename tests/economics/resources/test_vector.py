import pytest

from lightning_v2.economics.resources.vector import (
    compute_cycles,
    elementwise_time,
    function_cycles,
    page_time,
)
from tests.economics.programs import elementwise, round_board, tensor

BOARD = round_board()
NANO = 1e-9


def test_functions_take_their_instructions_for_each_row():
    assert function_cycles("clamp", BOARD) == 8 + 32 * 4
    assert function_cycles("gelu", BOARD) == 8 + 32 * 20


def test_sums_of_16_bits_are_the_engines_and_those_of_32_are_not():
    assert compute_cycles(elementwise("add"), BOARD) == 8 + 8
    wide = elementwise("add", operands=(tensor(128, 128, dtype="float32"),))
    assert compute_cycles(wide, BOARD) == 8 + 32 * 4


def test_the_slowest_of_three_is_met_by_every_page():
    time = page_time(10, 100, 20, 500, 30, BOARD)
    assert time.vector == pytest.approx(5000 * NANO)
    assert time.latency == pytest.approx((100 + 200) * NANO)
    assert time.noc == pytest.approx((20 + 30) * NANO)


def test_readers_wait_for_each_page():
    time = elementwise_time(elementwise("add"), BOARD)
    # 4 pages a core: 100 cycles to wait and 64 to come; then the last one is written.
    assert time.latency == pytest.approx((4 * 100 + 200) * NANO)
    assert time.noc == pytest.approx((4 * 64 + 64) * NANO)


def test_shards_are_there_already():
    sharded = tensor(128, 128, memory="L1 height_sharded 4 cores")
    time = elementwise_time(elementwise("add", operands=(sharded,), results=(sharded,)), BOARD)
    assert (time.latency, time.noc) == (0, 0)
    assert time.vector == pytest.approx(4 * 16 * NANO)
