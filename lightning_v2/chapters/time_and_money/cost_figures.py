"""Figures of time and money: a sentence's time, batches, DRAM, and what the answer hangs on."""

from collections.abc import Callable
from functools import wraps

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lightning_v2.analysis.display import colours
from lightning_v2.analysis.display.drawing import WIDTH, plain_log_ticks
from lightning_v2.analysis.display.picture import Note, Picture
from lightning_v2.chapters.time_and_money.purchase_question import PurchaseQuestion
from lightning_v2.economics.money.answer import hangs_on
from lightning_v2.economics.resources.time import PARTS

PART_LOOKS = {
    "launch": ("between programs", "#7f8790"),
    "latency": ("waiting for the NoC", "#d7b5d8"),
    "engine": ("products", "#009e73"),
    "vector": ("vector engine", "#e69f00"),
    "noc": ("NoC", "#56b4e9"),
    "dram": ("DRAM", "#0072b2"),
    "host": ("host transfers", "#cc79a7"),
}
"""Part of a time -> what it is called, and its colour."""


def shown_if_known[**P](draw: Callable[P, Picture]) -> Callable[P, Picture | Note]:
    """The same, but a note with the reason where a question has no costs."""

    @wraps(draw)
    def drawn(asked: PurchaseQuestion, *args: P.args, **kwargs: P.kwargs) -> Picture | Note:
        return Note(asked.reason) if asked.reason else draw(asked, *args, **kwargs)

    return drawn


