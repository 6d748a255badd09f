"""Vectors of 16 lanes of 32 bits for compiled kernels: what numba cannot say, in LLVM's own words.

A `Vectors` writes instructions into a function that numba compiles. Its values are lists of
vectors, on which an operation works one after the other: so many are on their way at once. LLVM
cuts them to what the processor has. Only rounding modes ask for AVX-512; without it the same is
said in more instructions, with the same bits.
"""

import functools
from collections.abc import Sequence

import llvmlite.ir as ir
from numba.core import cgutils, types
from numba.core.registry import cpu_target

LANES = 16
_BYTES = 4 * LANES

_INT, _LONG = ir.IntType(32), ir.IntType(64)
_INTS, _FLOATS = ir.VectorType(_INT, LANES), ir.VectorType(ir.FloatType(), LANES)
_WORDS = ir.VectorType(ir.IntType(8), _BYTES)
_DOWN, _TO_ZERO = 9, 11  # roundings without exceptions, in the words of AVX-512

Value = list[ir.Value]


@functools.cache
def features() -> frozenset[str]:
    """What the processor has for which numba compiles here, such as avx512f and fma."""
    *_, text = cpu_target.target_context.codegen().magic_tuple()
    return frozenset(name[1:] for name in text.split(",") if name.startswith("+"))


