"""Figures of one sentence under several plans, a row a plan, all rows on one scale."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from lightning_v2.analysis.comparison import Comparison
from lightning_v2.analysis.display import colours
from lightning_v2.analysis.display.drawing import WIDTH, draw_map, for_all, plans
from lightning_v2.analysis.display.figures import DIFFERENCE_RANGE_DB, LEVEL_RANGE_DB
from lightning_v2.analysis.display.picture import Picture
from lightning_v2.analysis.metrics.sound.spectrogram import HOP, level_difference_db, spectrogram
from lightning_v2.chapters.error_location.error_location import sounds_of
from lightning_v2.errors import ArgumentError


def close_ups(*comparisons: Comparison) -> Picture:
    """The loudest voiced and the loudest unvoiced sound, each plan drawn on the reference.

    Args:
        comparisons: of one text with one reference, teacher-forced.
    """
    check_same_reference(comparisons)
    reference = comparisons[0].reference
    rate, wave = reference.sample_rate, reference.waveform
    sounds = np.repeat(sounds_of(reference), HOP)[: len(wave)]
    pieces = {
        name: _loudest_within(wave, sounds == name, rate, length_s)
        for name, length_s in _SHOWN_S.items()
    }
    figure = Figure(figsize=(WIDTH, 0.9 + 1.25 * len(comparisons)), layout="constrained")
    rows = figure.subplots(len(comparisons), len(pieces), sharex="col", sharey="col", squeeze=False)
    worst = []
    for panels, comparison in zip(rows, comparisons, strict=True):
        plan, candidate = comparison.plan.name, comparison.candidate.waveform
        for axes, (start, stop) in zip(panels, pieces.values(), strict=True):
            times_ms = 1000 * np.arange(start, stop) / rate
            axes.plot(times_ms, wave[start:stop], color=colours.REFERENCE, lw=2.6, alpha=0.6)
            axes.plot(times_ms, candidate[start:stop], color=colours.of_plan(plan), lw=1.1)
            axes.margins(x=0)
        panels[0].set_ylabel(f"{plan}\n(full scale = 1)", size=9)
        worst.append(f"{plan} {np.abs(comparison.difference).max(initial=0.0):.2g}")
    for axes, name in zip(rows[0], pieces, strict=True):
        axes.set_title(f"{name}: {1000 * _SHOWN_S[name]:.0f} ms", loc="left")
    for axes in rows[-1]:
        axes.set_xlabel("time (ms)")
    alt = (
        f"Waveforms of {plans(comparisons)} drawn on the reference, close up, in a voiced "
        f"and in an unvoiced sound. Largest difference anywhere, of full scale: {', '.join(worst)}."
    )
    data = {
        "waveforms": {
            "sample_rate_hz": np.array(rate),
            "reference": wave,
            **{c.plan.name: c.candidate.waveform for c in comparisons},
        }
    }
    return Picture(figure, alt, f"grey: reference · {provenance(comparisons)}", data)


def level_differences(*comparisons: Comparison) -> Picture:
    """Level of the reference in dBFS, and how much louder each plan is, in dB, over time and
    frequency.

    Args:
        comparisons: of one text with one reference, teacher-forced.
    """
    check_same_reference(comparisons)
    rate = comparisons[0].reference.sample_rate
    right = spectrogram(comparisons[0].reference.waveform, rate)
    figure = Figure(figsize=(WIDTH, 2.3 + 1.55 * len(comparisons)), layout="constrained")
    rows = figure.subplots(1 + len(comparisons), 1, sharex=True, sharey=True)
    level = draw_map(rows[0], right.level_db, right, colours.LEVEL_MAP, LEVEL_RANGE_DB)
    rows[0].set_title("reference", loc="left")
    figure.colorbar(level, ax=rows[0], label="level (dBFS)", extend="both", pad=0.01)
    data = {"times_s": right.times_s, "frequencies_hz": right.frequencies_hz}
    data["reference_dbfs"] = right.level_db.astype(np.float32)
    words, limits = [], (-DIFFERENCE_RANGE_DB, DIFFERENCE_RANGE_DB)
    for axes, comparison in zip(rows[1:], comparisons, strict=True):
        name = comparison.plan.name
        difference = level_difference_db(right, spectrogram(comparison.candidate.waveform, rate))
        shown = draw_map(axes, difference, right, colours.DIFFERENCE_MAP + "_r", limits)
        axes.set_title(f"{name} − reference", loc="left")
        data[f"{name}_minus_reference_db"] = difference.astype(np.float32)
        words.append(f"{name} {np.percentile(np.abs(difference), 95):.1f} dB")
    figure.colorbar(shown, ax=rows[1:], label="difference (dB)", extend="both", pad=0.01)
    rows[-1].set_xlabel("time (s)")
    alt = (
        f"Spectrogram of the reference, and maps of how far the levels of {plans(comparisons)} "
        f"are from it. 95 % of all bins are within: {', '.join(words)}."
    )
    caption = f"floor 80 dB below the loudest bin · {provenance(comparisons)}"
    return Picture(figure, alt, caption, {"level_differences": data})


def provenance(comparisons: Sequence[Comparison]) -> str:
    """One line for several plans that were compared in the same way."""
    return for_all(comparisons[0].provenance, [one.plan.name for one in comparisons])


def check_same_reference(comparisons: Sequence[Comparison]) -> None:
    """Whether comparisons can be drawn together.

    Raises:
        ArgumentError: there is none; one is free-running; or the references differ.
    """
    if not comparisons:
        raise ArgumentError("no comparison: give at least one")
    first = comparisons[0]
    for comparison in comparisons:
        if not comparison.aligned:
            raise ArgumentError(
                f"plan {comparison.plan.name} was compared free-running: its samples do not belong "
                "to those of the reference; teacher_forced=True gives what does"
            )
        if not np.array_equal(comparison.reference.waveform, first.reference.waveform):
            raise ArgumentError(
                f"the references of {first.plan.name} and {comparison.plan.name} differ: compare "
                "both on one text, with one reference and seed"
            )


_SHOWN_S = {"voiced": 0.03, "unvoiced": 0.01}


def _loudest_within(
    wave: np.ndarray, inside: np.ndarray, rate: int, length_s: float
) -> tuple[int, int]:
    """Samples from and to: the loudest stretch that lies as far as possible in a mask (N,)."""
    size = min(int(length_s * rate), len(wave))
    sums = [
        np.convolve(values, np.ones(size), mode="valid")
        for values in (inside.astype(float), np.square(wave, dtype=np.float64))
    ]
    full = sums[0] > sums[0].max() - 0.5
    start = int(np.where(full, sums[1], -1.0).argmax())
    return start, start + size
