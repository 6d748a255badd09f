import pytest

from lightning_v2.economics.program import NORM, SOFTMAX, Program
from lightning_v2.economics.resources.rows import rows_time
from tests.economics.programs import DRAM, round_board, tensor

NANO = 1e-9
X = tensor(64, 128)


def test_a_softmax_passes_over_its_rows():
    program = Program("Softmax", "softmax", SOFTMAX, (X,), (X,), 2, "LoFi")
    time = rows_time(program, round_board())
    # A row of 4 tiles a core: 5 passes of 8 + 8 cycles each.
    assert time.vector == pytest.approx(4 * 5 * 16 * NANO)
    assert time.latency == pytest.approx((100 + 200) * NANO)
    assert time.noc == pytest.approx(2 * 4 * 64 * NANO)


def test_a_norm_reads_its_weights_once():
    weights = tensor(1, 128, memory=DRAM)
    program = Program("LayerNorm", "layer_norm", NORM, (X, weights), (X,), 1, "LoFi")
    with_weights = rows_time(program, round_board())
    plain = rows_time(Program("LayerNorm", "", NORM, (X,), (X,), 1, "LoFi"), round_board())
    assert with_weights.total - plain.total == pytest.approx((300 + 4 * 64) * NANO)
    assert plain.vector == pytest.approx(2 * 4 * 8 * 16 * NANO)
