import pytest

from lightning_v2.economics.program_time import program_time
from tests.economics.programs import DRAM, elementwise, product, round_board, tensor

BOARD = round_board()


def test_a_program_is_its_work_and_its_launch():
    time = program_time(product(), BOARD)
    assert time.launch == pytest.approx(2e-6)
    assert time.bound == "noc"
    late = program_time(product(), round_board(dispatch=10))
    assert late.total == pytest.approx(10e-6)
    assert late.bound == "launch"


def test_a_trace_saves_the_host():
    traced, issued = (program_time(product(), BOARD, traced=x).total for x in (True, False))
    assert issued == pytest.approx(50e-6)
    assert issued - traced > 40e-6


def test_banks_serve_all_cores_at_once():
    x = tensor(128, 128, memory=DRAM)
    small = round_board(dram=1)
    program = elementwise("add", operands=(x,), dram_read_bytes=x.bytes)
    assert program_time(program, small).total == pytest.approx(x.bytes * 4e-9 + 2e-6)