@shown_if_known
def sentence_time(asked: PurchaseQuestion) -> Picture:
    """Where the time of one batch goes, by stage and kind of program."""
    cost = asked.alone
    rows = cost.table
    names = [f"{part}_us" for part in PARTS]
    weighted = rows[names].mul(rows["runs"], axis=0)
    groups = weighted.groupby([rows["stage"], rows["kind"]], sort=False).sum()
    counts = rows.groupby(["stage", "kind"], sort=False)["runs"].sum()
    figure = Figure(figsize=(WIDTH, 0.3 * len(groups) + 1.6), layout="constrained")
    axes = figure.subplots()
    at, left = np.arange(len(groups)), np.zeros(len(groups))
    for part, name in zip(PARTS, names, strict=True):
        words, colour = PART_LOOKS[part]
        axes.barh(at, groups[name], left=left, color=colour, label=words)
        left += groups[name].to_numpy()
    labels = [
        f"{stage}: {kind}, {counts[stage, kind]}" if kind != "host" else f"{stage}: transfers"
        for stage, kind in groups.index
    ]
    axes.set_yticks(at, labels=labels, size=8)
    axes.invert_yaxis()
    axes.set(xlabel="µs, modelled")
    axes.set_title(f"{cost.latency_s * 1e3:.2f} ms in {cost.programs} programs", loc="left")
    figure.legend(loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    shares = {part: getattr(cost.time, part) / cost.latency_s for part in PARTS}
    most = sorted(shares, key=shares.get, reverse=True)[:3]
    alt = (
        f"Time of a batch of {cost.batch} by stage and kind of program: {cost.latency_s * 1e3:.2f} "
        "ms, of which " + ", ".join(f"{PART_LOOKS[x][0]} {shares[x]:.0%}" for x in most)
    )
    return Picture(figure, f"{alt}.", f"A floor. {cost.provenance}", {"programs": rows})


@shown_if_known
def batches(asked: PurchaseQuestion) -> Picture:
    """Latency and speech a second by batch, a line a plan and a GPU."""
    figure = Figure(figsize=(WIDTH, 3.4), layout="constrained")
    times, rates = figure.subplots(1, 2)
    rows = []
    lines = [(plan, asked.costs[asked.board][plan]) for plan in asked.plans]
    lines += list(asked.gpus().items())
    for name, several in lines:
        gpu = name in asked.prices.cards
        look = {"linestyle": ":" if gpu else "-", "marker": "x" if gpu else "o"}
        colour = colours.REFERENCE if gpu else colours.of_plan(name)
        sizes = [cost.batch for cost in several]
        label = name if gpu else f"{asked.board}, {name}"
        if name == "H100":
            colour = colours.DIFFERENCE
        times.plot(sizes, [x.latency_s * 1e3 for x in several], color=colour, label=label, **look)
        rates.plot(sizes, [x.speech_s_per_s for x in several], color=colour, label=label, **look)
        rows += [
            {"line": label, "batch": x.batch, "latency_ms": x.latency_s * 1e3,
             "speech_s_per_s": x.speech_s_per_s}
            for x in several
        ]  # fmt: skip
    bound = asked.latency_s * 1e3
    times.axhline(bound / 2, color=colours.PLANS["naive"], linewidth=1, linestyle="--")
    times.set(ylabel="latency of a batch (ms)", title=f"dashed: half of {bound:.0f} ms")
    rates.set(ylabel="seconds of speech a second, one card")
    for axes in (times, rates):
        axes.set(xlabel="sentences at once, each chip", xscale="log", yscale="log")
        plain_log_ticks(axes.yaxis)
        axes.set_xticks(sizes, labels=[str(size) for size in sizes])
        axes.minorticks_off()
        axes.grid(alpha=0.2)
    figure.legend(
        *rates.get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8,
        frameon=False,
    )  # fmt: skip
    table = pd.DataFrame(rows)
    words = "; ".join(
        f"{row['line']}, batch {row['batch']}: {row['latency_ms']:.1f} ms" for row in rows
    )
    caption = f"{asked.provenance()} GPUs: modelled from data sheets, measured on none."
    return Picture(
        figure, f"Latency and throughput by batch. {words}.", caption, {"batches": table}
    )


@shown_if_known
def dram(asked: PurchaseQuestion) -> Picture:
    """Bytes of DRAM for one sentence: every core for itself, multicast, weights kept in SRAM."""
    several = asked.mine
    ways = {
        "every core reads for itself": [x.dram_bytes(multicast=False) / x.batch for x in several],
        "read once, multicast": [x.dram_bytes() / x.batch for x in several],
        "weights kept in SRAM": [x.dram_bytes(resident=True) / x.batch for x in several],
    }
    figure = Figure(figsize=(WIDTH, 0.5 * len(several) + 1.8), layout="constrained")
    axes = figure.subplots()
    at = np.arange(len(several))
    looks = ("#d55e00", "#56b4e9", "#009e73")
    for i, ((words, values), colour) in enumerate(zip(ways.items(), looks, strict=True)):
        bars = axes.barh(
            at + 0.27 * (i - 1), np.array(values) / 1e6, 0.25, color=colour, label=words
        )
        axes.bar_label(bars, fmt="%.1f", size=8, padding=2)
    axes.set_yticks(at, labels=[f"batch {cost.batch}" for cost in several])
    axes.invert_yaxis()
    axes.set(xlabel="MB a sentence, modelled")
    axes.margins(x=0.12)
    figure.legend(loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    table = pd.DataFrame({"batch": [x.batch for x in several], **ways})
    alt = "; ".join(
        f"batch {cost.batch}: " + ", ".join(f"{words} {values[i] / 1e6:.1f} MB"
                                            for words, values in ways.items())
        for i, cost in enumerate(several)
    )  # fmt: skip
    return Picture(
        figure, f"Traffic of DRAM. {alt}.", asked.provenance(asked.plans[:1]), {"dram": table}
    )


@shown_if_known
def hangs(asked: PurchaseQuestion, gpu: str) -> Picture:
    """What the answer hangs on: how much cheaper the board is than a GPU, one input at a time."""
    question = asked.beside(gpu)
    answer = question.times_cheaper()
    others = [asked.costs[asked.board][plan] for plan in asked.plans[1:2]]
    rows = hangs_on(question, *others)
    figure = Figure(figsize=(WIDTH, 0.34 * len(rows) + 1.3), layout="constrained")
    axes = figure.subplots()
    at = np.arange(len(rows))
    for ends, colour in (("at_low", "#56b4e9"), ("at_high", "#e69f00")):
        values = rows[ends].fillna(answer) - answer
        axes.barh(at, values, left=answer, color=colour, height=0.6)
    labels = [f"{row['input']}: {row['low']} … {row['high']}" for row in rows.to_dict("records")]
    axes.set_yticks(at, labels=labels, size=8)
    axes.invert_yaxis()
    axes.axvline(answer, color=colours.REFERENCE, linewidth=1)
    axes.set(xlabel=f"dollars a stream of {gpu} over those of {asked.board}, modelled")
    axes.set_title(f"{answer:.2f} with all inputs as they are (shares of cards)", loc="left")
    first = rows.iloc[0]
    alt = (
        f"How many times cheaper a stream is on {asked.board} than on {gpu}: {answer:.1f}. It "
        f"hangs most on {first['input']} ({first['at_low']:.1f} to {first['at_high']:.1f})."
    )
    caption = (
        "Blue: the low end of an input, orange: its high end. Here a stream pays for the share of "
        "a card that it takes; a purchase is of whole cards, and so its dollars a stream are "
        "others. Both sides are modelled; neither ran. "
        f"{asked.provenance(asked.plans[:2])}"
    )
    return Picture(figure, alt, caption, {"hangs_on": rows})
