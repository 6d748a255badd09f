"""The same voice on a GPU, *modelled*: a roofline with launches, from data sheets.

Each program of the deployment that computes is a kernel of a CUDA graph; moves of data are taken to
cost nothing there. A kernel takes as long as its products, its bytes, or a kernel at all,
whichever is most. All sentences of a batch share a kernel, so that weights are read once.
`benchmarks/gpu.py` measures the other kind of figure; the two are never mixed.
"""

import math
from dataclasses import dataclass

from lightning_v2.economics.constants import constants_of
from lightning_v2.economics.program import MOVEMENT, Program
from lightning_v2.economics.sentence import Cost
from lightning_v2.errors import ArgumentError
from lightning_v2.tile import TILE

GPUS = ("L40S", "H100")

_VALUE_BYTES = 2
"""bfloat16 and float16."""


@dataclass(frozen=True)
class GpuCost:
    """What a batch takes on a GPU, *modelled*.

    Attributes:
        gpu: its name.
        batch: sentences at once.
        seconds_each: of speech in each.
        kernels: in one graph.
        launch_s, compute_s, memory_s: seconds of kernels that are bound by their launch, by
            products or by bytes.
        host_s: transfers and the launch of the graphs.
    """

    gpu: str
    batch: int
    seconds_each: float
    kernels: int
    launch_s: float
    compute_s: float
    memory_s: float
    host_s: float

    @property
    def latency_s(self) -> float:
        """Of a batch."""
        return self.launch_s + self.compute_s + self.memory_s + self.host_s

    @property
    def speech_s_per_s(self) -> float:
        """Seconds of speech that the card says in one second."""
        return self.batch * self.seconds_each / self.latency_s

    def streams(self, latency_s: float) -> int:
        """As `Cost.streams`."""
        return int(self.speech_s_per_s) if 2 * self.latency_s <= latency_s else 0

    @property
    def bound(self) -> str:
        """What takes longest, in a word."""
        parts = {"launch": self.launch_s, "products": self.compute_s, "DRAM": self.memory_s,
                 "host": self.host_s}  # fmt: skip
        return max(parts, key=parts.get)

    @property
    def provenance(self) -> str:
        """Where the figures come from, for captions."""
        return f"Modelled from the data sheet of the {self.gpu}; not measured on one."


def gpu_cost(cost: Cost, gpu: str, **changed: float) -> GpuCost:
    """The voice, batch and bucket of `cost` on a GPU.

    changed: constants that shall have other values.

    Raises:
        ArgumentError: there is no such GPU, or no such constant.
    """
    if gpu not in GPUS:
        raise ArgumentError(f"no GPU {gpu!r}; there are {', '.join(GPUS)}")
    values = {name: row.value for name, row in constants_of(gpu).items()}
    unknown = sorted(set(changed) - set(values))
    if unknown:
        raise ArgumentError(f"no constant {unknown[0]!r}; there are {', '.join(values)}")
    values |= changed
    least = values["gpu_kernel"] * 1e-6
    flops = values["gpu_flops"] * 1e12 * values["gpu_share_of_flops"]
    bandwidth = values["gpu_dram"] * 1e9 * values["gpu_share_of_dram"]
    spent = {"launch": 0.0, "compute": 0.0, "memory": 0.0}
    kernels = 0
    for stage in cost.stages:
        for program in stage.programs:
            if program.kind == MOVEMENT:
                continue
            kernels += 1
            times = {
                "launch": least,
                "compute": stage.runs * floating_operations(program) / flops,
                "memory": kernel_bytes(program, stage.runs) / bandwidth,
            }
            bound = max(times, key=times.get)
            spent[bound] += times[bound]
    moved = sum(s.runs * (s.upload_bytes + s.download_bytes) for s in cost.stages)
    host = len(cost.stages) * values["gpu_graph"] * 1e-6 + moved / (values["gpu_bus"] * 1e9)
    return GpuCost(
        gpu, cost.batch, cost.seconds_each, kernels,
        spent["launch"], spent["compute"], spent["memory"], host,
    )  # fmt: skip


def floating_operations(program: Program) -> int:
    """Multiplications and additions of a product or convolution; 0 for others, which bytes bind."""
    cut = program.cut
    return 2 * cut.m * cut.k * cut.n * TILE**3 if cut else 0


def kernel_bytes(program: Program, runs: int) -> int:
    """Bytes in 16 bits of what a kernel reads and writes for so many runs: weights once."""
    constants = program.operands[1:] if program.cut else ()
    moved = [x for x in (*program.operands, *program.results) if x not in constants]
    once, each = (sum(math.prod(x.shape) for x in several) for several in (constants, moved))
    return _VALUE_BYTES * (once + runs * each)
