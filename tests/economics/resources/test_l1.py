from lightning_v2.economics.resources.l1 import all_bytes, unpack_cycles
from tests.economics.programs import round_board


def test_a_tile_takes_as_long_as_its_bytes():
    assert unpack_cycles(2048, round_board(unpacked=64)) == 32


def test_all_l1_is_that_of_all_cores():
    assert all_bytes(round_board(l1_bytes=100)) == 400
