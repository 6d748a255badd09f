"""Figures of number formats: the bits of a number, errors, and which bits meet the multiplier."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from lightning_v2.analysis.display import colours
from lightning_v2.analysis.display.drawing import WIDTH
from lightning_v2.analysis.display.picture import Picture
from lightning_v2.analysis.sites.operands import Operands
from lightning_v2.chapters.number_formats.number_formats import (
    SHOWN_BINADES,
    binades_below_largest,
    fields,
    worst_error_percent,
)
from lightning_v2.tensix.numbers import fidelity
from lightning_v2.tensix.numbers.formats import FORMATS
from lightning_v2.tensix.numbers.sites import FIDELITIES

FIELD_COLOURS = {
    "shared exponent": "#d55e00",
    "sign": "#cc79a7",
    "own exponent": "#e69f00",
    "significand": "#56b4e9",
}

PHASE_COLOURS = ("#009e73", "#56b4e9", "#e69f00", "#cc79a7")
"""Of the four passes of the multiplier, in order."""
_PHASE_HATCHES = ("", "//", "..", "xx")


def bit_fields(operands: Operands, row: int, number: int) -> Picture:
    """The largest, the middle and the smallest of 16 neighbours, bit by bit in every format.

    row, number: of the block, see `Operands.block`.
    """
    block = operands.block(row, number)
    order = np.argsort(-np.abs(block), kind="stable")
    chosen = {"largest": order[0], "middle": order[7], "smallest": order[-1]}
    figure = Figure(figsize=(WIDTH, 5.6), layout="constrained")
    axes = figure.subplots()
    y, rows = 0.0, []
    for name, index in chosen.items():
        given = float(block[index])
        axes.text(-8.2, y + 0.55, f"{name} of the 16: {given:.6g}", va="center", weight="bold")
        y += 1.15
        for dtype in FORMATS:
            stored = fields(block, int(index), dtype)
            axes.text(-0.6, y + 0.5, dtype, ha="right", va="center", size=9)
            _cells(axes, y, stored)
            error = 100 * (stored.value - given) / given if given else 0.0
            axes.text(32.8, y + 0.5, f"{stored.value:.6g}", va="center", size=8)
            axes.text(43.4, y + 0.5, _signed(error), va="center", ha="right", size=8)
            rows.append(
                {"number": name, "index": int(index), "given": given, "format": dtype,
                 "shared_exponent": stored.shared, "sign": stored.sign,
                 "exponent": stored.exponent, "significand": stored.significand,
                 "value": stored.value, "error_percent": error}
            )  # fmt: skip
            y += 1.1
        y += 0.5
    axes.set(xlim=(-8.4, 43.6), ylim=(y, -0.2))
    axes.axis("off")
    axes.legend(
        handles=[
            Patch(facecolor=colour + "55", edgecolor=colour, label=name)
            for name, colour in FIELD_COLOURS.items()
        ],
        loc="lower center", bbox_to_anchor=(0.5, -0.07), ncols=4, frameon=False, fontsize=9,
    )  # fmt: skip
    table = pd.DataFrame(rows)
    last = table[table["number"] == "smallest"].set_index("format")["error_percent"]
    alt = (
        "Bits of three numbers out of a block of 16 in float32, bfloat16, bfloat8_b and bfloat4_b. "
        f"The smallest of them is off by {_signed(last['bfloat16'])} in bfloat16, "
        f"{_signed(last['bfloat8_b'])} in bfloat8_b and {_signed(last['bfloat4_b'])} in bfloat4_b."
    )
    return Picture(figure, alt, f"Block {number} of row {row}. {operands.source}. Packed as by the "
                   "host; emulated, bit for bit.", {"bit_fields": table})  # fmt: skip


def relative_errors(operands: Operands) -> Picture:
    """Worst error of a number by its distance from its block's largest, and where numbers lie."""
    steps = np.arange(0, SHOWN_BINADES + 1 / 16, 1 / 8)
    figure = Figure(figsize=(WIDTH, 5.4), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    worst = {"binades_below_largest": steps}
    styles = {"bfloat16": ":", "bfloat8_b": "-", "bfloat4_b": "--"}
    for dtype, style in styles.items():
        errors = worst_error_percent(dtype, steps)
        worst[f"{dtype}_percent"] = errors
        colour = colours.FORMATS[dtype]
        top.plot(steps, errors, color=colour, linestyle=style, linewidth=2, label=dtype)
    top.set_yscale("log")
    top.set(ylabel="largest error of the number (%)", ylim=(0.1, 200))
    top.set_yticks([0.1, 1, 10, 100], labels=["0.1", "1", "10", "100"])
    top.axhline(100, color=colours.REFERENCE, linewidth=0.8)
    top.text(SHOWN_BINADES - 0.1, 110, "100 %: it becomes 0", size=8, va="bottom", ha="right")
    top.set_title("what a number loses", loc="left")
    top.legend(loc="center right", fontsize=8)
    edges = np.arange(0, SHOWN_BINADES + 0.25, 0.25)
    looks = {"activations": ("#0072b2", "-"), "weights": ("#d55e00", "--")}
    shares = {"binades_below_largest_from": edges[:-1]}
    words = []
    for name, values in (("activations", operands.in0), ("weights", operands.in1)):
        below = binades_below_largest(values)
        found = 100 * np.histogram(below, edges)[0] / len(below)
        shares[f"{name}_percent"] = found
        colour, style = looks[name]
        bottom.stairs(found, edges, color=colour, linestyle=style, linewidth=1.8, label=name)
        words.append(f"half of the {name} lie more than {np.median(below):.1f} binades below")
    bottom.set(xlabel="below the block's largest value (binades: factors of 2)",
               ylabel="share of values (%)", xlim=(0, SHOWN_BINADES))  # fmt: skip
    bottom.set_title(f"where numbers lie at {operands.site}", loc="left")
    bottom.legend(loc="upper right", fontsize=8)
    at = int(np.argmin(np.abs(steps - 4)))
    alt = (
        "Largest relative error by distance from the largest of 16: at 4 binades below it, "
        f"{worst['bfloat8_b_percent'][at]:.1f} % in bfloat8_b, "
        f"{worst['bfloat4_b_percent'][at]:.0f} % in bfloat4_b and "
        f"{worst['bfloat16_percent'][at]:.2f} % in bfloat16. At {operands.site}, "
        f"{' and '.join(words)}."
    )
    data = {"relative_errors": pd.DataFrame(worst), "where_values_lie": pd.DataFrame(shares)}
    caption = f"Host packing, emulated bit for bit. {operands.source}."
    return Picture(figure, alt, caption, data)


def phases() -> Picture:
    """Which pairs of significand bits each fidelity multiplies, and in which pass."""
    reach0 = {p: fidelity.bits_used("in0", p, "float32", True) for p in ("high", "all")}
    reach1 = {p: fidelity.bits_used("in1", p, "float32", True) for p in ("high", "all")}
    figure = Figure(figsize=(WIDTH, 3.3), layout="constrained")
    panels = figure.subplots(1, len(FIDELITIES), sharey=True)
    rows = []
    for axes, level in zip(panels, FIDELITIES, strict=True):
        for number, (a, b) in enumerate(fidelity.phases(level, "float32", "float32")):
            left, wide = _extent(a, reach0)
            low, high = _extent(b, reach1)
            colour = PHASE_COLOURS[number]
            axes.add_patch(
                Rectangle((left, low), wide, high, facecolor=colour + "66", edgecolor=colour,
                          hatch=_PHASE_HATCHES[number], linewidth=1.2)
            )  # fmt: skip
            axes.text(left + wide / 2, low + high / 2, str(number + 1), ha="center", va="center",
                      size=13, weight="bold")  # fmt: skip
            rows.append({"fidelity": level, "pass": number + 1, "in0_first_bit": left + 1,
                         "in0_last_bit": left + wide, "in1_first_bit": low + 1,
                         "in1_last_bit": low + high})  # fmt: skip
        for dtype, style in (("bfloat16", "-"), ("bfloat8_b", "--"), ("bfloat4_b", ":")):
            count = fidelity.SIGNIFICAND_BITS[dtype]
            axes.axvline(count, color=colours.REFERENCE, linestyle=style, linewidth=1)
            axes.axhline(count, color=colours.REFERENCE, linestyle=style, linewidth=1)
        axes.set(xlim=(0, 11.6), ylim=(11.6, 0), aspect="equal")
        axes.set_xticks(np.arange(0.5, 11.5, 2), labels=range(1, 12, 2))
        axes.set_title(level, loc="left")
    panels[0].set_yticks(np.arange(0.5, 11.5, 2), labels=range(1, 12, 2))
    panels[0].set_ylabel("weight: significand bit (number)")
    figure.supxlabel("activation: significand bit (number)", size=10)
    handles = [
        *(Patch(facecolor=c + "66", edgecolor=c, hatch=h, label=f"pass {i + 1}")
          for i, (c, h) in enumerate(zip(PHASE_COLOURS, _PHASE_HATCHES, strict=True))),
        *(panels[0].plot([], [], color=colours.REFERENCE, linestyle=s, label=f"end of {d}")[0]
          for d, s in (("bfloat4_b", ":"), ("bfloat8_b", "--"), ("bfloat16", "-"))),
    ]  # fmt: skip
    figure.legend(handles=handles, loc="outside upper center", ncols=4, frameon=False, fontsize=8)
    alt = (
        f"Pairs of significand bits that are multiplied: LoFi takes the first {reach0['high']} of "
        f"an activation with the first {reach1['high']} of a weight; HiFi2 adds the lower bits of "
        "the weight, HiFi3 those of the activation, HiFi4 the product of both lower parts, up to "
        f"{reach0['all']} and {reach1['all']} bits."
    )
    caption = "Rules of the chip (matrix engine), not a measurement. Bit 1 is the largest."
    return Picture(figure, alt, caption, {"phases": pd.DataFrame(rows)})


def _extent(part: str, reach: dict[str, int]) -> tuple[int, int]:
    """First bit from 0 on, and how many."""
    return (0, reach["high"]) if part == "high" else (reach["high"], reach["all"] - reach["high"])


def _signed(percent: float) -> str:
    return f"{percent:+.2f} %".replace("-", "−")


def _cells(axes: Axes, y: float, stored) -> None:
    kinds = ("shared exponent", "sign", "own exponent", "significand")
    pieces = (stored.shared, stored.sign, stored.exponent, stored.significand)
    x = 0
    for kind, bits in zip(kinds, pieces, strict=True):
        for bit in bits:
            colour = FIELD_COLOURS[kind]
            axes.add_patch(
                Rectangle((x, y), 1, 1, facecolor=colour + "55", edgecolor=colour, linewidth=0.7)
            )
            axes.text(x + 0.5, y + 0.5, bit, ha="center", va="center", size=7)
            x += 1
    if stored.shared:
        colour = FIELD_COLOURS["shared exponent"]
        frame = {"facecolor": "none", "edgecolor": colour, "linewidth": 2, "linestyle": "--"}
        axes.add_patch(Rectangle((0, y), len(stored.shared), 1, **frame))
