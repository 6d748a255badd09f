"""Calls that are several operations of the device at one site, against those operations."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lightning_v2 import tensix
from lightning_v2.tensix import SitePrecision

NARROW = SitePrecision(math_fidelity="HiFi4")
WIDE = SitePrecision(math_fidelity="HiFi4", fp32_dest_acc_en=True)


@pytest.fixture
def x():
    return torch.randn(3, 8, 40, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def batch_norm():
    torch.manual_seed(1)
    net = nn.BatchNorm1d(8)
    for values in (net.weight, net.bias, net.running_mean):
        nn.init.normal_(values)
    nn.init.uniform_(net.running_var, 0.5, 2)
    return net.eval()


def run(net, precision, *inputs):
    with tensix.intercept(net, lambda site: precision) as emulation, torch.no_grad():
        result = net(*inputs)
    assert emulation.unemulated == emulation.approximated == []
    return result


@pytest.mark.parametrize("arch", tensix.ARCHITECTURES)
@pytest.mark.parametrize("precision", [NARROW, WIDE], ids=["16 bits", "32 bits"])
def test_batch_norm_is_its_kernel(x, batch_norm, precision, arch):
    """Written out as ttnn's kernel computes it, on one format in between."""
    between = "float32" if precision is WIDE else "bfloat16"

    def stored(values, dtype="bfloat16"):
        return tensix.typecast(tensix.from_torch(values.detach()[:, None], dtype), between)

    with tensix.use(arch=arch):
        found = run(batch_norm, precision, x)
        mean, variance, weight, bias = map(
            stored,
            (
                batch_norm.running_mean,
                batch_norm.running_var,
                batch_norm.weight,
                batch_norm.bias,
            ),
        )
        y = tensix.typecast(tensix.from_torch(x, "bfloat16"), between)
        y = tensix.subtract(y, mean)
        root = tensix.rsqrt(tensix.add(variance, 1e-5))
        y = tensix.multiply(y, root, fast_and_approximate_mode=True)
        y = tensix.multiply(y, weight, fast_and_approximate_mode=True)
        expected = tensix.typecast(tensix.add(y, bias), "bfloat16").values
    assert torch.equal(found, expected)
    torch.testing.assert_close(found, batch_norm(x), rtol=0.03, atol=0.03)


def test_norms_in_training_update_their_statistics(x, batch_norm):
    batch_norm.train()
    plain = nn.BatchNorm1d(8)
    plain.load_state_dict(batch_norm.state_dict())
    plain(x)
    with tensix.use(tier="fast"), tensix.intercept(batch_norm, lambda site: NARROW):
        batch_norm(x)
    for name in ("running_mean", "running_var"):
        torch.testing.assert_close(
            getattr(batch_norm, name), getattr(plain, name), rtol=1e-2, atol=1e-3
        )
    with tensix.intercept(batch_norm, lambda site: NARROW) as emulation:
        batch_norm(x)
    assert [call.name for call in emulation.approximated] == ["batch_norm"]


@pytest.mark.parametrize("precision", [NARROW, WIDE], ids=["16 bits", "32 bits"])
def test_instance_norm_is_a_group_norm_of_single_channels(x, precision):
    groups, channels = nn.GroupNorm(8, 8), nn.InstanceNorm1d(8, affine=True)
    channels.load_state_dict(groups.state_dict())
    found = run(channels, precision, x)
    assert torch.equal(found, run(groups, precision, x))
    torch.testing.assert_close(found, channels(x), rtol=0.03, atol=0.03)


def test_log_softmax_of_what_softmax_cannot_hold(x):
    result = run(nn.LogSoftmax(-1), NARROW, x * 200)
    torch.testing.assert_close(result, F.log_softmax(x * 200, -1), rtol=0.02, atol=2)
    assert result.isfinite().all()


def test_block_floats_of_a_gate_and_a_slope(x):
    blocks = SitePrecision("bfloat8_b", "bfloat8_b", "bfloat8_b")
    for net in (nn.GLU(1), nn.PReLU(8), nn.PReLU()):
        torch.testing.assert_close(run(net, blocks, x), net(x).detach(), rtol=0.1, atol=0.05)


def test_cells_compute_what_layers_do():
    torch.manual_seed(0)
    for kind in ("LSTM", "GRU", "RNN"):
        layer, cell = getattr(nn, kind)(16, 8), getattr(nn, f"{kind}Cell")(16, 8)
        for name, value in cell.named_parameters():
            value.data = getattr(layer, f"{name}_l0").data
        x, state = torch.randn(4, 3, 16), None
        whole = run(layer, NARROW, x)[0]
        for step, expected in zip(x, whole, strict=True):
            state = run(cell, NARROW, step, state)
            assert torch.equal(state[0] if kind == "LSTM" else state, expected)


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_packed_sequences_are_the_sequences_one_by_one(kind):
    torch.manual_seed(0)
    layer = getattr(nn, kind)(16, 8, num_layers=2, bidirectional=True, batch_first=True)
    x, lengths = torch.randn(3, 6, 16), [4, 6, 1]

    class Packed(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = layer

        def forward(self, x):
            packed = nn.utils.rnn.pack_padded_sequence(x, lengths, True, enforce_sorted=False)
            output, last = self.layer(packed)
            last = last[0] if isinstance(last, tuple) else last
            return nn.utils.rnn.pad_packed_sequence(output, batch_first=True)[0], last

    together, last = run(Packed(), NARROW, x)
    for i, length in enumerate(lengths):
        alone, states = run(layer, NARROW, x[i, :length])
        states = states[0] if isinstance(states, tuple) else states
        assert torch.equal(together[i, :length], alone)
        assert not together[i, length:].any()
        assert torch.equal(last[:, i], states)
