"""Figures of phases that are summed in several arithmetics."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lightning_v2.analysis.display import colours
from lightning_v2.analysis.display.drawing import WIDTH
from lightning_v2.analysis.display.picture import Picture
from lightning_v2.chapters.phase.phase_accumulation import WINDOW, Accumulation
from lightning_v2.model.natural.source import LOWEST_F0

LOOKS = {
    "integers": (colours.FORMATS["uint32"], ":", "o"),
    "float32": (colours.FORMATS["float32"], "-", "s"),
    "float32 cumsum": ("#0072b2", "--", "^"),
    "bfloat16": ("#e69f00", "-", "D"),
}
"""Arithmetic -> colour, line, mark."""

_SECOND_LINES = ("-", "--", ":", "-.")
_HALF_CYCLE = 0.5


def drift(found: Accumulation, seconds: Sequence[float], harmonics: Sequence[int]) -> Picture:
    """How far the fundamental is off over time, and each harmonic after some times.

    Args:
        found: from `accumulate`.
        seconds: after which harmonics are read.
        harmonics: numbers.

    Raises:
        ValueError: more seconds than there are.
    """
    figure = Figure(figsize=(WIDTH, 6.4), layout="constrained")
    top, bottom = figure.subplots(2, 1)
    over_time, per_harmonic, words = {}, [], []
    order = np.array(sorted(harmonics))
    for name in found.errors:
        colour, line, mark = LOOKS[name]
        times, cycles = found.drift(name)
        over_time |= {"time_s": times, f"{name}_cycles": cycles}
        reach = np.maximum.accumulate(np.abs(cycles))
        top.plot(times, reach, color=colour, linestyle=line, linewidth=1.8, label=name,
                 marker=mark, markevery=0.08, markersize=4)  # fmt: skip
        words.append(f"{name} {reach[-1]:.2g}")
    for name in ("float32 cumsum", "bfloat16"):
        if name not in found.errors:
            continue
        colour, _, mark = LOOKS[name]
        times, cycles = found.drift(name)
        for after, line in zip(seconds, _SECOND_LINES * len(seconds), strict=False):
            until = times < found.samples(after) / found.contour.sample_rate
            off = order * np.abs(cycles[until]).max()
            bottom.plot(order, off, color=colour, linestyle=line, marker=mark, markersize=4,
                        label=f"{name}, {after:g} s")  # fmt: skip
            per_harmonic += [
                {"arithmetic": name, "within_s": after, "harmonic": int(k), "cycles": float(x)}
                for k, x in zip(order, off, strict=True)
            ]
    for axes in (top, bottom):
        axes.set_yscale("log")
        axes.axhline(_HALF_CYCLE, color=colours.REFERENCE, linewidth=0.9)
    top.text(0.01, _HALF_CYCLE * 1.3, "half a cycle", size=8, transform=top.get_yaxis_transform())
    for after in seconds:
        top.axvline(after, color=colours.REFERENCE, linewidth=0.9, linestyle=":")
    top.set_xscale("log")
    shown = sorted({0.1, 1.0, *seconds})
    top.set_xticks(shown, labels=[f"{x:g}" for x in shown])
    top.minorticks_off()
    top.set(xlabel="time (s)", ylabel="largest drift so far (cycles)",
            xlim=(times[0], times[-1] * 1.02))  # fmt: skip
    top.set_title("the fundamental", loc="left")
    top.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=8, frameon=False)
    bottom.set_xscale("log")
    bottom.set_xticks(order, labels=[str(k) for k in order])
    bottom.minorticks_off()
    bottom.set(xlabel="harmonic (number)", ylabel="largest drift (its cycles)")
    bottom.set_title("harmonics: k times the fundamental", loc="left")
    bottom.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=8, frameon=False)
    alt = (
        f"Largest phase error of the fundamental within {times[-1]:.0f} s, in cycles: "
        f"{', '.join(words)}. A harmonic has its number times as much."
    )
    data = {"drift": pd.DataFrame(over_time), "harmonics": pd.DataFrame(per_harmonic)}
    return Picture(figure, alt, _provenance(found), data)


def jitter(found: Accumulation, harmonics: int = 40) -> Picture:
    """A piece of the phase error close up, and what jitter makes of each harmonic.

    harmonics: how many of them.
    """
    figure = Figure(figsize=(WIDTH, 6.0), layout="constrained")
    top, bottom = figure.subplots(2, 1)
    middle = len(found.true_cycles) // 2
    rate = found.contour.sample_rate
    size = round(0.02 * rate)
    some = slice(middle, middle + size)
    times_ms = np.arange(size) / rate * 1000
    close, ratios, words = {"time_ms": times_ms}, {}, []
    order = np.arange(1, harmonics + 1)
    ratios["harmonic"] = order
    for name, error in found.errors.items():
        colour, line, mark = LOOKS[name]
        piece = 1000 * (error[some] - error[some].mean())
        close[f"{name}_millicycles"] = piece
        top.plot(times_ms, piece, color=colour, linestyle=line, linewidth=1.3, label=name)
        ratio = found.tone_to_noise_db(name, order)
        ratios[f"{name}_db"] = ratio
        bottom.plot(order, ratio, color=colour, linestyle=line, linewidth=1.8, marker=mark,
                    markevery=4, markersize=4, label=name)  # fmt: skip
        words.append(f"{name} {ratio[0]:.0f} and {ratio[-1]:.0f} dB")
    top.set(xlabel="time (ms)", ylabel="phase error − its mean (1/1000 cycle)",
            xlim=(0, times_ms[-1]))  # fmt: skip
    top.set_title(f"20 ms, after {middle / rate:.0f} s", loc="left")
    bottom.axhline(0, color=colours.REFERENCE, linewidth=0.8)
    bottom.set(
        xlabel="harmonic (number)", ylabel="steady tone over the rest (dB)", xlim=(1, harmonics)
    )
    bottom.set_title("what jitter leaves of each harmonic", loc="left")
    figure.legend(*bottom.get_legend_handles_labels(), loc="outside lower center", ncols=4,
                  frameon=False, fontsize=8)  # fmt: skip
    alt = (
        f"Jitter of the phase, and how much of harmonics 1 and {harmonics} stays a steady tone, "
        f"against the rest: {'; '.join(words)}."
    )
    data = {"jitter": pd.DataFrame(close), "tone_to_noise": pd.DataFrame(ratios)}
    window = 1000 * WINDOW / rate
    caption = f"Jitter: what is not a straight line within {window:.0f} ms. {_provenance(found)}"
    return Picture(figure, alt, caption, data)


def _provenance(found: Accumulation) -> str:
    return (
        f"Emulated, against float64. {found.contour.seconds:.0f} s of F0 that the voice predicts "
        f"for {len(found.contour.texts)} held-out sentences, {LOWEST_F0:g} Hz where unvoiced."
    )
