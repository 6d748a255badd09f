import gc
import weakref

import numpy as np
import pytest
import torch

from lightning_v2 import tensix
from lightning_v2.onnx.errors import OnnxError
from lightning_v2.onnx.network import OnnxNetwork
from tests.onnx.files import by_executor, node, saved
from tests.onnx.operations.cases import floats, ints, number

X = {"x": floats(2, 5, 8)}
W = {"w": floats(8, 6), "b": floats(6), "table": floats(9, 8), "half": number(0.5)}
NODES = [
    node("MatMul", "x w", "p", "/enc/lin/MatMul"),
    node("Add", "p b", "a", "/enc/lin/Add"),
    node("Tanh", "a", "t", "/enc/Tanh"),
    node("Mul", "t half", "h", "/enc/Mul"),
    node("RandomNormalLike", "h", "n", "/enc/Noise"),
    node("Add", "h n", "y", "/enc/Add"),
]


@pytest.fixture
def network(tmp_path):
    return OnnxNetwork.load(saved(tmp_path / "n.onnx", NODES, X, ["y"], W))


def test_sites_have_the_names_of_the_interception(network):
    sites = tensix.trace(network, lambda: by_executor(network, X))
    assert [site.name for site in sites] == list(network.kinds)
    assert list(network.kinds.items()) == [
        ("enc.lin", "Linear"),
        ("enc.tanh", "Tanh"),
        ("enc.mul", "Mul"),
        ("enc.add", "Add"),
    ]
    assert sites[0].macs == 10 * 8 * 6 and sites[0].weights == 8 * 6


def test_constants_are_its_parameters(network):
    assert {name: tuple(x.shape) for name, x in network.named_parameters()} == {
        "enc.lin.constant_1": (6, 8),
        "enc.lin.constant_2": (6,),
    }
    assert not any(x.requires_grad for x in network.parameters())


def test_a_table_is_a_parameter_of_the_network_too(tmp_path):
    x = {"i": ints([1, 2, 3])}
    path = saved(tmp_path / "t.onnx", [node("Gather", "table i", "y", "/emb/G")], x, ["y"], W)
    network = OnnxNetwork.load(path)
    assert [tuple(x.shape) for x in network.parameters()] == [(9, 8)]
    assert network.kinds == {}
    assert np.array_equal(by_executor(network, x)[0], W["table"][[[1, 2, 3]]])


def test_a_constant_that_several_nodes_read_is_one_parameter(tmp_path):
    nodes = [node("Add", "x v", "a"), node("Mul", "a v", "y")]
    path = saved(tmp_path / "s.onnx", nodes, X, ["y"], {"v": floats(8)})
    assert len(list(OnnxNetwork.load(path).parameters())) == 1


def test_a_number_plus_a_constant_of_one_axis_has_one_axis(tmp_path):
    x = {"x": number(2)}
    path = saved(tmp_path / "o.onnx", [node("Add", "x c", "y")], x, ["y"], {"c": np.float32([3])})
    assert by_executor(path, x)[0].tolist() == [5]


