"""How one site runs as ttnn-shaped operations: the casts, configurations and orders that its
`SitePrecision` asks for.

Written against `ops`, a module with ttnn's names: `lightning_v2.tensix`, or a stand-in for `ttnn`.

    operands     are cast to `activations`, constants are stored as `weights` or `vectors` say
    linear       a float32 output adds its bias by an operation of its own: the fused addition would
                 cut the product to TF32
    vector ops   take `activations` as they are if the output has the same format. Otherwise they
                 run in float32 if one of the two is float32, else in bfloat16, and their result
                 is cast to `output`; so they do for bfloat4_b, which few of them take
"""

from types import ModuleType

import torch

from lightning_v2.tensix.numbers.configuration import FUSED_ACTIVATIONS
from lightning_v2.tensix.numbers.sites import SitePrecision
from lightning_v2.tensix.ops.elementwise import BINARY
from lightning_v2.tensix.ops.unary import UNARY


class Execution:
    """Runs operations of one site. Tensors are those of `ops`.

    ops: the module that computes. precision: of the site.
    """

    def __init__(self, ops: ModuleType, precision: SitePrecision):
        self.ops, self.precision = ops, precision
        self.config = ops.ComputeKernelConfig(
            math_fidelity=precision.math_fidelity,
            math_approx_mode=precision.math_approx_mode,
            fp32_dest_acc_en=precision.fp32_dest_acc_en,
            packer_l1_acc=precision.packer_l1_acc,
        )
        width = precision.in0_block_w
        self.program = None if width is None else ops.MatmulProgramConfig(in0_block_w=width)
        self._rows_of_zeros = {}
        formats = {precision.activations, precision.output}
        if "float32" in formats:
            self._computed_in = "float32"
        elif len(formats) > 1 or "bfloat4_b" in formats:
            self._computed_in = "bfloat16"
        else:
            self._computed_in = precision.activations

    def operand(self, x):
        """x in the format of the site's activations."""
        return self.ops.typecast(x, self.precision.activations)

    def linear(self, x, weight, bias=None, program=None):
        """x (..., K) @ weight (K, N) + bias (N,); program: in place of that of the site."""
        return self.product(self.operand(x), weight, bias, program)

    def matmul(self, a, b, bias=None):
        """a (..., M, K) @ b (..., K, N) + bias (N,), both cast."""
        return self.product(self.operand(a), self.operand(b), bias)

    def fuses(self, name, precision):
        """Whether the function called `name`, of a site of that `precision`, can end a product of
        this site: what lies between the two is never stored then, so both have one format."""
        formats = {self.precision.output, precision.activations, precision.output}
        return name in FUSED_ACTIVATIONS and len(formats) == 1 and formats != {"float32"}

    def ending(self, name, precision):
        """The program config of products of this site that end in that function."""
        fast = precision.math_approx_mode and UNARY[name].approximate is not None
        width = self.precision.in0_block_w
        return self.ops.MatmulProgramConfig(width, name, fast)

    def product(self, a, b, bias=None, program=None, transpose_b=False):
        """a (..., M, K) @ b (..., K, N) + bias (N,), operands as they are stored.

        program: in place of that of the site. transpose_b: b is (N, K) and turned as it is read.
        """
        output = self.precision.output
        fused = bias if output != "float32" else None
        y = self.ops.linear(
            a,
            b,
            bias=fused,
            dtype=output,
            compute_kernel_config=self.config,
            program_config=program or self.program,
            **({"transpose_b": True} if transpose_b else {}),
        )
        if bias is None or fused is not None:
            return y
        return self.ops.add(y, self.ops.typecast(bias, "float32"))

    def conv1d(self, x, weight, bias=None, **options):
        """x (N, L, C) by weight (O, C / groups, k), float32; see `tensix.conv1d`."""
        return self._convolution(self.ops.conv1d, x, weight, bias, options)

    def conv2d(self, x, weight, bias=None, **options):
        """x (N, H, W, C) by weight (O, C / groups, kh, kw), float32; see `tensix.conv2d`."""
        return self._convolution(self.ops.conv2d, x, weight, bias, options)

    def conv_transpose2d(self, x, weight, bias=None, **options):
        """x (N, H, W, C) by weight (C, O / groups, kh, kw); see `tensix.conv_transpose2d`."""
        return self._convolution(self.ops.conv_transpose2d, x, weight, bias, options)

    def unary(self, name, x, **parameters):
        """The function of one operand called `name`."""
        if self.precision.math_approx_mode and UNARY[name].approximate is not None:
            parameters["fast_and_approximate_mode"] = True
        return self._stored(getattr(self.ops, name)(self._computed(x), **parameters))

    def binary(self, name, a, b, constant=None):
        """The element-wise operation called `name`; one of a and b may be a number.

        constant: 0 or 1 if a or b is a vector of the model, which keeps its format where the
        operation takes it beside block floats.
        """
        pair = [x if isinstance(x, int | float) else self._computed(x) for x in (a, b)]
        if constant is not None and BINARY[name].is_mixed and self._computed_in != "float32":
            pair[constant] = (a, b)[constant]
        return self._stored(getattr(self.ops, name)(*pair))

    def cumsum(self, x, dim):
        """Running sums of x along `dim`; of block floats, which ttnn has none for, in bfloat16."""
        wide = "float32" if self._computed_in == "float32" else "bfloat16"
        return self._stored(self.ops.cumsum(self.ops.typecast(self._computed(x), wide), dim))

    def addcmul(self, a, b, c, value=1.0):
        """a + value * b * c of bfloat16."""
        return self.ops.addcmul(*map(self._computed, (a, b, c)), value=value)

    def layer_norm(self, x, weight=None, bias=None, epsilon=1e-5):
        """Over the last axis; weight, bias (C,) in the format of vectors."""
        return self._normalised(self.ops.layer_norm, x, epsilon, weight=weight, bias=bias)

    def norms_sum(self, precision):
        """Whether a norm of this site can add up what it is of, a sum that is of that precision:
        all is bfloat16."""
        formats = {precision.activations, precision.output, self.precision.activations}
        return formats == {"bfloat16"} == {self._computed_in}

    def norm_of_sum(self, x, other, weight, bias, epsilon):
        """`layer_norm` of x + other, where `norms_sum` allows."""
        other = self._computed(other)
        vectors = {"weight": weight, "bias": bias, "residual_input_tensor": other}
        return self._normalised(self.ops.layer_norm, x, epsilon, **vectors)

    def rms_norm(self, x, weight=None, epsilon=1e-5):
        """Over the last axis; weight (C,) in the format of vectors."""
        return self._normalised(self.ops.rms_norm, x, epsilon, weight=weight)

    def softmax(self, x, dim=-1, mask=None):
        """Along `dim` of x, or of x + mask.

        A large negative number in a mask would flush its neighbours in a block float: with a mask
        those are computed in bfloat16.
        """
        x = self._computed(x)
        if mask is not None:
            wide = "float32" if self._computed_in == "float32" else "bfloat16"
            x = self.ops.add(self.ops.typecast(x, wide), self.ops.typecast(mask, wide))
        return self._stored(self.ops.softmax(x, dim, compute_kernel_config=self.config))

    def attention_softmax(self, x, mask):
        """Along the keys of scores x (B, H, M, N) + mask (B, 1, 1, N).

        One operation where its product with a scale of 1 loses nothing.
        """
        if self._computed_in != "bfloat16" or self.config.math_fidelity != "HiFi4":
            return self.softmax(x, mask=mask)
        x, config = self._computed(x), self.config
        return self._stored(self.ops.scale_mask_softmax(x, mask=mask, compute_kernel_config=config))

    def reduce(self, name, x, dim=None, keepdim=False):
        """sum, mean, max or min along `dim`."""
        return self._stored(getattr(self.ops, name)(self._computed(x), dim, keepdim))

    def attention(self, query, key, value, **options):
        """Scaled dot product attention of (B, H, S, D) each, as one operation."""
        query, key, value = map(self.operand, (query, key, value))
        result = self.ops.scaled_dot_product_attention(
            query, key, value, compute_kernel_config=self.config, **options
        )
        return self._stored(result)

    def _convolution(self, function, x, weight, bias, options):
        output = self.precision.output
        # ttnn has a depthwise kernel only without a bias.
        depthwise = options.get("groups", 1) == x.shape[-1] == weight.shape[0]
        apart = bias is not None and (depthwise or output == "float32")
        # Block floats would store the bias itself too coarsely.
        sum_format = "float32" if output == "float32" else "bfloat16"
        row = None if apart else bias
        dilated = options.get("dilation", 1) not in (1, (1, 1))
        touching = len(weight.shape) == 3 and options.get("stride", 1) == weight.shape[-1]
        if depthwise and row is None and (dilated or touching):
            # That kernel knows no dilation, and ttnn runs windows that touch as a matmul.
            row = self._zeros(weight.shape[0])
        y = function(
            input_tensor=self.operand(x),
            weight_tensor=weight,
            bias_tensor=row,
            dtype=sum_format if apart else output,
            conv_config=self.ops.Conv2dConfig(weights_dtype=self.precision.weights),
            compute_config=self.config,
            **options,
        )
        if not apart:
            return y
        return self._stored(self.ops.add(y, self.ops.typecast(bias, sum_format)))

    def _zeros(self, size):
        if size not in self._rows_of_zeros:
            with torch.inference_mode(False):
                zeros = torch.zeros(size)
            self._rows_of_zeros[size] = self.ops.from_torch(zeros, "bfloat16")
        return self._rows_of_zeros[size]

    def _normalised(self, function, x, epsilon, **vectors):
        return self._stored(
            function(
                self._computed(x), epsilon=epsilon, compute_kernel_config=self.config, **vectors
            )
        )

    def _computed(self, x):
        """x in the format in which the vector engine computes."""
        return self.ops.typecast(self.operand(x), self._computed_in)

    def _stored(self, y):
        return self.ops.typecast(y, self.precision.output)
