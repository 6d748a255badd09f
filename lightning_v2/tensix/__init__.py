"""The arithmetic of Tensix cores on a CPU: ttnn's operations, bit for bit, on a tensor type of its
own; and the interception that runs any torch module in it."""

from lightning_v2.tensix.configuration import (
    ARCHITECTURES,
    TIERS,
    ComputeKernelConfig,
    MatmulProgramConfig,
    settings,
    use,
)
from lightning_v2.tensix.convolution import (
    Conv1dConfig,
    Conv2dConfig,
    conv1d,
    conv2d,
    conv_transpose2d,
)
from lightning_v2.tensix.data_movement import (
    concat,
    embedding,
    pad,
    permute,
    reshape,
    slice,
    transpose,
)
from lightning_v2.tensix.formats import FORMATS
from lightning_v2.tensix.matmul import linear, matmul
from lightning_v2.tensix.sites import FIDELITIES, Site, SitePrecision
from lightning_v2.tensix.tensor import (
    Tensor,
    bfloat4_b,
    bfloat8_b,
    bfloat16,
    float32,
    from_torch,
    to_torch,
    typecast,
)

# isort: split
# The interception runs the operations above.
from lightning_v2.tensix.interception import Interception, Unemulated, intercept, lower, trace
from lightning_v2.tensix.operations import OPERATIONS, register

__all__ = [
    "ARCHITECTURES",
    "FIDELITIES",
    "FORMATS",
    "OPERATIONS",
    "TIERS",
    "ComputeKernelConfig",
    "Conv1dConfig",
    "Conv2dConfig",
    "Interception",
    "MatmulProgramConfig",
    "Site",
    "SitePrecision",
    "Tensor",
    "Unemulated",
    "bfloat4_b",
    "bfloat8_b",
    "bfloat16",
    "concat",
    "conv1d",
    "conv2d",
    "conv_transpose2d",
    "embedding",
    "float32",
    "from_torch",
    "intercept",
    "linear",
    "lower",
    "matmul",
    "pad",
    "permute",
    "register",
    "reshape",
    "settings",
    "slice",
    "to_torch",
    "trace",
    "transpose",
    "typecast",
    "use",
]
