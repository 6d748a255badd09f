"""Against sums that can be done by hand: 1 GHz, so that a cycle is a nanosecond."""

import pytest

from lightning_v2.economics.program import CONVOLUTION
from lightning_v2.economics.resources.products import block_feed, product_time, tile_cycles
from lightning_v2.economics.resources.vector import function_cycles
from tests.economics.programs import cut, product, round_board, tensor

BOARD = round_board()
NANO = 1e-9


def test_a_product_of_tiles_costs_its_phases_and_a_share_of_a_call():
    assert tile_cycles("LoFi", 8, 2048, BOARD) == 16 + 1
    assert tile_cycles("HiFi4", 1, 2048, BOARD) == 64 + 8


def test_or_what_an_unpacker_brings():
    slow = round_board(unpacked=32)
    assert tile_cycles("LoFi", 8, 2048, slow) == 64
    assert tile_cycles("HiFi4", 8, 2048, slow) == 65


def test_a_clock_that_throttles_stretches_the_engine():
    assert tile_cycles("LoFi", 8, 2048, round_board(sustained=0.5)) == 34


def test_operands_of_a_block():
    feed = block_feed(cut(), *product().operands, cores=4, board=BOARD)
    # 8 tiles of each operand: 64 cycles to read one, 64 to send it on.
    assert feed.noc == 8 * 64 + 8 * 64
    # The longer wait is for weights in DRAM, which then reach the other cores.
    assert feed.latency == 300 + 200
    # Two cores read 8 tiles each, at 500 bytes a cycle.
    assert feed.dram == 2 * 8 * 2048 / 500


def test_every_core_for_itself_asks_dram_for_more():
    alone = cut(mcast_in0=False, mcast_in1=False)
    feed = block_feed(alone, *product().operands, cores=4, board=BOARD)
    assert feed.noc == 8 * 64
    assert feed.latency == 300
    assert feed.dram == 4 * 8 * 2048 / 500


def test_where_operands_come_late_they_count():
    time = product_time(product(), BOARD)
    # Two blocks of K, each 500 and 1024 cycles; 16 products of 16 + 4 cycles are done meanwhile.
    assert time.engine == pytest.approx(16 * 20 * NANO)
    assert time.latency == pytest.approx((2 * 500 + 200) * NANO)
    # The result: 4 tiles of each core are written, 64 cycles each.
    assert time.noc == pytest.approx((2 * 1024 + 4 * 64) * NANO)


def test_where_the_engine_is_slower_it_counts():
    slow = round_board(phase=1600)
    time = product_time(product(), slow)
    assert time.engine == pytest.approx(2 * 16 * (1600 + 4) * NANO)
    assert time.latency == pytest.approx((500 + 200) * NANO)
    assert time.noc == pytest.approx((1024 + 4 * 64) * NANO)


def test_more_shares_than_cores_come_one_after_the_other():
    once, twice = (
        product_time(product(cut(m=m, share_m=2), operands=product().operands), BOARD)
        for m in (4, 8)
    )
    assert twice.latency - once.latency == pytest.approx(2 * 500 * NANO)


def test_weights_of_fewer_bits_come_sooner():
    made = cut(in0_local=True)
    wide, narrow = (product_time(product(made, x), BOARD) for x in ("bfloat16", "bfloat4_b"))
    assert narrow.total < wide.total


def test_windows_of_a_convolution_come_from_the_core_itself():
    rows = tensor(1, 1, 128, 256, memory="L1 height_sharded 4 cores", layout="row_major")
    weights = tensor(256, 128, memory="DRAM interleaved")
    shared = cut(share_m=1, share_n=4, block_m=1, block_n=4, width=8)
    kept = tensor(128, 128, memory="L1 height_sharded 4 cores")
    program = product(shared, operands=(rows, weights), results=(kept,), kind=CONVOLUTION)
    time = product_time(program, BOARD)
    assert time.latency == pytest.approx(500 * NANO)
    assert time.noc == pytest.approx(32 * (64 + 64) * NANO)


def test_a_function_in_which_a_product_ends_is_the_vector_engines():
    plain, ended = product_time(product(), BOARD), product_time(product(ending="gelu"), BOARD)
    # 4 tiles of each core, one after the other.
    assert ended.vector == pytest.approx(4 * function_cycles("gelu", BOARD) * NANO)
    assert (ended.engine, ended.noc, ended.latency) == (plain.engine, plain.noc, plain.latency)
