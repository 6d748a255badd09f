"""The arithmetic of Tensix cores on a CPU: ttnn's operations, bit for bit, on a tensor type of its
own; and the interception that runs any torch module in it."""

from lightning_v2.tensix.numbers.configuration import (
    ARCHITECTURES,
    TIERS,
    ComputeKernelConfig,
    MatmulProgramConfig,
    settings,
    use,
)
from lightning_v2.tensix.numbers.formats import FORMATS
from lightning_v2.tensix.numbers.sites import FIDELITIES, ROLES, Site, SiteCall, SitePrecision
from lightning_v2.tensix.numbers.tensor import (
    Tensor,
    bfloat4_b,
    bfloat8_b,
    bfloat16,
    float32,
    from_torch,
    to_torch,
    typecast,
    uint32,
)
from lightning_v2.tensix.ops.attention import SDPAProgramConfig, scaled_dot_product_attention
from lightning_v2.tensix.ops.convolution import (
    Conv1dConfig,
    Conv2dConfig,
    conv1d,
    conv2d,
    conv_transpose2d,
)
from lightning_v2.tensix.ops.data_movement import (
    concat,
    concatenate_heads,
    embedding,
    pad,
    permute,
    reshape,
    slice,
    split_query_key_value_and_split_heads,
    transpose,
)
from lightning_v2.tensix.ops.elementwise import (
    add,
    div,
    divide,
    maximum,
    minimum,
    multiply,
    rsub,
    subtract,
)
from lightning_v2.tensix.ops.matmul import linear, matmul
from lightning_v2.tensix.ops.normalisation import layer_norm, rms_norm
from lightning_v2.tensix.ops.reduction import max, mean, min, sum
from lightning_v2.tensix.ops.running_sum import cumsum
from lightning_v2.tensix.ops.sfpu_operations import FUNCTIONS
from lightning_v2.tensix.ops.softmax import scale_mask_softmax, softmax
from lightning_v2.tensix.ops.ternary import addcmul

# isort: split
# The interception runs the operations above.
from lightning_v2.tensix.intercept.interception import Interception, intercept, lower
from lightning_v2.tensix.intercept.operations import OPERATIONS, register
from lightning_v2.tensix.intercept.tracing import trace
from lightning_v2.tensix.intercept.unemulated import Unemulated

globals().update(FUNCTIONS)  # of one operand: exp, gelu, …

__all__ = [
    "ARCHITECTURES",
    "FIDELITIES",
    "FORMATS",
    "OPERATIONS",
    "ROLES",
    "TIERS",
    "ComputeKernelConfig",
    "Conv1dConfig",
    "Conv2dConfig",
    "Interception",
    "MatmulProgramConfig",
    "SDPAProgramConfig",
    "Site",
    "SiteCall",
    "SitePrecision",
    "Tensor",
    "Unemulated",
    "add",
    "addcmul",
    "bfloat4_b",
    "bfloat8_b",
    "bfloat16",
    "concat",
    "concatenate_heads",
    "conv1d",
    "conv2d",
    "conv_transpose2d",
    "cumsum",
    "div",
    "divide",
    "embedding",
    "float32",
    "from_torch",
    "intercept",
    "layer_norm",
    "linear",
    "lower",
    "matmul",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "multiply",
    "pad",
    "permute",
    "register",
    "reshape",
    "rms_norm",
    "rsub",
    "scale_mask_softmax",
    "scaled_dot_product_attention",
    "settings",
    "slice",
    "softmax",
    "split_query_key_value_and_split_heads",
    "subtract",
    "sum",
    "to_torch",
    "trace",
    "transpose",
    "typecast",
    "uint32",
    "use",
]
__all__.extend(FUNCTIONS)
