import numpy as np
import pytest

from lightning_v2.onnx.network import OnnxNetwork
from tests.onnx.files import by_executor, node, saved

SHAPE = {"shape": [2, 5000]}
NODES = {
    "RandomNormal": node("RandomNormal", "", "y", "n", mean=1.0, scale=2.0, **SHAPE),
    "RandomNormalLike": node("RandomNormalLike", "x", "y", "n", mean=1.0, scale=2.0),
    "RandomUniform": node("RandomUniform", "", "y", "n", low=1.0, high=3.0, **SHAPE),
    "RandomUniformLike": node("RandomUniformLike", "x", "y", "n", low=1.0, high=3.0),
}
X = {"x": np.zeros((2, 5000), np.float32)}


def loaded(tmp_path, *nodes, outputs=("y", "z")):
    further = node("Identity", "x", "z")
    return OnnxNetwork.load(saved(tmp_path / "noise.onnx", [*nodes, further], X, outputs))


@pytest.mark.parametrize("op", NODES)
def test_values_come_from_the_seed(op, tmp_path):
    network = loaded(tmp_path, NODES[op])
    first, again = (by_executor(network, X, seed=3)[0] for _ in range(2))
    other = by_executor(network, X, seed=4)[0]
    assert first.dtype == np.float32 and first.shape == (2, 5000)
    assert np.array_equal(first, again) and not np.array_equal(first, other)


@pytest.mark.parametrize("op", NODES)
def test_distribution(op, tmp_path):
    values = by_executor(loaded(tmp_path, NODES[op]), X)[0]
    if "Normal" in op:
        assert abs(values.mean() - 1) < 0.1 and abs(values.std() - 2) < 0.1
    else:
        assert 1 <= values.min() < 1.01 < 2.99 < values.max() <= 3


def test_two_nodes_draw_different_values(tmp_path):
    nodes = [node("RandomNormalLike", "x", f"y{i}", f"n{i}") for i in range(2)]
    first, second, _ = by_executor(loaded(tmp_path, *nodes, outputs=("y0", "y1", "z")), X)
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.1


def test_a_longer_row_begins_like_a_shorter_one(tmp_path):
    network = loaded(tmp_path, NODES["RandomNormalLike"])
    long, short = (by_executor(network, {"x": np.zeros((1, n), np.float32)})[0] for n in (9, 5))
    assert np.array_equal(long[:, :5], short)
