"""A part of a voice that needs nothing of the host once its operands are there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from lightning_v2.deployment.lowering.constant import DeviceTensor


@dataclass(frozen=True, slots=True)
class Upload:
    """values of the host, to be packed there as `dtype` and sent to the device."""

    values: Tensor
    dtype: str


Compute = Callable[..., tuple[tuple[DeviceTensor, ...], tuple[DeviceTensor, ...]]]
"""From operands by name to what stays on the device and what the host fetches."""

Result = tuple[tuple[DeviceTensor, ...], tuple[Tensor, ...]]
"""What stayed on the device, and what was fetched."""


class Stages(Protocol):
    """Runs a part of the voice that needs nothing of the host once its operands are there.

    name: of the part, and after a comma its bucket: "speech, frames 256, phones 64".
    """

    def __call__(
        self,
        name: str,
        compute: Compute,
        uploads: dict[str, Upload],
        held: dict[str, DeviceTensor],
    ) -> Result: ...
