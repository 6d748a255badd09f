"""One colour for one thing, in every figure and player; told apart by colour-blind readers.

The tones are those of M. Okabe and K. Ito, "Color Universal Design", 2008.
"""

import zlib

REFERENCE = "#7f8790"
DIFFERENCE = "#8e6bbf"

PLANS = {
    "fp32": REFERENCE,
    "bf16": "#56b4e9",
    "bfp8-hifi4": "#0072b2",
    "bfp8-lofi": "#cc79a7",
    "bfp4-lofi": "#e69f00",
    "naive": "#d55e00",
    "lightning-v2": "#009e73",
}

FIDELITIES = {
    "LoFi": "#009e73",
    "HiFi2": "#56b4e9",
    "HiFi3": "#0072b2",
    "HiFi4": "#e69f00",
    "float32": REFERENCE,
}

FORMATS = {
    "bfloat4_b": "#e69f00",
    "bfloat8_b": "#009e73",
    "bfloat16": "#56b4e9",
    "float32": REFERENCE,
    "uint32": "#cc79a7",
}

PARTS_OF_ERROR = {"gain": "#e69f00", "offset": "#0072b2", "rest": "#7f879055"}

_OTHERS = ("#a6761d", "#3b8b8b", "#b8637a", "#5f6fb3")


def of_plan(name: str) -> str:
    """Colour of a plan: fixed for presets, by its name for any other."""
    return PLANS.get(name) or _OTHERS[zlib.crc32(name.encode()) % len(_OTHERS)]


LEVEL_MAP = "cividis"
"""Levels in dB."""

DIFFERENCE_MAP = "PuOr"
"""Differences in dB: orange is louder, purple is quieter (reversed when drawn)."""

PHASE_MAP = "twilight_shifted"
"""Angles: it comes back to where it began."""
