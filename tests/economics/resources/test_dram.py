from lightning_v2.economics.resources.dram import BARRIER, dram_cycles
from tests.economics.programs import round_board


def test_bytes_by_how_banks_are_asked():
    # 1000 GB/s at 1 GHz are 1000 bytes a cycle, of which half or a quarter is reached.
    assert dram_cycles(5000, round_board()) == 10
    assert dram_cycles(5000, round_board(), BARRIER) == 20
    assert dram_cycles(5000, round_board(clock=2.0)) == 20