def test_noise_comes_from_the_seed(network):
    first, again, other = (by_executor(network, X, seed=seed)[0] for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_a_pinned_value_is_what_later_nodes_read(network):
    wanted = floats(2, 5, 6)
    pinned = {"t": torch.from_numpy(wanted.reshape(-1))}
    _, t, h = by_executor(network, X, pinned=pinned, also=["t", "h"])
    assert np.array_equal(t, wanted) and np.array_equal(h, wanted * np.float32(0.5))


def test_pinned_values_of_another_size(network):
    with pytest.raises(OnnxError, match="3 values are given where 60 are computed"):
        by_executor(network, X, pinned={"t": torch.ones(3)})


def test_inner_values_that_are_wanted(network):
    y, n, h = by_executor(network, X, also=["n", "h"])
    assert np.array_equal(y, h + n)


@pytest.mark.parametrize(
    ("inputs", "options", "words"),
    [
        ({}, {}, "input 'x' is missing; expected are x"),
        (X | {"z": floats(1)}, {}, "there is no input 'z', known are x"),
        (X, {"also": ["ghost"]}, "there is no value 'ghost'"),
        (X, {"pinned": {"ghost": torch.ones(1)}}, "there is no value 'ghost'"),
        ({"x": floats(3, 3)}, {}, r"node /enc/lin/MatMul fails on inputs of shapes \[\(3, 3\)\]"),
    ],
)
def test_what_cannot_run_says_why(network, inputs, options, words):
    with pytest.raises(OnnxError, match=words):
        by_executor(network, inputs, **options)


def test_values_are_let_go_when_nobody_reads_them_any_more(tmp_path):
    """A vocoder's frames would otherwise be held for every layer at once."""
    seen = []

    class Watch(torch.nn.Module):
        def __init__(self, run):
            super().__init__()
            self._run = run

        def forward(self, *values):
            gc.collect()
            alive.append(sum(ref() is not None for ref in seen))
            result = self._run(*values)
            seen.append(weakref.ref(result))
            return result

    alive = []
    nodes = [node("Neg", f"v{i}", f"v{i + 1}") for i in range(8)]
    network = OnnxNetwork.load(saved(tmp_path / "l.onnx", nodes, {"v0": floats(4)}, ["v8"]))
    network._steps = [(*step[:3], Watch(step[3])) for step in network._steps]
    by_executor(network, {"v0": floats(4)})
    assert max(alive) <= 2


def test_sites_that_outputs_need_where_values_are_given(network):
    assert network.sites_needed(["t"]) == {"enc.mul", "enc.add"}
    assert network.sites_needed([]) == {*network.kinds}


def test_under_a_plan_every_site_runs_low(network):
    low = tensix.SitePrecision(activations="bfloat16", output="bfloat16", weights="bfloat16")
    plain = by_executor(network, X)[0]
    with tensix.use("fast"), tensix.intercept(network, lambda site: low) as running:
        rounded = by_executor(network, X)[0]
    assert running.unemulated == [] and list(running.sites) == list(network.kinds)
    assert 1e-4 < np.abs(rounded - plain).max() < 0.1


def low(site):
    return tensix.SitePrecision()


def test_what_only_moves_values_is_not_looked_at(tmp_path, monkeypatch):
    nodes = [
        node("Transpose", "x", "a", perm=[1, 0]),
        node("Neg", "a", "b"),
        node("Shape", "b", "c"),
        node("Reshape", "b c", "y"),
    ]
    network = OnnxNetwork.load(saved(tmp_path / "m.onnx", nodes, {"x": floats(2, 3)}, ["y"]))
    x, looked_at, taken = torch.randn(2, 3), [], tensix.Interception._taken
    monkeypatch.setattr(
        tensix.Interception,
        "_taken",
        lambda self, function, *rest: looked_at.append(function) or taken(self, function, *rest),
    )
    with tensix.use("fast"), tensix.intercept(network, low) as running:
        network({"x": x})
    assert looked_at == [torch.neg] and list(running.sites) == list(network.kinds)


def test_hooks_see_the_sites_under_a_plan_as_without_one(network):
    seen = []
    site = network.get_submodule("enc.mul")
    hook = site.register_forward_hook(lambda module, given, result: seen.append(result))
    with hook, tensix.use("fast"), tensix.intercept(network, low) as running:
        by_executor(network, X)
    assert len(seen) == 1 and list(running.sites) == list(network.kinds)


def test_the_inner_of_two_interceptions_takes_the_sites(network):
    with tensix.use("fast"), tensix.intercept(network, low) as outer:
        with tensix.intercept(network, low) as inner:
            twice = by_executor(network, X)[0]
        once = by_executor(network, X)[0]
    assert list(inner.sites) == list(network.kinds) == list(outer.sites)
    assert np.array_equal(once, twice)
    assert inner.emulated == outer.emulated == len(network.kinds)
