"""Figures of a comparison. Every one says what was emulated, and in which units it counts.

Scales that show a difference are fixed, so that two pages can be laid side by side.
"""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

from lightning_v2.analysis.comparison import Comparison
from lightning_v2.analysis.display import colours
from lightning_v2.analysis.display.drawing import (
    WIDTH,
    draw_frames,
    draw_map,
    loudest,
    name_rooms,
    symmetric,
    whole_frames,
)
from lightning_v2.analysis.display.picture import Note, Picture
from lightning_v2.analysis.metrics.sound.phase import BAND_EDGES_HZ
from lightning_v2.analysis.metrics.sound.spectrogram import level_difference_db, spectrogram
from lightning_v2.analysis.metrics.unmeasured import unaligned_words
from lightning_v2.analysis.sites.site_values import lowest
from lightning_v2.precision import Coverage

LEVEL_RANGE_DB = (-100.0, -20.0)
DIFFERENCE_RANGE_DB = 20.0
DELAY_RANGE_MS = 2.0
CENTS_RANGE = 30.0
BEST_DB = 80.0
"""Better ratios, infinite ones among them, are drawn here."""


def waveforms(comparison: Comparison) -> Picture:
    """Both waveforms, 30 ms of them close up, and their difference on its own scale."""
    reference, candidate = comparison.reference, comparison.candidate
    rate, difference = reference.sample_rate, comparison.difference
    figure = Figure(figsize=(WIDTH, 5.6), layout="constrained")
    whole, close, apart = figure.subplots(3, 1)
    style = {"reference": colours.REFERENCE, comparison.plan.name: _colour(comparison)}
    for axes, (start, stop) in ((whole, (0, None)), (close, loudest(reference.waveform, rate))):
        for (name, colour), speech in zip(style.items(), (reference, candidate), strict=True):
            wave = speech.waveform[start:stop]
            _draw_wave(axes, wave, rate, colour, start, label=name)
        axes.set_ylabel("full scale = 1")
    most = np.abs(difference).max(initial=0.0)
    _draw_wave(apart, difference, rate, colours.DIFFERENCE, label="candidate − reference")
    apart.set(xlabel="time (s)", ylabel="full scale = 1", ylim=symmetric(most))
    whole.set_xlim(0, max(reference.duration_s, candidate.duration_s))
    apart.set_xlim(*whole.get_xlim())
    close.margins(x=0)
    for axes in (whole, apart):
        axes.legend(loc="upper right", ncols=2, fontsize=8)
    whole.set_title("waveforms", loc="left")
    close.set_title("30 ms of them", loc="left")
    apart.set_title("difference, on a scale of its own", loc="left")
    alt = (
        f"Waveforms of reference and {comparison.plan.name}, {reference.duration_s:.1f} and "
        f"{candidate.duration_s:.1f} s; largest difference {most:.2g} of full scale, largest "
        f"sample of the reference {np.abs(reference.waveform).max(initial=0.0):.2g}."
    )
    data = {
        "waveforms": {
            "sample_rate_hz": np.array(rate),
            "reference": reference.waveform,
            "candidate": candidate.waveform,
            "difference": difference,
        }
    }
    return Picture(figure, alt, comparison.provenance, data)


def spectrograms(comparison: Comparison) -> Picture:
    """Levels of both in dBFS and their difference in dB, each on a fixed scale."""
    speeches = (comparison.reference, comparison.candidate)
    spectra = [spectrogram(speech.waveform, speech.sample_rate) for speech in speeches]
    difference = level_difference_db(*spectra)
    figure = Figure(figsize=(WIDTH, 7.2), layout="constrained")
    rows = figure.subplots(3, 1, sharex=True)
    names = ("reference", comparison.plan.name)
    for axes, spectrum, name in zip(rows, spectra, names, strict=False):
        shown = draw_map(axes, spectrum.level_db, spectrum, colours.LEVEL_MAP, LEVEL_RANGE_DB)
        axes.set_title(name, loc="left")
    figure.colorbar(shown, ax=rows[:2], label="level (dBFS)", extend="both", pad=0.01)
    limits = (-DIFFERENCE_RANGE_DB, DIFFERENCE_RANGE_DB)
    shown = draw_map(rows[2], difference, spectra[0], colours.DIFFERENCE_MAP + "_r", limits)
    rows[2].set_title("candidate − reference (floor 80 dB below the loudest bin)", loc="left")
    rows[2].set_xlabel("time (s)")
    figure.colorbar(shown, ax=rows[2], label="difference (dB)", extend="both", pad=0.01)
    p95 = np.percentile(np.abs(difference), 95) if difference.size else math.nan
    alt = (
        f"Spectrograms of reference and {comparison.plan.name} and their difference; 95 % of all "
        f"bins differ by less than {p95:.1f} dB."
    )
    data = {
        "spectrograms": {
            "times_s": spectra[0].times_s,
            "frequencies_hz": spectra[0].frequencies_hz,
            "reference_dbfs": spectra[0].level_db.astype(np.float32),
            "candidate_dbfs": spectra[1].level_db.astype(np.float32),
            "difference_db": difference.astype(np.float32),
        }
    }
    return Picture(figure, alt, comparison.provenance, data)


