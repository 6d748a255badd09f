"""One thing that happened on the device: an operation, or a transfer from or to the host."""

from dataclasses import dataclass

from lightning_v2.deployment.observed.tensor_use import TensorUse

OPERATION, UPLOAD, DOWNLOAD, SETUP = "operation", "upload", "download", "setup"
"""Kinds of steps."""

_READ_IN_PART = ("SliceDeviceOperation", "EmbeddingsDeviceOperation")
"""They read no more of an operand than they write."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened on the device.

    Attributes:
        kind: "operation", "upload", "download", or "setup" for an upload of an operation whose
            program is being made, which comes again only when the program is made again.
        call: outermost ttnn function that was called, "" if none.
        name: of the device operation or the transfer.
        program: its program factory, "" for a transfer. math_fidelity: "" where it has none.
        program_config: as given in the call, "" if none was.
        operands, results: of an upload the result is on the device, of a download the operand.
        producers: step that made each operand; None where it was there before.
        key: the same for operations that can share a compiled program.
        cores: that hold memory of the program; 0 where none was recorded.
        program_l1_bytes: circular buffers, dataflow buffers and scratchpads on the fullest core.
        l1_bytes: the same and what tensors take of that core's L1 as the step ends.
    """

    kind: str
    call: str
    name: str
    operands: tuple[TensorUse, ...]
    results: tuple[TensorUse, ...]
    producers: tuple[int | None, ...]
    program: str = ""
    math_fidelity: str = ""
    program_config: str = ""
    key: str = ""
    cores: int = 0
    program_l1_bytes: int = 0
    l1_bytes: int = 0

    @property
    def dram_read_bytes(self) -> int:
        """*Modelled*: each operand in DRAM is read once. What the host writes is not counted."""
        if self.kind != OPERATION:
            return 0
        read = (x.bytes for x in self.operands if x.in_dram)
        if self.name in _READ_IN_PART:
            written = sum(x.bytes for x in self.results)
            return sum(min(size, written) for size in read)
        return sum(read)

    @property
    def dram_written_bytes(self) -> int:
        """*Modelled*: each result in DRAM is written once. What the host reads is not counted."""
        if self.kind != OPERATION:
            return 0
        return sum(x.bytes for x in self.results if x.in_dram)

    @property
    def transferred_bytes(self) -> int:
        """Between host and device, padding included; 0 for an operation."""
        if self.kind == OPERATION:
            return 0
        return sum(x.bytes for x in (self.operands if self.kind == DOWNLOAD else self.results))
