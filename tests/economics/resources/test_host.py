import pytest

from lightning_v2.economics.resources.host import download_seconds, upload_seconds
from tests.economics.programs import round_board


def test_transfers_cost_each_a_fixed_time_and_their_bytes():
    assert upload_seconds(3, 1e6, round_board()) == pytest.approx(21e-6 + 100e-6)
    assert download_seconds(1, 1e6, round_board()) == pytest.approx(7e-6 + 200e-6)
