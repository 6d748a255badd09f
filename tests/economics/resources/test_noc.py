from lightning_v2.economics.resources.noc import latency_cycles, multicast_cycles, read_cycles
from tests.economics.programs import round_board

BOARD = round_board()


def test_small_pages_cost_their_requests_and_large_ones_their_bytes():
    assert read_cycles(3, 64, BOARD) == 3 * 10
    assert read_cycles(3, 640, BOARD) == 3 * 20


def test_what_is_sent_on_costs_its_bytes_once():
    assert multicast_cycles(6400, BOARD) == 200


def test_dram_answers_later_than_l1():
    assert (latency_cycles(True, BOARD), latency_cycles(False, BOARD)) == (300, 100)
