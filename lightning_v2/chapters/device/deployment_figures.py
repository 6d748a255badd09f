"""Figures of a deployed voice: what runs where, memory, programs, a device beside the emulator."""

from dataclasses import asdict

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from lightning_v2.analysis.display import colours
from lightning_v2.analysis.display.drawing import plain_log_ticks
from lightning_v2.analysis.display.picture import Note, Picture
from lightning_v2.chapters.device.deployment_tables import modelled, product_words, simulated
from lightning_v2.chapters.device.sentence_stages import SentenceStages
from lightning_v2.deployment.agreement import Agreement
from lightning_v2.deployment.observed.report import StageReport
from lightning_v2.deployment.rehearsal import Rehearsal

_WIDTH = 8.2
_KIB, _MIB = 2**10, 2**20
_MOST_PRODUCTS = 32
"""Kinds of matrix products that a figure has room for."""

_HOST_WORDS = {
    "encode": ("text", "phones"),
    "prosody": ("durations", "the phone of every step"),
    "speech": ("F0, energy", "phase (integers), pulses, noise"),
}
"""Stage of our own voice -> what the host has before it, and what it makes of that."""

_OF_A_GRAPH = ("values of the graph", "nodes that stay on the host")
_LAST = ("frames", "overlap-add: the waveform")

_PROGRAM_MARKS = {"rows": ("s", "#e69f00"), "columns": ("^", "#56b4e9"), "blocks": ("o", "#009e73")}


def places(sentence: SentenceStages) -> Picture:
    """Host and device, and what goes between them for one sentence."""
    rehearsal, stages = sentence.rehearsal, sentence.stages
    bottom = 2 * len(stages) + 0.6
    figure = Figure(figsize=(_WIDTH, 0.58 * bottom + 0.7), layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(0, 10), ylim=(bottom + 0.85, -0.45))
    axes.axis("off")
    for x, words in ((1.9, "host"), (7.9, f"device: {rehearsal.board}, {rehearsal.arch}")):
        axes.text(x, -0.25, words, ha="center", weight="bold")
    for i, stage in enumerate(stages):
        top = 2 * i + 0.6
        _box(axes, 1.9, top, "\n".join(_host_words(stage, i)), colours.REFERENCE)
        words = f"{stage.stage}\n{stage.programs} programs, {stage.distinct_programs} distinct"
        _box(axes, 7.9, top + 0.7, words, colours.PLANS["lightning-v2"])
        _arrow(axes, (3.75, top), (6.05, top + 0.6), _sent(stage), above=True)
        _arrow(axes, (6.05, top + 0.85), (3.75, top + 1.85), _fetched(stage), above=False)
        if i:
            _arrow(axes, (7.9, top - 0.9), (7.9, top + 0.32), "")
    if len(stages) > 1:
        axes.text(8.05, 2.27, "hidden vectors\nstay in DRAM", va="center", size=7.5)
    _box(axes, 1.9, bottom, "\n".join(_LAST), colours.REFERENCE)
    sent = sum(stage.host_to_device_bytes for stage in stages) / _KIB
    fetched = sum(stage.device_to_host_bytes for stage in stages) / _KIB
    programs = sum(stage.programs for stage in stages)
    names = [stage.stage for stage in stages]
    listed = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    alt = (
        f"Host and device in turn: {listed} run on the device in {programs} programs; the host "
        f"sends {sent:.0f} KiB and fetches {fetched:.0f} KiB."
    )
    data = {"transfers": pd.DataFrame(map(asdict, stages))}
    caption = f"A sentence that fills {sentence.frames} frames. {rehearsal.provenance}"
    return Picture(figure, alt, caption, data)


def _host_words(stage: StageReport, place: int) -> tuple[str, str]:
    known = _HOST_WORDS.get(stage.stage)
    return known or (("text", "inputs of the graph") if place == 0 else _OF_A_GRAPH)


