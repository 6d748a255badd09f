"""Parts of a voice on one device: sent, run, fetched; recorded and replayed where that is possible.

Operands that the host sends and results that stay lie in DRAM, so that nothing of one part is in
the way of what another one does with L1. On silicon the second run of a part replays a trace: the
host issues one command instead of hundreds, and the second command queue writes the operands of
the next run as soon as the last one has read its own.

**Traces have not yet run on silicon**; mock devices and the simulator cannot record any.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lightning_v2.deployment.device.capture import capture
from lightning_v2.deployment.device.ttnn_ops import TtnnOps
from lightning_v2.deployment.lowering.constant import DeviceTensor
from lightning_v2.deployment.lowering.stage import Compute, Result, Upload
from lightning_v2.deployment.observed.graph import Graph
from lightning_v2.deployment.observed.report import StageReport

_COMPUTE, _INPUT = 0, 1  # command queues

Key = tuple
"""Name of a part and the shapes of its operands."""


@dataclass
class _Trace:
    number: Any
    inputs: dict[str, DeviceTensor]
    kept: tuple[DeviceTensor, ...]
    fetched: tuple[DeviceTensor, ...]
    # The last run has read its inputs once this has happened.
    read: Any


class DeviceStages:
    """The `Stages` of a `Runner` on one device.

    Attributes:
        reports: of each part and bucket that ran, by key, in the order of their first run.
        graphs: what each of them was read from.
    """

    def __init__(self, ops: TtnnOps, reported: bool = True):
        """reported: whether each part and bucket is planned once more after its first run, for its
        report."""
        self.reports: dict[Key, StageReport] = {}
        self.graphs: dict[Key, Graph] = {}
        self._ops, self._device, self._reported = ops, ops.device, reported
        self._traces: dict[tuple, _Trace] = {}
        self._seen: set[Key] = set()

    def __call__(
        self,
        name: str,
        compute: Compute,
        uploads: dict[str, Upload],
        held: dict[str, DeviceTensor],
    ) -> Result:
        """See `Runner.stage`."""
        key = _key(name, uploads, held)
        # A trace reads its operands where they lay when it was recorded.
        recorded = key, tuple(map(id, held.values()))
        if recorded in self._traces:
            return self._replay(self._traces[recorded], uploads)

        def run() -> tuple[tuple[DeviceTensor, ...], tuple[DeviceTensor, ...]]:
            sent = {x: self._ops.from_torch(up.values, up.dtype) for x, up in uploads.items()}
            return self._settled(compute, sent, held)

        if key in self._seen and self._device.can_trace and self._lasting(held):
            # Compiled by the first run, so that nothing is written while it is recorded.
            self._traces[recorded] = self._record(compute, uploads, held)
            return self._replay(self._traces[recorded], uploads)
        kept, fetched = run()
        result = kept, tuple(map(self._ops.to_torch, fetched))
        if key not in self._seen and self._reported:
            # Not before the first run: what is only planned sends no weights.
            self._plan(key, run)
        self._seen.add(key)
        return result

    def release(self) -> None:
        """Forget all traces."""
        import ttnn

        for trace in self._traces.values():
            ttnn.release_trace(self._device.handle, trace.number)
        self._traces.clear()

    def _lasting(self, held: dict[str, DeviceTensor]) -> bool:
        """Whether all these are results of traces, which stay where they are."""
        kept = {id(x) for trace in self._traces.values() for x in trace.kept}
        return all(id(x) in kept for x in held.values())

    def _settled(
        self, compute: Compute, sent: dict[str, DeviceTensor], held: dict[str, DeviceTensor]
    ) -> tuple[tuple[DeviceTensor, ...], tuple[DeviceTensor, ...]]:
        kept, fetched = compute(**sent, **held)
        settle = self._ops.settle
        return tuple(map(settle, kept)), tuple(map(settle, fetched))

    def _plan(self, key: Key, run: Callable[[], tuple]) -> None:
        with capture(self._device) as captured:
            _, fetched = run()
            for x in fetched:
                self._ops.to_torch(x)
        self.graphs[key] = captured.graph
        stage, _, bucket = key[0].partition(", ")
        self.reports[key] = StageReport.of(stage, bucket, captured)

    def _record(
        self, compute: Compute, uploads: dict[str, Upload], held: dict[str, DeviceTensor]
    ) -> _Trace:
        import ttnn

        handle = self._device.handle
        inputs = {x: self._ops.from_torch(up.values, up.dtype) for x, up in uploads.items()}
        number = ttnn.begin_trace_capture(handle, cq_id=_COMPUTE)
        try:
            kept, fetched = self._settled(compute, inputs, held)
        except BaseException:
            ttnn.end_trace_capture(handle, number, cq_id=_COMPUTE)
            ttnn.release_trace(handle, number)
            raise
        ttnn.end_trace_capture(handle, number, cq_id=_COMPUTE)
        read = ttnn.record_event(handle, _COMPUTE)
        return _Trace(number, inputs, kept, fetched, read)

    def _replay(self, trace: _Trace, uploads: dict[str, Upload]) -> Result:
        import ttnn

        handle = self._device.handle
        ttnn.wait_for_event(_INPUT, trace.read)
        for name, upload in uploads.items():
            packed = self._ops.pack(upload.values, upload.dtype)
            ttnn.copy_host_to_device_tensor(packed, trace.inputs[name], cq_id=_INPUT)
        ttnn.wait_for_event(_COMPUTE, ttnn.record_event(handle, _INPUT))
        ttnn.execute_trace(handle, trace.number, cq_id=_COMPUTE, blocking=False)
        trace.read = ttnn.record_event(handle, _COMPUTE)
        return trace.kept, tuple(map(self._ops.to_torch, trace.fetched))


def _key(name: str, uploads: dict[str, Upload], held: dict[str, DeviceTensor]) -> Key:
    sent = tuple((x, tuple(up.values.shape), up.dtype) for x, up in uploads.items())
    return name, sent, tuple((x, tuple(tensor.shape)) for x, tensor in held.items())
