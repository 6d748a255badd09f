"""One dot product, bit by bit, and long sums: figures and tables of what gets lost on the way."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from lightning_v2.analysis.display import colours
from lightning_v2.analysis.display.drawing import WIDTH
from lightning_v2.analysis.display.picture import Picture
from lightning_v2.analysis.display.tables import Sheet
from lightning_v2.chapters.number_formats.dot_product import (
    FRACTION_BITS,
    GROUP,
    HALF,
    DotProduct,
    real_values,
)
from lightning_v2.chapters.number_formats.long_sum import WAYS, LongSum, way_name
from lightning_v2.chapters.number_formats.number_format_figures import PHASE_COLOURS
from lightning_v2.tensix.numbers import fidelity

_CUT = "#d55e00"
_MOST_PLACES = 24
"""Bits of a product that are drawn, from the largest binade of its group down."""

WAY_LOOKS = {
    "LoFi, 16-bit Dst": ("#cc79a7", "--", "v"),
    "HiFi4, 16-bit Dst": ("#d55e00", "-", "s"),
    "LoFi, 32-bit Dst": ("#009e73", "--", "^"),
    "HiFi4, 32-bit Dst": ("#0072b2", "-", "o"),
}


def operand_table(dot: DotProduct) -> Sheet:
    """Every term: operands, as stored, and the bits of both that meet the multiplier."""
    count = len(dot.in0)
    shown: dict[str, list] = {
        "k": list(range(count)),
        "activation": [f"{x:.6g}" for x in dot.in0],
        "activation, stored": [f"{x:.6g}" for x in dot.stored0],
        "weight": [f"{x:.6g}" for x in dot.in1],
        "weight, stored": [f"{x:.6g}" for x in dot.stored1],
    }
    for p, (a, b) in enumerate(dot.phases):
        product = real_values(dot.products[p], dot.exponents[p])
        aligned = real_values(dot.aligned[p], dot.group_exponents[p])
        shown[f"pass {p + 1}: {a} × {b} bits"] = [
            f"{x:07b} × {y:05b}" for x, y in zip(dot.part0[p], dot.part1[p], strict=True)
        ]
        shown[f"product {p + 1}"] = [f"{x:.6g}" for x in product]
        shown[f"aligned {p + 1}"] = [f"{x:.6g}" for x in aligned]
    frame = pd.DataFrame(shown)
    return Sheet(frame, f"The terms of the sum. {_sentence(dot.words)}", shown=GROUP)


def step_table(dot: DotProduct) -> Sheet:
    """Dst after every step of the engine."""
    steps = dot.steps
    exact = np.cumsum(steps["sum"])
    shown = pd.DataFrame(
        {
            "step": range(1, len(steps) + 1),
            "pass": [
                f"{row.phase + 1}: {row.in0_part} × {row.in1_part}" for row in steps.itertuples()
            ],
            "terms": [f"{row.first} to {row.last}" for row in steps.itertuples()],
            "aligned sum of the step": [f"{x:.8g}" for x in steps["sum"]],
            "all so far, exactly": [f"{x:.8g}" for x in exact],
            "Dst after it": [f"{x:.8g}" for x in steps["dst"]],
        }
    )
    return Sheet(shown, f"Steps of {HALF} products. {_sentence(dot.words)}")


def stage_table(dots: Mapping[str, DotProduct]) -> Sheet:
    """Where the error comes from: the sum after each thing that is lost.

    dots: by a name; all of the same operands.
    """
    columns: dict[str, list[str]] = {}
    for name, dot in dots.items():
        values = list(dot.stages.values())
        true = values[0]
        columns["after"] = list(dot.stages)
        columns[f"{name}: value"] = [f"{x:.6g}" for x in values]
        columns[f"{name}: off (%)"] = [
            f"{100 * (x - true) / abs(true):+.3f}".replace("-", "−") if true else "–"
            for x in values
        ]
    kinds = "; ".join(f"{name}: {dot.words}" for name, dot in dots.items())
    return Sheet(pd.DataFrame(columns), f"Percent of this one sum. {_cancelling(dots)} {kinds}.")


def dot_product(dot: DotProduct) -> Picture:
    """The first 16 terms: which bits of the operands are taken, and where the products fall.

    Drawn for the first pass of the multiplier.
    """
    count = min(HALF, len(dot.in0))
    figure = Figure(figsize=(WIDTH, 0.27 * count + 1.5), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True, width_ratios=(11, 11, 16))
    wide = dot.config.fp32_dest_acc_en
    operands = (
        (panels[0], "in0", dot.stored0, dot.formats[0], "activations"),
        (panels[1], "in1", dot.stored1, dot.formats[1], "weights"),
    )
    for axes, name, values, dtype, title in operands:
        high = fidelity.bits_used(name, "high", dtype, wide)
        taken = fidelity.bits_taken(name, dot.config.math_fidelity, dtype, wide)
        for k in range(count):
            _significand(axes, k, float(values[k]), high, taken)
        axes.set(xlim=(-0.9, 11.2), xlabel="significand bit (number)")
        axes.set_xticks(np.arange(0.5, 11.5, 2), labels=range(1, 12, 2))
        axes.set_title(f"{title}, {dtype}", loc="left", size=10)
    cut = 0
    for k in range(count):
        cut += _product(panels[2], k, int(dot.products[0, k]), int(dot.exponents[0, k]),
                        int(dot.group_exponents[0, k]))  # fmt: skip
    panels[2].axvline(2 + FRACTION_BITS, color=_CUT, linewidth=1.4)
    places = np.arange(0, -_MOST_PLACES + 2, -5)
    panels[2].set_xticks([1.5 - p for p in places], labels=[f"{p}".replace("-", "−")
                         for p in places])  # fmt: skip
    panels[2].set_xlim(-0.9, _MOST_PLACES + 0.2)
    panels[2].set_xlabel("binade (0: largest exponent of the group)")
    panels[2].set_title("products, aligned", loc="left", size=10)
    panels[0].set_yticks(np.arange(count) + 0.5, labels=range(count), size=8)
    panels[0].set(ylim=(count + 0.1, -0.1), ylabel="term k (number)")
    for axes in panels:
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        for group in range(GROUP, count, GROUP):
            axes.axhline(group, color=colours.REFERENCE, linewidth=1.0)
    figure.legend(
        handles=[
            _patch(PHASE_COLOURS[0], "taken by the first pass"),
            _patch(PHASE_COLOURS[1], "by a later one", hatch="//"),
            _patch(_CUT, "lost: cut or rounded away", hatch="xx"),
        ],
        loc="outside upper center", ncols=3, frameon=False, fontsize=8,
    )  # fmt: skip
    alt = (
        f"The first {count} terms of a dot product, bit by bit: {dot.words}. In the first pass "
        f"{cut} products lose bits below 2 to the −{FRACTION_BITS} of the largest of their 8."
    )
    terms = pd.DataFrame(
        {
            "k": np.arange(len(dot.in0)),
            "activation": dot.in0,
            "activation_stored": dot.stored0,
            "weight": dot.in1,
            "weight_stored": dot.stored1,
            **{f"product_{p}": row for p, row in enumerate(dot.products)},
            **{f"exponent_{p}": row for p, row in enumerate(dot.exponents)},
            **{f"aligned_{p}": row for p, row in enumerate(dot.aligned)},
            **{f"group_exponent_{p}": row for p, row in enumerate(dot.group_exponents)},
        }
    )
    return Picture(figure, alt, _sentence(dot.words), {"terms": terms, "steps": dot.steps})


def long_sum(found: LongSum) -> Picture:
    """One sum while it grows, and the error of many, for both widths of Dst."""
    figure = Figure(figsize=(WIDTH, 5.6), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True)
    scale = np.abs(found.exact).max(initial=0.0) or 1.0
    for fidelity_, wide in WAYS:
        name = way_name(fidelity_, wide)
        colour, style, mark = WAY_LOOKS[name]
        look = {"color": colour, "linestyle": style, "marker": mark, "markersize": 4, "label": name}
        apart = 100 * (found.dst[name] - found.exact) / scale
        top.plot(found.counts, apart, **look)
        bottom.plot(found.counts, found.error_percent[name], **look)
    top.axhline(0, color=colours.REFERENCE, linewidth=0.8)
    top.set(ylabel="Dst − float64 (% of its largest)")
    top.set_title(f"one sum: frame {found.row}, output {found.column}", loc="left")
    bottom.set_yscale("log")
    bottom.set(xlabel="operands in the sum so far (number)", ylabel="RMS error (%)",
               xlim=(0, found.counts[-1] * 1.02))  # fmt: skip
    bottom.set_yticks([0.01, 0.1, 1, 10], labels=["0.01", "0.1", "1", "10"])
    bottom.set_title(f"all {found.sums} sums that were watched", loc="left")
    figure.legend(*top.get_legend_handles_labels(), loc="outside upper center", ncols=4,
                  frameon=False, fontsize=8)  # fmt: skip
    ends = "; ".join(f"{name} {errors[-1]:.2g} %" for name, errors in found.error_percent.items())
    alt = (
        f"Error of sums of up to {found.counts[-1]} products at {found.operands.site}, relative to "
        f"their RMS, at the end: {ends}."
    )
    caption = (
        f"bfloat16 operands, emulated, exact tier, no blocks along K. {found.operands.source}."
    )
    return Picture(figure, alt, caption, {"long_sum": found.table})


def _cancelling(dots: Mapping[str, DotProduct]) -> str:
    """How much of the terms is left when they are added up; a sentence."""
    first = next(iter(dots.values()))
    terms = first.in0.astype(np.float64) * first.in1
    left = 100 * abs(terms.sum()) / (np.abs(terms).sum() or np.nan)
    return f"Its terms cancel each other to {left:.2g} % of their magnitudes."


def _significand(axes: Axes, row: int, value: float, high: int, taken: int) -> None:
    """The bits of a number from its first 1 to its last one."""
    pattern = int(np.float32(value).view(np.uint32))
    if not pattern & 0x7F800000:
        axes.text(0.5, row + 0.5, "0", ha="center", va="center", size=7)
        return
    bits = f"1{pattern & 0x7FFFFF:023b}"[:11].rstrip("0")
    for at, bit in enumerate(bits):
        colour, hatch = (
            (PHASE_COLOURS[0], None)
            if at < high
            else (PHASE_COLOURS[1], "//")
            if at < taken
            else (_CUT, "xx")
        )
        _cell(axes, at, row, bit, colour, hatch)
    axes.text(-0.15, row + 0.5, "−" if value < 0 else "", ha="right", va="center", size=7)


def _product(axes: Axes, row: int, product: int, exponent: int, largest: int) -> bool:
    """The bits of a product at their place in the group; whether some are lost."""
    if not product:
        return False
    magnitude = abs(product)
    distance = largest - exponent
    lost = False
    for place in range(magnitude.bit_length() - 1, -1, -1):
        binade = place - FRACTION_BITS - distance
        if not magnitude & ((1 << (place + 1)) - 1):
            break
        below = binade < -FRACTION_BITS
        lost |= below and bool(magnitude >> place & 1)
        at = 1 - binade
        if at < _MOST_PLACES:
            colour, hatch = (_CUT, "xx") if below else (PHASE_COLOURS[0], None)
            _cell(axes, at, row, str(magnitude >> place & 1), colour, hatch)
    axes.text(-0.15, row + 0.5, "−" if product < 0 else "", ha="right", va="center", size=7)
    return lost


def _cell(axes: Axes, x: float, y: float, bit: str, colour: str, hatch: str | None) -> None:
    axes.add_patch(
        Rectangle((x + 0.05, y + 0.08), 0.9, 0.84, facecolor=colour + "44", edgecolor=colour,
                  linewidth=0.7)
    )  # fmt: skip
    if hatch:
        axes.plot([x + 0.1, x + 0.9], [y + 0.86, y + 0.14], color=colour, linewidth=0.8)
    axes.text(x + 0.5, y + 0.52, bit, ha="center", va="center", size=7)


def _patch(colour: str, label: str, hatch: str | None = None) -> Patch:
    return Patch(facecolor=colour + "44", edgecolor=colour, hatch=hatch, label=label)


def _sentence(words: str) -> str:
    return f"Computed with {words}."
