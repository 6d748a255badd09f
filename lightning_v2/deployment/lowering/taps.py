"""Dense convolutions as one product on neighbours side by side, and where those lie on the device.

The network has the neighbours of a channel together (C, k), the device, which gathers whole rows,
the channels of a neighbour. Letters: B batch, T rows, C channels, k neighbours of a row.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lightning_v2.model.layers import Taps
from lightning_v2.model.natural.network import NaturalNetwork
from lightning_v2.tile import TILE


def orders(network: nn.Module) -> dict[str, Tensor]:
    """Site -> the network's input at each input that the device has, of all such layers."""
    if isinstance(network, NaturalNetwork):
        gathered = network.text.out_features
        return {"decoder.input": with_columns(network.decoder.input, gathered)}
    taps = ((name, layer) for name, layer in network.named_modules() if isinstance(layer, Taps))
    return {name: side_by_side(layer) for name, layer in taps}


def side_by_side(layer: Taps) -> Tensor:
    """The network's input of `layer` at each input of the device, all channels of a neighbour
    together: (k * C,)."""
    return _by_neighbour(torch.arange(layer.in_features), layer.kernel)


def with_columns(layer: Taps, gathered: int) -> Tensor:
    """The same if only the first channels are gathered, and the host sends the others.

    Those few lie as the network has them, in one tile; what does not fit it is always zero.

    gathered: channels.
    """
    inputs = torch.arange(layer.in_features)
    count = gathered * layer.kernel
    sent = inputs[count : count + TILE]
    return torch.cat([_by_neighbour(inputs[:count], layer.kernel), sent])


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


def _by_neighbour(inputs: Tensor, kernel: int) -> Tensor:
    return inputs.unflatten(0, (-1, kernel)).t().flatten()
