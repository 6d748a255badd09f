"""What the parts of an explorer show of a state and its result: plain values for a browser.

Every one names the state it belongs to by its key, so that a part knows when it is out of date.
"""

import base64
import io
import math
from collections.abc import Callable, Sequence
from functools import wraps
from weakref import WeakKeyDictionary

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator
from PIL import Image

from lightning_v2.analysis.display import colours
from lightning_v2.analysis.display.drawing import rooms
from lightning_v2.analysis.display.tables import number
from lightning_v2.analysis.metrics.metric import METRICS, Metric
from lightning_v2.analysis.metrics.sanity import playable
from lightning_v2.analysis.metrics.spectrogram import level_difference_db, spectrogram
from lightning_v2.analysis.sites.site_values import broken_sites
from widgets.explorer.explorer_result import Result
from widgets.explorer.explorer_state import State
from widgets.player.ab_player import Clip

CARDS = (
    "pesq_wb_mos",
    "zimtohrli",
    "lsd_db",
    "mel_rmse_db",
    "f0_p95_cents",
    "fundamental_drift_p95_cycles",
    "group_delay_p95_ms",
    "pause_rise_db",
    "gain_db",
    "snr_db",
)
"""Measures that are shown at a glance; all others are folded away."""

COLUMNS = 600
ROWS = 260
"""A picture has no more than that: it is drawn in 200 to 400 points."""
DIFFERENCE_RANGE_DB = 20.0
LAYER_RANGE_DB = (0.0, 60.0)
_NOTHING = 255  # index of a pixel of which nothing is known


def _kept[View](view: Callable[[Result], View]) -> Callable[[Result], View]:
    """The same view, made once of a result as long as there is one."""
    known: WeakKeyDictionary[Result, View] = WeakKeyDictionary()

    @wraps(view)
    def show(result: Result) -> View:
        if result not in known:
            known[result] = view(result)
        return known[result]

    return show


def named(state: State) -> dict[str, str]:
    """Which state a view belongs to."""
    return {"key": state.key, "words": state.words}


@_kept
def clips(result: Result) -> list[Clip]:
    """To hear. The labels are the same for every plan: what is selected stays selected."""
    reference, candidate = result.reference, result.candidate
    rate, plan = reference.sample_rate, result.state.plan.name
    words = f"plan {plan}, emulated, {result.state.tier} tier"
    of = (
        f"plan {reference.plan}, emulated, {reference.tier} tier"
        if reference.plan
        else "PyTorch float32, not emulated"
    )
    return [
        Clip("reference", reference.waveform, rate, colours.REFERENCE, of),
        Clip("candidate", candidate.waveform, rate, colours.of_plan(plan), words),
        Clip.difference(reference.waveform, candidate.waveform, rate, colours.DIFFERENCE),
    ]


@_kept
def sound(result: Result) -> dict:
    """Waveforms, and where in time and frequency the candidate is louder or quieter."""
    plan, rate = result.state.plan.name, result.reference.sample_rate
    pair = tuple(playable(speech.waveform) for speech in (result.reference, result.candidate))
    a, b = (spectrogram(waveform, rate) for waveform in pair)
    difference = level_difference_db(a, b)
    p95 = float(np.percentile(np.abs(difference), 95))
    apart = pair[1] - pair[0]
    most = float(np.abs(apart).max())
    loudest = max(float(np.abs(waveform).max()) for waveform in pair)
    seconds = (0.0, result.reference.duration_s)
    return named(result.state) | {
        "pictures": [
            {
                "kind": "waves",
                "title": "Waveforms, both on one scale, and their difference on its own",
                "alt": f"Waveforms of the reference, of {plan} and of their difference; largest "
                f"difference {most:.2g}, largest sample of both {loudest:.2g} of full scale.",
                "x": _axis(*seconds, "time (s)"),
                "traces": [
                    _trace("reference", colours.REFERENCE, pair[0], loudest),
                    _trace(plan, colours.of_plan(plan), pair[1], loudest),
                    _trace("difference", colours.DIFFERENCE, apart, most),
                ],
            },
            {
                "kind": "map",
                "title": "Spectrogram, candidate − reference (floor 80 dB below the loudest bin)",
                "alt": f"Difference of the spectrograms of {plan} and the reference: 95 % of all "
                f"bins differ by less than {p95:.1f} dB.",
                "png": _png(difference, colours.DIFFERENCE_MAP + "_r", DIFFERENCE_RANGE_DB),
                "x": _axis(*seconds, "time (s)"),
                "y": _axis(0, a.frequencies_hz[-1] / 1000, "kHz"),
                "bar": _bar(
                    colours.DIFFERENCE_MAP + "_r",
                    (-DIFFERENCE_RANGE_DB, DIFFERENCE_RANGE_DB),
                    "difference (dB)",
                ),
            },
        ]
    }


