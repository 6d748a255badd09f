import pytest

from lightning_v2.economics.resources.launch import launch_seconds
from tests.economics.programs import round_board

BOARD = round_board()


def test_a_short_program_waits_for_its_dispatch():
    assert launch_seconds(1e-6, BOARD) == pytest.approx(4e-6)


def test_a_long_program_hides_it():
    assert launch_seconds(100e-6, BOARD) == pytest.approx(2e-6)


def test_without_a_trace_the_host_issues_it():
    assert launch_seconds(1e-6, BOARD, traced=False) == pytest.approx(49e-6)
    assert launch_seconds(1.0, BOARD, traced=False) == pytest.approx(2e-6)
