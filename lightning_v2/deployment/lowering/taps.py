"""Dense convolutions as one product on neighbours side by side, and where those lie on the device.

The network has the neighbours of a channel together (C, k), the device, which gathers whole rows,
the channels of a neighbour.
"""

import torch
from torch import Tensor

from lightning_v2.model.layers import Taps


def side_by_side(layer: Taps) -> Tensor:
    """The network's input of `layer` at each input of the device, all channels of a neighbour
    together."""
    return _by_neighbour(torch.arange(layer.in_features), layer.kernel)


def neighbours(rows: Tensor, kernel: int, beyond: int) -> Tensor:
    """Indices of the rows around each row, beyond the edges those of a row of zeros.

    Args:
        rows: (B, T) indices of rows.
        kernel: neighbours, the row itself among them.
        beyond: the index of zeros.

    Returns:
        (B, T * kernel).
    """
    reach = kernel // 2
    padded = torch.nn.functional.pad(rows, (reach, reach), value=beyond)
    return padded.unfold(1, kernel, 1).flatten(1)


def _by_neighbour(inputs: Tensor, kernel: int) -> Tensor:
    return inputs.unflatten(0, (-1, kernel)).t().flatten()