@_kept
def measures(result: Result) -> dict | None:
    """Cards of the measures, and how far the phase has moved; None if not known yet."""
    if result.metrics is None:
        return None
    phase, plan = result.phase, result.state.plan.name
    seconds = (0.0, result.reference.duration_s)
    drift = phase.fundamental_cycles
    reach = max(0.5, float(np.nanmax(np.abs(drift), initial=0.0)) * 1.1)
    return named(result.state) | {
        "provenance": f"{result.state.words}; emulated, teacher-forced",
        "cards": [_card(metric, result.metrics[metric.name]) for metric in _ordered()],
        "glance": len(CARDS),
        "pictures": [
            {
                "kind": "map",
                "title": "Phase, candidate − reference (bins above −50 dB)",
                "alt": f"Phase of {plan} against the reference over time and frequency; the group "
                f"delay stays within {phase.group_delay_p95_ms:.2g} ms (p95).",
                "png": _png(phase.radians, colours.PHASE_MAP, math.pi),
                "x": _axis(*seconds, "time (s)"),
                "y": _axis(0, phase.frequencies_hz[-1] / 1000, "kHz"),
                "bar": _bar(colours.PHASE_MAP, (-math.pi, math.pi), "phase (rad)", ("−π", "π")),
            },
            {
                "kind": "line",
                "title": "Phase drift of the fundamental (cycles)",
                "alt": f"Drift of the fundamental of {plan}: "
                f"{phase.fundamental_drift_p95_cycles:.2g} cycles (p95).",
                "x": _axis(*seconds, "time (s)"),
                "y": _axis(-reach, reach, "cycles"),
                "colour": colours.of_plan(plan),
                "points": _points(phase.times_s, drift, seconds[1], reach),
            },
        ],
    }


@_kept
def layers(result: Result) -> dict | None:
    """Signal to error of every site, alone and accumulated; None if not known yet."""
    if result.layers is None:
        return None
    table = result.layers
    kinds = {"isolated": "alone", "accumulated": "and all before it"}
    values = {kind: table[f"{kind}_sqnr_db"].to_numpy() for kind in kinds}
    sites = table["site"].tolist()
    # The order of NaN is after all numbers.
    worst = int(np.argsort(values["isolated"])[0])
    return named(result.state) | {
        "pictures": [
            {
                "kind": "heat",
                "title": "Error of every site, in the order in which they run",
                "alt": f"Signal to error of {len(sites)} sites under {result.state.plan.name}. "
                f"Worst alone: {sites[worst]} with {values['isolated'][worst]:.1f} dB.",
                "sites": sites,
                "rooms": _rooms(sites),
                "rows": [
                    {"label": words, "colours": _tones(values[kind]), "db": _decibels(values[kind])}
                    for kind, words in kinds.items()
                ],
                "bar": _bar(colours.LEVEL_MAP, LAYER_RANGE_DB, "SQNR (dB), dark is worse"),
            }
        ]
    }


@_kept
def errors(result: Result) -> dict | None:
    """The same as columns of the table of sites, and what became of the values of each.

    `db`: site -> [alone, accumulated] in dB. `flushed`: site -> percent of the activations that
    blocks crush to zero. `broken`: of sites with values that are NaN, infinite or saturated, how
    many. `values`: all that in a line.
    """
    if result.layers is None:
        return None
    pairs = zip(
        result.layers["site"],
        _decibels(result.layers["isolated_sqnr_db"]),
        _decibels(result.layers["accumulated_sqnr_db"]),
        strict=True,
    )
    flushed = result.layers.set_index("site")["activations_flushed_percent"].dropna().round(1)
    return named(result.state) | {
        "db": {site: [alone, all_of] for site, alone, all_of in pairs},
        "flushed": flushed.to_dict(),
        "broken": {broken.site: broken.counts for broken in broken_sites(result.layers)},
        "values": result.comparison.values_words,
    }


def metric_cells(metrics: dict[str, float], names: Sequence[str]) -> list[dict]:
    """Some measures as text, each with whether it keeps its bound."""
    return [_card(metric, metrics[metric.name]) for metric in METRICS if metric.name in names]


def contrast(first, second, differences: pd.DataFrame) -> dict:
    """Two trials side by side. differences: as `plan_edit.differences`."""
    rows = []
    for metric in _ordered():
        cards = [_card(metric, trial.metrics[metric.name]) for trial in (first, second)]
        rows.append({"label": cards[0]["label"], "unit": metric.unit, "cells": cards})
    return {
        "heads": [f"{trial.number}: {trial.state.words}" for trial in (first, second)],
        "rows": rows,
        "differences": differences.astype(str).to_numpy().tolist(),
    }