def memory(rehearsal: Rehearsal) -> Picture:
    """Peak L1 of a core and traffic of DRAM, by stage and bucket."""
    names = list(dict.fromkeys(stage.stage for stage in rehearsal.report.stages))
    stages = sorted(rehearsal.report.stages, key=lambda stage: names.index(stage.stage))
    figure = Figure(figsize=(_WIDTH, 0.27 * len(stages) + 1.3), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    at = np.arange(len(stages))
    peak = np.array([stage.peak_l1_bytes for stage in stages]) / _KIB
    tensors = np.array([stage.peak_l1_tensor_bytes for stage in stages]) / _KIB
    l1 = stages[0].l1_bytes / _KIB
    left.barh(at, peak, color="#56b4e9", label="tensors and the running program")
    left.barh(at, tensors, height=0.4, color="#0072b2", label="tensors alone")
    left.axvline(l1, color=colours.PLANS["naive"], linewidth=1.4, label=f"all: {l1:.0f} KiB")
    left.set(xlabel="L1 of one core (KiB)", xlim=(0, 1.08 * l1))
    left.set_title("peak of L1, measured", loc="left")
    left.set_yticks(at, labels=[f"{stage.stage}, {stage.bucket}" for stage in stages], size=7.5)
    left.invert_yaxis()
    read = np.array([stage.dram_read_bytes for stage in stages]) / _MIB
    written = np.array([stage.dram_written_bytes for stage in stages]) / _MIB
    right.barh(at, read, color="#009e73", label="read")
    right.barh(at, written, left=read, color="#e69f00", label="written")
    right.set(xlabel="DRAM traffic of one run (MiB)")
    right.set_title("traffic of DRAM, modelled", loc="left")
    for axes in (left, right):
        axes.legend(
            loc="upper center", bbox_to_anchor=(0.5, -0.55 / figure.get_figheight() * 1.6),
            ncols=3, fontsize=8, frameon=False,
        )  # fmt: skip
    worst = int(peak.argmax())
    alt = (
        f"Peak L1 of a core by stage and bucket: at most {peak[worst]:.0f} of {l1:.0f} KiB, in "
        f"{stages[worst].stage}, {stages[worst].bucket}. DRAM traffic of one run: at most "
        f"{(read + written).max():.1f} MiB."
    )
    model = "DRAM: each operand and result that lies there moves once an operation, a lower bound."
    data = {"stages": pd.DataFrame(map(asdict, stages))}
    return Picture(figure, alt, f"{rehearsal.provenance} {model}", data)


def programs(rehearsal: Rehearsal) -> Picture:
    """Cycles of every way to share each matrix product among the cores, and which was chosen."""
    kinds = rehearsal.programs.sort_values("cycles", ignore_index=True)
    table = kinds.tail(_MOST_PRODUCTS).reset_index(drop=True)
    figure = Figure(figsize=(_WIDTH, 0.21 * len(table) + 1.3), layout="constrained")
    axes = figure.subplots()
    at = np.arange(len(table))
    for kind, (mark, colour) in _PROGRAM_MARKS.items():
        cycles = table[f"{kind}_cycles"].astype(float)
        chosen = table["program"] == kind
        style = {"linestyle": "none", "marker": mark, "color": colour}
        axes.plot(cycles.where(~chosen), at, markerfacecolor="none", markersize=5, **style)
        axes.plot(cycles.where(chosen), at, markersize=7, label=f"{kind}, chosen", **style)
    axes.set_xscale("log")
    plain_log_ticks(axes.xaxis)
    axes.set(xlabel="cycles of the busiest core, modelled", ylim=(len(table) - 0.3, -0.7))
    axes.set_yticks(at, labels=[product_words(row) for row in table.to_dict("records")], size=8)
    axes.grid(axis="y", color=colours.REFERENCE, alpha=0.2)
    figure.legend(loc="outside lower center", ncols=3, fontsize=9, frameon=False)
    axes.set_title("cycles of each way to share a product (open: not chosen)", loc="left")
    shares = kinds["program"].value_counts()
    alt = f"Programs chosen for {len(kinds)} kinds of matrix products: " + ", ".join(
        f"{kind} for {count}" for kind, count in shares.items()
    )
    shown = f"The {len(table)} of {len(kinds)} kinds of products that take most cycles. "
    return Picture(figure, f"{alt}.", shown + modelled(rehearsal), {"programs": kinds})


def agreement(found: Agreement | None) -> Picture | Note:
    """Device and emulator, site by site; a note where nothing is stored."""
    if found is None:
        return Note("Nothing that the simulator gave is stored for these weights and this plan.")
    table = found.table
    figure = Figure(figsize=(_WIDTH, 3.6), layout="constrained")
    counts, apart = figure.subplots(2, 1, sharex=True)
    at = np.arange(len(table))
    differs = table["different"] > 0
    for wanted, colour, words in (
        (~differs, colours.PLANS["lightning-v2"], "every bit is the same"),
        (differs, colours.PLANS["naive"], "some bits differ"),
    ):
        counts.bar(at[wanted], table["values"][wanted], color=colour, label=words)
        apart.plot(at[wanted], table["max_ulp"][wanted], "o", color=colour, markersize=3.5)
    counts.set(yscale="log", ylabel="values compared")
    counts.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, fontsize=8, frameon=False)
    counts.set_title(f"{len(table)} sites in the order in which they run", loc="left")
    apart.set(ylabel="difference (ulp)", xlabel="sites")
    apart.set_ylim(-0.2, max(2.0, 1.2 * table["max_ulp"].max()))
    apart.set_title("largest difference of each", loc="left")
    alt = (
        f"{len(table)} sites, {table['values'].sum()} values: {int(table['different'].sum())} "
        f"differ, at {int(differs.sum())} sites, by at most {table['max_ulp'].max()} ulp."
    )
    return Picture(figure, alt, simulated(found), {"agreement": table})


def _sent(stage: StageReport) -> str:
    return f"{stage.host_to_device_bytes / _KIB:.0f} KiB in {stage.uploads}"


def _fetched(stage: StageReport) -> str:
    return f"{stage.device_to_host_bytes / _KIB:.0f} KiB in {stage.downloads}"


def _box(axes: Axes, x: float, y: float, words: str, colour: str) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (x - 1.8, y - 0.32),
            3.6,
            0.64,
            boxstyle="round,pad=0.02,rounding_size=0.12",
            facecolor=(*_rgb(colour), 0.16),
            edgecolor=colour,
        )
    )
    axes.text(x, y, words, ha="center", va="center", size=8)


def _arrow(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], words: str, above: bool = True
) -> None:
    look = {"arrowstyle": "-|>", "color": colours.DIFFERENCE, "linewidth": 1.2}
    axes.annotate("", end, start, arrowprops=look)
    middle = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2 + (-0.24 if above else 0.26)
    axes.text(*middle, words, ha="center", va="center", size=7.5)


def _rgb(colour: str) -> tuple[float, float, float]:
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
