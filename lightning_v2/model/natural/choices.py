"""What a natural voice does for low precision, choice by choice, and what voices usually do."""

import dataclasses
from dataclasses import dataclass
from typing import Literal, get_args

from lightning_v2.errors import ArgumentError


@dataclass(frozen=True)
class Choices:
    """Of each pair the first one is made for low precision, the second one usual.

    In float32 they say the same; weights differ where `gains` do.

    Attributes:
        phase: of the pulses. Counted by the host in integers, which wrap without error; or a
            running sum of floats, which is never wrapped.
        gains: the exponential of a bounded logarithm, over what is typical of a bin; or of
            whatever a layer says.
        angles: the spectra of pulses are turned by what is said; or their magnitudes and phases are
            told apart, and phases added up.
        inverse: operand of its products at which the matrix of the inverse transform stands.
        transforms: two matrices for frames that are folded about their middle, windows on the host;
            or one for whole frames, with window and scale inside.
    """

    phase: Literal["integer", "float"] = "integer"
    gains: Literal["bounded", "unbounded"] = "bounded"
    angles: Literal["relative", "absolute"] = "relative"
    inverse: Literal["left", "right"] = "left"
    transforms: Literal["folded", "whole"] = "folded"

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value, legal = getattr(self, field.name), get_args(field.type)
            if value not in legal:
                words = " or ".join(map(repr, legal))
                raise ArgumentError(f"{field.name} is {value!r}: must be {words}")


MADE = Choices()
"""Made for low precision throughout."""

USUAL = Choices(*(get_args(field.type)[1] for field in dataclasses.fields(Choices)))
"""As voices usually are."""