class Vectors:
    """Writes operations on lists of vectors; a number in the place of one is in every lane."""

    def __init__(self, builder: ir.IRBuilder) -> None:
        self._builder = builder
        self._rounds = "avx512f" in features()

    def pointers(self, context, signature, arguments) -> list[ir.Value]:
        """The arguments of an intrinsic, an array as a pointer to its first value."""
        return [
            context.make_array(kind)(context, self._builder, value).data
            if isinstance(kind, types.Array)
            else value
            for kind, value in zip(signature.args, arguments, strict=True)
        ]

    def load(self, pointer: ir.Value, at: ir.Value | None, offset: int, count: int = 1) -> Value:
        """`count` vectors, the first at + offset values (32 bits each) behind a pointer."""
        kind = ir.VectorType(pointer.type.pointee, LANES)
        places = [self._place(pointer, at, offset + LANES * i, kind) for i in range(count)]
        return [self._builder.load(place, align=_BYTES) for place in places]

    def store(self, pointer: ir.Value, at: ir.Value | None, offset: int, value: Value) -> None:
        """The other way round. Vectors lie at multiples of their size."""
        for i, vector in enumerate(value):
            place = self._place(pointer, at, offset + LANES * i, vector.type)
            self._builder.store(vector, place, align=_BYTES)

    def spread(self, pointer: ir.Value, at: ir.Value | None, offset: int) -> Value:
        """One value of memory in all lanes of a vector."""
        place = self._place(pointer, at, offset, pointer.type.pointee)
        return [self.same(self._builder.load(place))]

    def same(self, scalar: ir.Value) -> ir.Value:
        """A vector with a scalar in all lanes."""
        kind = ir.VectorType(scalar.type, LANES)
        nothing = ir.Constant(kind, ir.Undefined)
        first = self._builder.insert_element(nothing, scalar, _INT(0))
        return self._builder.shuffle_vector(first, nothing, ir.Constant(_INTS, [_INT(0)] * LANES))

    def bytes_of(self, value: Value) -> Value:
        return self._cast(value, _WORDS)

    def ints(self, value: Value) -> Value:
        """The same bits as integers."""
        return self._cast(value, _INTS)

    def floats(self, value: Value) -> Value:
        """The same bits as float32."""
        return self._cast(value, _FLOATS)

    def add(self, a: Value, b: Value | float) -> Value:
        return self._each(("add", "fadd"), a, b)

    def sub(self, a: Value | float, b: Value) -> Value:
        return self._each(("sub", "fsub"), a, b)

    def multiply(self, a: Value, b: Value | float) -> Value:
        return self._each((None, "fmul"), a, b)

    def both(self, a: Value, b: Value | int) -> Value:
        return self._each(("and_", None), a, b)

    def either(self, a: Value, b: Value | int) -> Value:
        return self._each(("or_", None), a, b)

    def differ(self, a: Value, b: Value | int) -> Value:
        return self._each(("xor", None), a, b)

    def shift(self, a: Value, distance: int) -> Value:
        """Integers times 2**distance; bits that leave the word are lost."""
        name = "shl" if distance >= 0 else "lshr"
        return self._each((name, None), a, abs(distance))

    def larger(self, a: Value, b: Value) -> Value:
        """The larger of signed integers, lane by lane."""
        return self._called("smax", a, b)

    def fused(self, a: Value, b: Value, c: Value | float) -> Value:
        """a * b + c of float32, rounded once."""
        return self._called("fma", a, b, c)

    def size(self, a: Value) -> Value:
        """Absolute values of integers."""
        return self._called("abs", a, flag=False)

    def where_equal(self, a: Value, b: Value, c: Value | int, d: Value) -> Value:
        """c where two integers are equal, elsewhere d."""
        return [
            self._builder.select(self._builder.icmp_signed("==", w, x), y, z)
            for w, x, y, z in self._rows((a, b, c, d))
        ]

    def where_unordered(self, a: Value, b: Value, c: Value) -> Value:
        """b where a float32 is no number, elsewhere c."""
        return [
            self._builder.select(self._builder.fcmp_unordered("uno", x, x), y, z)
            for x, y, z in self._rows((a, b, c))
        ]

    def cut_to_ints(self, a: Value) -> Value:
        """float32 to integers, toward zero."""
        return [self._builder.fptosi(x, _INTS) for x in a]

    def floors(self, a: Value) -> Value:
        """float32 to integers, toward minus infinity."""
        if not self._rounds:
            return self.cut_to_ints(self._called("floor", a))
        kind = ir.FunctionType(_INTS, [_FLOATS, _INTS, ir.IntType(16), _INT])
        convert = self._function("llvm.x86.avx512.mask.cvtps2dq.512", kind)
        every, none = ir.Constant(ir.IntType(16), -1), ir.Constant(_INTS, None)
        down = ir.Constant(_INT, _DOWN)
        return [self._builder.call(convert, [x, none, every, down]) for x in a]

    def add_floors(self, a: Value, b: Value) -> Value:
        """a + floor(b), for a of which one unit in the last place is 1."""
        if not self._rounds:
            return self.add(a, self._called("floor", b))
        kind = ir.FunctionType(_FLOATS, [_FLOATS, _FLOATS, _INT])
        function = self._function("llvm.x86.avx512.add.ps.512", kind)
        down = ir.Constant(_INT, _DOWN)
        return [self._builder.call(function, [x, y, down]) for x, y in zip(a, b, strict=True)]

    def numbers(self, a: Value) -> Value:
        """Integers from 0 on, below 2**30, to float32: to nearest, ties up."""
        if not self._rounds:
            # Twice the number has its last bit free: set, it takes ties of more than 24 bits up.
            more = self._called("smin", self.shift(a, -24), 1)
            twice = self.either(self.add(a, a), more)
            return self.multiply([self._builder.sitofp(x, _FLOATS) for x in twice], 0.5)
        zeros = self._called("ctlz", a, flag=False)
        shift = self._function("llvm.x86.avx512.psrlv.d.512", ir.FunctionType(_INTS, [_INTS] * 2))
        half = self._constant(1 << 7, _INTS)  # half a unit in the last place, moved to its place
        up = self.add(a, [self._builder.call(shift, [half, x]) for x in zeros])
        kind = ir.FunctionType(_FLOATS, [_INTS, _INT])
        convert = self._function("llvm.x86.avx512.sitofp.round.v16f32.v16i32", kind)
        return [self._builder.call(convert, [x, _INT(_TO_ZERO)]) for x in up]

    def _each(self, names: tuple[str | None, str | None], *operands: Value | float) -> Value:
        """One instruction a vector: `names`, of integers and of floats."""
        rows = self._rows(operands)
        of_floats = rows[0][0].type == _FLOATS
        return [getattr(self._builder, names[of_floats])(*row) for row in rows]

    def _called(self, name: str, *operands: Value | float, flag: bool | None = None) -> Value:
        """One call of a function of LLVM a vector."""
        rows = self._rows(operands)
        kind = rows[0][0].type
        last = [] if flag is None else [ir.Constant(ir.IntType(1), int(flag))]
        letter = "f32" if kind == _FLOATS else f"i{kind.element.width}"
        whole = ir.FunctionType(kind, [kind] * len(operands) + [x.type for x in last])
        function = self._function(f"llvm.{name}.v{kind.count}{letter}", whole)
        return [self._builder.call(function, [*row, *last]) for row in rows]

    def _rows(self, operands: Sequence[Value | float]) -> list[tuple[ir.Value, ...]]:
        """Operands vector by vector; a single vector meets each of the others."""
        lists = [x for x in operands if isinstance(x, list)]
        count, kind = max(map(len, lists)), lists[0][0].type
        columns = [
            x * (count // len(x)) if isinstance(x, list) else [self._constant(x, kind)] * count
            for x in operands
        ]
        return list(zip(*columns, strict=True))

    def _constant(self, number: float, kind: ir.VectorType) -> ir.Constant:
        return ir.Constant(kind, [kind.element(number)] * kind.count)

    def _cast(self, value: Value, kind: ir.VectorType) -> Value:
        return [self._builder.bitcast(x, kind) for x in value]

    def _place(
        self, pointer: ir.Value, at: ir.Value | None, offset: int, kind: ir.Type
    ) -> ir.Value:
        for distance in (at, _LONG(offset)):
            if distance is not None:
                pointer = self._builder.gep(pointer, [distance])
        return self._builder.bitcast(pointer, kind.as_pointer())

    def _function(self, name: str, kind: ir.FunctionType) -> ir.Function:
        return cgutils.get_or_insert_function(self._builder.module, kind, name)
