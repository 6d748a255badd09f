import torch

from lightning_v2.deployment.lowering import taps
from lightning_v2.model.natural.layers import Taps


def test_all_channels_of_a_neighbour_lie_together():
    layer, x = Taps(4, 3, kernel=5), torch.randn(1, 9, 4)
    padded = torch.nn.functional.pad(x, (0, 0, 2, 2))
    device = torch.cat([padded[:, i : i + 9] for i in range(5)], -1)
    assert torch.equal(layer.windows(x)[..., taps.side_by_side(layer)], device)


def test_columns_of_the_host_come_last_as_the_network_has_them():
    layer, x = Taps(32 + 32, 3, kernel=7), torch.randn(1, 9, 64)
    x[..., 32 + 2 :] = 0
    order = taps.with_columns(layer, sent=32)
    inputs, weight = layer.windows(x), layer.weight
    assert len(order) == 7 * 32 + 32
    kept = inputs[..., order] @ weight[:, order].t()
    torch.testing.assert_close(kept, inputs @ weight.t())


def test_neighbours_of_rows():
    rows = torch.tensor([[7, 7, 8]])
    found = taps.neighbours(rows, kernel=3, beyond=99)
    assert found.tolist() == [[[99, 7, 7], [7, 7, 8], [7, 8, 99]]]


def test_taps_that_are_apart_have_zeros_between_them():
    assert taps.spread(torch.tensor([[[1.0, 2, 3]]]), 3).tolist() == [[[1, 0, 0, 2, 0, 0, 3]]]
    assert taps.spread(torch.tensor([1.0, 2]), 1).tolist() == [1, 2]
