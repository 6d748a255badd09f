"""Results of the device in the shapes of the network, and constants in those of the device."""

import torch.nn.functional as F
from torch import Tensor

from lightning_v2.deployment.lowering.constant import View


def same(x: Tensor) -> Tensor:
    """x as it is."""
    return x


def filled(columns: int | None) -> View:
    """Zeros after the last axis, so that it has so many columns."""
    if columns is None:
        return same
    return lambda x: F.pad(x, (0, columns - x.shape[-1]))


def cropped(view: View, columns: int) -> View:
    """A view without what `filled` put there."""
    return lambda x: view(x)[..., :columns]


def unturned(x: Tensor, batch: int) -> Tensor:
    """(N, B * T), a column a frame of all sentences -> (B, T, N)."""
    return x.unflatten(1, (batch, -1)).permute(1, 2, 0)
