"""What a plan may say about one operation, and what a run tells about it."""

from collections.abc import Callable
from dataclasses import dataclass, fields

from lightning_v2.errors import ArgumentError
from lightning_v2.tensix.numbers.fidelity import FIDELITIES
from lightning_v2.tensix.numbers.formats import FORMATS

ROUNDINGS = ("nearest", "fidelity", "feedback")

# The legal values of every field; `bool` and `int` stand for their type (`int`: positive).
LEGAL = {
    "weights": FORMATS,
    "weights_rounding": ROUNDINGS,
    "activations": FORMATS,
    "output": (*FORMATS, "uint32"),
    "math_fidelity": FIDELITIES,
    "fp32_dest_acc_en": bool,
    "packer_l1_acc": bool,
    "math_approx_mode": bool,
    "in0_block_w": int,
}


ROLES = {
    "phase": "a running phase: its increments, their sum, and what leads to its sine",
    "source": "what a running phase sounds like, and its transform, up to the next convolution",
    "f0": "F0, from the last product before it on",
    "durations": "how long each phone lasts, from the last product before it on",
    "sound": "the waveform, from the last product before it on",
}
"""Role -> what the values of such a site are for. A module tells it by an attribute `role`."""


@dataclass(frozen=True, slots=True)
class SitePrecision:
    """How one site runs, in ttnn's own words; the defaults are ttnn's for a bfloat16 matmul.

    Attributes:
        weights: format of constant operands, packed by the host. Vectors (bias, scale of a norm)
            are stored as bfloat16, or as float32 where the weights are.
        weights_rounding: "nearest" is the packing's own rounding to the format. "fidelity" rounds
            before that, nearest and ties to even, to the significand bits that `math_fidelity`
            takes of weights (5 of them in LoFi), so that the multiplier has nothing left to cut
            off: cutting shrinks every product on average. "feedback" does that, too, and adds the
            error of each weight of a matrix (K, N) to the next one along K, for operands whose
            neighbours are alike; elsewhere it is "fidelity". All of them concern matrices and taps,
            not vectors.
        activations: format into which the other operands are cast.
        output: format of the result; uint32 only for integer accumulators.
        math_fidelity, fp32_dest_acc_en, packer_l1_acc: passes of the multiplier, width of the
            destination register, accumulation of partial sums in memory. They govern what the
            matrix engine does: products, convolutions, and the sums and products inside norms and
            softmax. Element-wise operations have ttnn's fixed ones.
        math_approx_mode: the approximate variants of the vector engine's functions.
        in0_block_w: width in 32-wide tiles of one block of the inner dimension; None is ttnn's
            choice.
    """

    weights: str = "bfloat16"
    activations: str = "bfloat16"
    output: str = "bfloat16"
    math_fidelity: str = "HiFi2"
    fp32_dest_acc_en: bool = False
    packer_l1_acc: bool = True
    math_approx_mode: bool = False
    in0_block_w: int | None = None
    weights_rounding: str = "nearest"

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            if not is_legal(field.name, value) and (field.name, value) != ("in0_block_w", None):
                raise ArgumentError(f"{field.name} cannot be {value!r}")

    @property
    def vectors(self) -> str:
        """Format of bias rows and norm scales."""
        return "float32" if self.weights == "float32" else "bfloat16"


def is_legal(field: str, value: object) -> bool:
    """Whether `value` may stand in `field` of a `SitePrecision`."""
    legal = LEGAL[field]
    if legal is bool:
        return isinstance(value, bool)
    if legal is int:
        return isinstance(value, int) and not isinstance(value, bool) and value > 0
    return value in legal


@dataclass(frozen=True, slots=True)
class Site:
    """One operation of a module, as seen in one run.

    Attributes:
        name: dotted path of the module that makes the call, with the operation where that is
            ambiguous.
        op: "linear", "conv1d", "matmul", "layer_norm", "gelu", "add", …
        macs: multiply-adds of all its calls in that run; 0 outside the matrix engine.
        weights: values of its constant matrix operand.
        vectors: values of bias, scale and the like.
        calls: calls in that run.
        shapes: of the first call, operands first, result last.
        role: what its values are for, one of `ROLES`; "" if the module does not say so.
    """

    name: str
    op: str
    macs: int
    weights: int
    vectors: int
    calls: int
    shapes: tuple[tuple[int, ...], ...]
    role: str = ""

    @property
    def has_left_constant(self) -> bool:
        """Whether its constant matrix is the left operand of its product."""
        return bool(self.weights) and len(self.shapes[0]) == 2 < len(self.shapes[1])


@dataclass(frozen=True, eq=False, slots=True)
class SiteCall:
    """One call at a site, as an observer gets it.

    Attributes:
        site: its name.
        op: "linear", "add", …
        function, args, kwargs: the torch call as it was made, before any rounding.
        result: what it returned.
        after: another site, whose operation the same program does first without storing its result;
            "" if the program is of this site alone. What the other one gives by itself is an
            operand here, and yet the result may have other last bits than this call has by itself.
    """

    site: str
    op: str
    function: Callable
    args: tuple
    kwargs: dict[str, object]
    result: object = None
    after: str = ""

    def by_torch(self) -> object:
        """What torch's own arithmetic returns."""
        return self.function(*self.args, **self.kwargs)