def _ordered() -> list[Metric]:
    first = [next(metric for metric in METRICS if metric.name == name) for name in CARDS]
    others = [metric for metric in METRICS if metric.name not in CARDS]
    return first + [metric for metric in others if not metric.judge]


def _card(metric: Metric, value: float) -> dict:
    holds = metric.holds(value)
    return {
        "name": metric.name,
        "label": metric.label,
        "value": number(value, metric.bound),
        "unit": metric.unit.split(",")[0],
        "bound": metric.bound_words,
        "holds": holds,
        "hears": metric.hears,
        "deaf": metric.deaf_to,
    }


def _axis(low: float, high: float, label: str) -> dict:
    """Ticks as [position from 0 to 1, text]."""
    steps = MaxNLocator(6).tick_values(low, high)
    inside = [tick for tick in steps if low <= tick <= high]
    span = (high - low) or 1.0
    ticks = [[round((tick - low) / span, 4), f"{tick:g}".replace("-", "−")] for tick in inside]
    return {"label": label, "ticks": ticks}


def _bar(
    name: str, limits: tuple[float, float], label: str, ends: tuple[str, str] | None = None
) -> dict:
    shades = matplotlib.colormaps[name](np.linspace(0, 1, 9))
    return {
        "label": label,
        "colours": [matplotlib.colors.to_hex(shade) for shade in shades],
        "ends": ends or [f"{limit:g}".replace("-", "−") for limit in limits],
    }


def _png(values: np.ndarray, name: str, reach: float) -> str:
    """Values (F, T) from -reach to reach as a PNG in a string, low frequencies at the bottom.

    Of neighbouring bins that share a row of the picture, the one that is furthest from 0 counts.
    """
    values = _pooled(values)
    known = np.isfinite(values)
    scaled = np.clip((np.where(known, values, 0.0) + reach) / (2 * reach), 0, 1) * (_NOTHING - 1)
    pixels = np.where(known, np.round(scaled), _NOTHING).astype(np.uint8)[::-1]
    image = Image.fromarray(np.ascontiguousarray(pixels), mode="P")
    shades = matplotlib.colormaps[name](np.linspace(0, 1, _NOTHING))[:, :3]
    image.putpalette((np.round(shades * 255)).astype(np.uint8).tobytes() + b"\0\0\0")
    file = io.BytesIO()
    image.save(file, format="PNG", transparency=_NOTHING, compress_level=3)
    return base64.b64encode(file.getvalue()).decode("ascii")


def _pooled(values: np.ndarray) -> np.ndarray:
    """Values (F, T) in at most `ROWS` rows; NaN where a row has nothing else."""
    share = -(-len(values) // ROWS)
    padding = ((0, -len(values) % share), (0, 0))
    groups = np.pad(values, padding, constant_values=np.nan).reshape(-1, share, values.shape[1])
    furthest = np.where(np.isnan(groups), -1.0, np.abs(groups)).argmax(axis=1)
    return np.take_along_axis(groups, furthest[:, None], axis=1)[:, 0]


def _trace(label: str, colour: str, wave: np.ndarray, full: float) -> dict:
    """Lowest and highest sample of each of at most `COLUMNS` steps, over `full`."""
    step = max(1, -(-len(wave) // COLUMNS))
    steps = np.pad(wave, (0, -len(wave) % step)).reshape(-1, step) / (full or 1.0)
    return {
        "label": label,
        "colour": colour,
        "peak": f"{np.abs(wave).max(initial=0.0):.2g}",
        "low": np.round(steps.min(axis=1), 3).tolist(),
        "high": np.round(steps.max(axis=1), 3).tolist(),
    }


def _points(times: np.ndarray, values: np.ndarray, end: float, reach: float) -> list:
    """[x, y] from 0 to 1 of each frame; None where there is no value."""
    return [
        [round(t / end, 4), round(float(v / reach + 1) / 2, 4)] if math.isfinite(v) else None
        for t, v in zip(times, values, strict=True)
    ]


def _decibels(values) -> list[float | str | None]:
    """To one decimal; "identical" where there is no error, None where nothing is known."""
    words = {math.inf: "identical", -math.inf: "−∞"}
    return [None if math.isnan(v) else words.get(v) or round(float(v), 1) for v in values]


def _tones(values: np.ndarray) -> list[str | None]:
    low, high = LAYER_RANGE_DB
    shades = matplotlib.colormaps[colours.LEVEL_MAP](np.clip((values - low) / (high - low), 0, 1))
    return [
        None if math.isnan(value) else matplotlib.colors.to_hex(shade)
        for value, shade in zip(values, shades, strict=True)
    ]


def _rooms(sites: list[str]) -> list[list]:
    """[name, share of the sites] of each part of the model."""
    return [[room, (stop - start) / len(sites)] for room, start, stop in rooms(sites)]
