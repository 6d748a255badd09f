"""A part of the voice as ttnn recorded it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lightning_v2.deployment.observed.graph import Graph

if TYPE_CHECKING:
    from lightning_v2.deployment.device.target import Device


class Captured:
    """One run that was planned.

    Attributes:
        device: that it was planned for.
        ttnn_version: of the package.
        l1_bytes: L1 of one core of this device that tensors and circular buffers share.
        graph: what was recorded; there once the block has ended without an error.
    """

    graph: Graph

    def __init__(self, device: Device, ttnn_version: str | None, l1_bytes: int):
        self.device, self.ttnn_version, self.l1_bytes = device, ttnn_version, l1_bytes