def phase_drift(comparison: Comparison) -> Picture | Note:
    """Phase over time and frequency in radians, and lost cycles of the fundamental."""
    phase = comparison.phase
    if not phase.aligned:
        return _no_phase(comparison)
    figure = Figure(figsize=(WIDTH, 5.6), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    shown = draw_map(top, phase.radians, phase, colours.PHASE_MAP, (-math.pi, math.pi))
    top.set_title("phase, candidate − reference (bins above −50 dB)", loc="left")
    bar = figure.colorbar(shown, ax=top, label="phase (rad)", pad=0.01)
    bar.set_ticks(
        [-math.pi, -math.pi / 2, 0, math.pi / 2, math.pi], labels=["−π", "", "0", "", "π"]
    )
    bottom.axhline(0, color=colours.REFERENCE, linewidth=0.8)
    bottom.plot(phase.times_s, phase.fundamental_cycles, color=_colour(comparison), linewidth=1.6)
    drift = phase.fundamental_cycles[np.isfinite(phase.fundamental_cycles)]
    bottom.set_ylim(*symmetric(max(0.5, np.abs(drift).max(initial=0.0))))
    bottom.set(xlabel="time (s)", ylabel="drift (cycles)", xlim=whole_frames(phase.times_s))
    bottom.set_title("phase of the fundamental, followed through each voiced stretch", loc="left")
    alt = (
        f"Phase of {comparison.plan.name} against the reference over time and frequency. The "
        f"fundamental drifts by {phase.fundamental_drift_p95_cycles:.2g} cycles (p95)."
    )
    data = {
        "phase": {
            "times_s": phase.times_s,
            "frequencies_hz": phase.frequencies_hz,
            "radians": phase.radians.astype(np.float32),
            "fundamental_cycles": phase.fundamental_cycles,
        }
    }
    return Picture(figure, alt, comparison.provenance, data)


def group_delay(comparison: Comparison) -> Picture | Note:
    """How much later each band of the candidate is, over time, in ms."""
    phase = comparison.phase
    if not phase.aligned:
        return _no_phase(comparison)
    figure = Figure(figsize=(WIDTH, 2.8), layout="constrained")
    axes = figure.subplots()
    delays, limits = phase.group_delay_ms, (-DELAY_RANGE_MS, DELAY_RANGE_MS)
    tones = colours.DIFFERENCE_MAP + "_r"
    shown = draw_frames(axes, delays, phase.times_s, (0, len(delays)), tones, limits)
    axes.set_yticks(range(len(BAND_EDGES_HZ)), labels=[f"{hz / 1000:g}" for hz in BAND_EDGES_HZ])
    axes.set(xlabel="time (s)", ylabel="band (kHz)")
    axes.set_title("group delay, candidate − reference (bins above −50 dB)", loc="left")
    figure.colorbar(shown, ax=axes, label="later by (ms)", extend="both", pad=0.01)
    alt = (
        f"Group delay of {comparison.plan.name} against the reference in six bands; 95 % of the "
        f"audible bins lie within {phase.group_delay_p95_ms:.2g} ms."
    )
    data = {
        "group_delay": {
            "times_s": phase.times_s,
            "band_edges_hz": np.array(BAND_EDGES_HZ),
            "group_delay_ms": phase.group_delay_ms,
        }
    }
    return Picture(figure, alt, comparison.provenance, data)


def harmonics(comparison: Comparison) -> Picture:
    """How harmonics lie to their fundamental, and how fast they turn, against the reference."""
    phase = comparison.phase
    figure = Figure(figsize=(WIDTH, 4.6), layout="constrained")
    panels = (
        (phase.relation_cycles, colours.PHASE_MAP, 0.5, "phase (cycles)", "neither"),
        (phase.frequency_cents, colours.DIFFERENCE_MAP + "_r", CENTS_RANGE, "cents", "both"),
    )
    rows = figure.subplots(2, 1, sharex=True)
    count = len(phase.relation_cycles)
    for axes, (values, tones, reach, unit, extend) in zip(rows, panels, strict=True):
        heights = (0.5, count + 0.5)
        shown = draw_frames(axes, values, phase.times_s, heights, tones, (-reach, reach))
        axes.set_ylabel("harmonic (number)")
        figure.colorbar(shown, ax=axes, label=unit, extend=extend, pad=0.01)
    rows[0].set_title("phase to the fundamental, candidate − reference", loc="left")
    rows[1].set_title("instantaneous frequency, candidate over reference", loc="left")
    rows[1].set_xlabel("time (s)" if phase.aligned else "time in the reference (s)")
    alt = (
        f"Harmonics of {comparison.plan.name} against the reference: 95 % lie within "
        f"{phase.harmonic_relation_p95_cycles:.2g} cycles of where their fundamental has them "
        f"there, and within {phase.frequency_deviation_p95_cents:.2g} cents of their frequency."
    )
    data = {
        "harmonics": {
            "times_s": phase.times_s,
            "relation_cycles": phase.relation_cycles,
            "frequency_cents": phase.frequency_cents,
        }
    }
    return Picture(figure, alt, comparison.provenance, data)


def layer_errors(comparison: Comparison) -> Picture:
    """Signal to error of every site, alone and accumulated, in the order in which sites run."""
    layers = comparison.layers
    figure = Figure(figsize=(WIDTH, 5.2), layout="constrained")
    ratio, gain = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    order = np.arange(len(layers))
    marks = {"isolated": ("o", "none", 3.5), "accumulated": ("o", _colour(comparison), 4.0)}
    for kind, (mark, face, size) in marks.items():
        look = {
            "marker": mark,
            "markerfacecolor": face,
            "markeredgecolor": _colour(comparison) if kind == "accumulated" else colours.REFERENCE,
            "markersize": size,
            "linestyle": "none",
            "label": f"{kind}: {_WORDS[kind]}",
        }
        ratio.plot(order, layers[f"{kind}_sqnr_db"].clip(upper=BEST_DB), **look)
        gain.plot(order, 100 * (layers[f"{kind}_gain"] - 1), **look)
    ratio.set(ylabel="SQNR (dB)", ylim=(min(-10, ratio.get_ylim()[0]), ratio.get_ylim()[1] + 16))
    ratio.axhline(0, color=colours.REFERENCE, linewidth=0.8)
    ratio.set_title(f"signal to error of every site (at most {BEST_DB:g} dB)", loc="left")
    gain.axhline(0, color=colours.REFERENCE, linewidth=0.8)
    gain.set(ylabel="gain − 1 (%)", xlabel="sites in the order in which they run")
    gain.set_title("what is lost of the amplitude", loc="left")
    gain.set_yscale("symlog", linthresh=1.0)
    gain.yaxis.set_major_formatter(ScalarFormatter())
    name_rooms((ratio, gain), layers["site"].tolist())
    figure.legend(
        *ratio.get_legend_handles_labels(), loc="outside upper right", ncols=2, fontsize=8,
        frameon=False,
    )  # fmt: skip
    worst = lowest(layers, "isolated_sqnr_db") if len(layers) else None
    alt = f"Signal to error of {len(layers)} sites under {comparison.plan.name}." + (
        f" Worst alone: {worst['site']} with {worst['isolated_sqnr_db']:.1f} dB."
        if worst is not None
        else ""
    )
    return Picture(figure, alt, comparison.provenance, {"layer_errors": layers})


def coverage(shares: Coverage) -> Picture:
    """How much of a voice runs in which fidelity and in which format."""
    figure = Figure(figsize=(WIDTH, 3.0), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    fields = (("math_fidelity", colours.FIDELITIES), ("weights", colours.FORMATS))
    words = []
    for axes, (name, tones) in zip(panels, fields, strict=True):
        table = shares.shares.loc[name]
        start = np.zeros(len(_DENOMINATORS))
        for value, row in table.iterrows():
            width = 100 * row[list(_DENOMINATORS)].fillna(0.0).to_numpy(float)
            tone = tones.get(value, colours.REFERENCE)
            axes.barh(list(_DENOMINATORS.values()), width, left=start, color=tone, label=value)
            start += width
            words.append(f"{value} {row['share_of_sites']:.0%} of sites")
        axes.set(xlabel="share (%)", xlim=(0, 100))
        axes.set_title(name, loc="left")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2, frameon=False)
    panels[0].invert_yaxis()
    alt = f"Shares of plan {shares.plan.name}: {', '.join(words)}."
    caption = f"plan {shares.plan.name}, counted from the plan and the voice"
    return Picture(figure, alt, caption, {"coverage": shares.shares.reset_index()})


_DENOMINATORS = {
    "share_of_sites": "sites",
    "share_of_macs": "multiply-adds",
    "share_of_weight_bytes": "weight bytes",
}

_WORDS = {
    "isolated": "this site alone",
    "accumulated": "and all before it",
}


def _no_phase(comparison: Comparison) -> Note:
    why = unaligned_words(comparison.reference, comparison.candidate)
    return Note(f"Not drawn: {why}. Phase needs a teacher-forced comparison.")


def _colour(comparison: Comparison) -> str:
    return colours.of_plan(comparison.plan.name)


def _draw_wave(axes: Axes, wave, rate: int, colour: str, start: int = 0, label: str = "") -> None:
    """A waveform; a long one as its highest and lowest sample in each of 2000 steps."""
    times = (start + np.arange(len(wave))) / rate
    step = len(wave) // 2000
    if step < 2:
        axes.plot(times, wave, color=colour, linewidth=1.2, alpha=0.85, label=label)
        return
    pieces = wave[: len(wave) // step * step].reshape(-1, step)
    axes.fill_between(
        times[: pieces.size : step],
        pieces.min(axis=1),
        pieces.max(axis=1),
        color=colour,
        linewidth=0.4,
        alpha=0.75,
        label=label,
    )
