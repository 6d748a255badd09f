"""32-bit integer instructions for compiled kernels.

numba widens every int32 expression to 64 bits, which halves the lanes of a vector and, for shifts,
keeps LLVM from narrowing it again. These stay in 32 bits; sums wrap.
"""

import llvmlite.ir as ir
from numba.core import types
from numba.extending import intrinsic

from lightning_v2.tensix.kernels.compile import fused


def _binary(instruction: str):
    @intrinsic
    def operation(context, a, b):
        def generate(context, builder, signature, arguments):
            return getattr(builder, instruction)(*arguments)

        return types.int32(types.int32, types.int32), generate

    return operation


def _reinterpret(source: types.Type, target: types.Type, kind: ir.Type):
    @intrinsic
    def operation(context, a):
        def generate(context, builder, signature, arguments):
            return builder.bitcast(arguments[0], kind)

        return target(source), generate

    return operation


add = _binary("add")
sub = _binary("sub")
times = _binary("mul")
shift_left = _binary("shl")
shift_right = _binary("ashr")
both = _binary("and_")
differ = _binary("xor")
either = _binary("or_")
bits_of_float = _reinterpret(types.float32, types.int32, ir.IntType(32))
float_of_bits = _reinterpret(types.int32, types.float32, ir.FloatType())
double_of_bits = _reinterpret(types.int64, types.float64, ir.DoubleType())
bits_of_double = _reinterpret(types.float64, types.int64, ir.IntType(64))


@fused
def larger(a, b):
    return a if a > b else b


@fused
def smaller(a, b):
    return a if a < b else b
