"""What ttnn records while a part of the voice runs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from lightning_v2.deployment.device.target import Device, ttnn_version
from lightning_v2.deployment.errors import TargetError
from lightning_v2.deployment.observed.captured import Captured
from lightning_v2.deployment.observed.graph import Graph


@contextmanager
def capture(device: Device) -> Iterator[Captured]:
    """Context that records what ttnn would do on `device`: operations are planned, not dispatched.

    Every operation is validated and shows its circular buffers, on any device and without touching
    it; results are tensors without memory, of arbitrary values, of no use after the block.

    As planned tensors take no memory, a plan that is too large raises no error (`StageReport.fits`
    tells), and operations that suit their program to the free L1, such as layer_norm, may choose a
    larger one. Upload inside the block what the block frees: memory of a tensor from
    outside that is freed there stays taken until the device is closed (ttnn 0.81.1).

    Raises:
        TargetError: another capture is running.
    """
    import ttnn
    from loguru import logger

    if ttnn.graph.is_graph_capture_active():
        raise TargetError("a graph capture is running already", "ttnn records one at a time")
    memory = ttnn.get_memory_view(device.handle, ttnn.BufferType.L1)
    captured = Captured(device, ttnn_version(), memory.total_bytes_per_bank)
    with TemporaryDirectory() as folder:
        recorded = Path(folder) / "graph.json"
        logger.disable("ttnn.graph")  # It warns of sub-graphs that are not wanted here.
        try:
            ttnn.graph.begin_graph_capture(ttnn.graph.RunMode.NO_DISPATCH)
        finally:
            logger.enable("ttnn.graph")
        try:
            yield captured
        finally:
            ttnn.graph.end_graph_capture_to_file(recorded)
        calls = recorded.with_suffix(".python_io.json")  # Not there if nothing was called.
        captured.graph = Graph(
            json.loads(recorded.read_text())["graph"],
            json.loads(calls.read_text()) if calls.exists() else [],
            resident_l1_bytes=memory.total_bytes_allocated_per_bank,
        )
