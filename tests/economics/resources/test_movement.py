import pytest

from lightning_v2.economics.program import MOVEMENT, Program
from lightning_v2.economics.resources.movement import movement_time
from tests.economics.programs import round_board, tensor

BOARD = round_board()
NANO = 1e-9
X = tensor(64, 128)
SHARDED = tensor(64, 128, memory="L1 height_sharded 2 cores")


def test_a_copy_waits_for_each_tile():
    time = movement_time(Program("Copy", "", MOVEMENT, (X,), (X,), 2), BOARD)
    assert time.latency == pytest.approx((4 * 100 + 200) * NANO)
    assert time.noc == pytest.approx((4 * 64 + 64) * NANO)
    assert time.vector == 0


def test_a_shard_is_asked_for_as_a_whole():
    time = movement_time(Program("InterleavedToSharded", "", MOVEMENT, (X,), (SHARDED,), 2), BOARD)
    assert time.latency == pytest.approx(100 * NANO)
    assert time.noc == pytest.approx(4 * 64 * NANO)


def test_heads_that_are_split_off_have_no_result_to_tell_of():
    time = movement_time(Program("NlpCreateHeads", "", MOVEMENT, (X,), (), 2), BOARD)
    assert time.latency == pytest.approx((4 * 100 + 200) * NANO)
