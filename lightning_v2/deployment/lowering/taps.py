"""Convolutions as the device has them.

Dense ones are one product on neighbours side by side.

There the network has the neighbours of a channel together (C, k), the device, which gathers rows,
the channels of a neighbour. Letters: B batch, T rows, C channels, k neighbours of a row.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lightning_v2.model.natural.config import PITCH_COLUMNS
from lightning_v2.model.natural.layers import DepthwiseConv, Taps
from lightning_v2.model.natural.network import NaturalNetwork
from lightning_v2.tile import TILE


def orders(network: nn.Module) -> dict[str, Tensor]:
    """Site -> the network's input at each input that the device has, of all such layers."""
    taps = ((name, layer) for name, layer in network.named_modules() if isinstance(layer, Taps))
    found = {name: side_by_side(layer) for name, layer in taps}
    if isinstance(network, NaturalNetwork):
        found["decoder.input"] = with_columns(network.decoder.input, PITCH_COLUMNS)
    return found


def side_by_side(layer: Taps) -> Tensor:
    """The network's input of `layer` at each input of the device, all channels of a neighbour
    together: (k * C,)."""
    return _by_neighbour(torch.arange(layer.in_features), layer.kernel)


def with_columns(layer: Taps, sent: int) -> Tensor:
    """The same if the last channels are not gathered, but sent by the host.

    Those lie as the network has them, in one tile; what does not fit it is always zero.

    sent: channels.
    """
    inputs = torch.arange(layer.in_features)
    count = layer.in_features - sent * layer.kernel
    return torch.cat([_by_neighbour(inputs[:count], layer.kernel), inputs[count : count + TILE]])


def neighbours(rows: Tensor, kernel: int, beyond: int) -> Tensor:
    """Indices of the rows around each row, beyond the edges that of a row of zeros.

    Args:
        rows: (B, T) indices.
        kernel: k.
        beyond: the index of zeros.

    Returns:
        (B, T, k).
    """
    reach = kernel // 2
    return F.pad(rows, (reach, reach), value=beyond).unfold(1, kernel, 1)


def spread(weight: Tensor, step: int) -> Tensor:
    """Taps (..., k) that are `step` rows apart, with zeros between them: the depthwise kernel of
    ttnn knows no dilation."""
    taps = weight.shape[-1]
    spaced = F.pad(weight.unsqueeze(-1), (0, step - 1)).flatten(-2)
    return spaced[..., : (taps - 1) * step + 1]


def steps(network: nn.Module) -> dict[str, int]:
    """Site -> rows from one tap of a depthwise convolution to the next, where that is not 1."""
    found = ((n, m.dilation[0]) for n, m in network.named_modules() if isinstance(m, DepthwiseConv))
    return {name: step for name, step in found if step > 1}


def _by_neighbour(inputs: Tensor, kernel: int) -> Tensor:
    return inputs.unflatten(0, (-1, kernel)).t().flatten()
