"""Figures of where the error of several plans sits, all plans on one scale."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lightning_v2.analysis.display import colours
from lightning_v2.analysis.display.drawing import (
    LINES,
    MARKS,
    WIDTH,
    draw_frames,
    for_all,
    plans,
    whole_frames,
)
from lightning_v2.analysis.display.picture import Picture
from lightning_v2.analysis.display.tables import Sheet, number
from lightning_v2.chapters.error_location.error_location import (
    CRITICAL_BAND_EDGES_HZ,
    NOISE_HIDES_BELOW_DB,
    QUIET_DBFS,
    SOUNDS,
    TONE_HIDES_BELOW_DB,
    ErrorLocation,
)

MARGIN_RANGE_DB = 30.0
LOWEST_DBFS = -120.0
"""Lower levels are drawn here."""
BEST_SNR_DB = 60.0
"""Higher ratios are drawn here."""

_NAMED_HZ = (0, 510, 1080, 2000, 4400, 12000)
_SMOOTH_S = 0.05


def margins(*locations: ErrorLocation) -> Picture:
    """Error over what the reference hides, over time and critical bands, a row a plan."""
    figure = Figure(figsize=(WIDTH, 1.0 + 1.5 * len(locations)), layout="constrained")
    rows = figure.subplots(len(locations), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    bands, words = len(CRITICAL_BAND_EDGES_HZ) - 1, []
    for axes, location in zip(rows, locations, strict=True):
        tones, limits = colours.DIFFERENCE_MAP + "_r", (-MARGIN_RANGE_DB, MARGIN_RANGE_DB)
        shown = draw_frames(axes, location.margin_db, location.times_s, (0, bands), tones, limits)
        places = [CRITICAL_BAND_EDGES_HZ.index(hz) for hz in _NAMED_HZ]
        axes.set_yticks(places, labels=[f"{hz / 1000:.2g}" for hz in _NAMED_HZ])
        axes.set_ylabel("frequency (kHz)")
        above = 100 * (location.margin_db > 0).mean()
        axes.set_title(f"{location.plan}: {above:.1f} % stick out", loc="left")
        words.append(f"{location.plan} {above:.1f} %")
    rows[-1].set_xlabel("time (s)")
    label = "error over what is hidden (dB)"
    figure.colorbar(shown, ax=rows, label=label, extend="both", pad=0.01)
    alt = (
        f"Maps over time and critical bands of the error of {plans(locations)} against what "
        f"the reference hides. Share of the map where the error sticks out: {', '.join(words)}."
    )
    data = {
        "margins": {
            "times_s": locations[0].times_s,
            "band_edges_hz": np.array(CRITICAL_BAND_EDGES_HZ),
            **{f"{location.plan}_margin_db": location.margin_db for location in locations},
        }
    }
    caption = (
        f"Masking after Johnston 1988: noise hides what lies {NOISE_HIDES_BELOW_DB:g} dB below "
        f"it, a tone what lies {TONE_HIDES_BELOW_DB + 1:g} dB (lowest band) to "
        f"{TONE_HIDES_BELOW_DB + bands:g} dB (highest) below; nothing counts below "
        f"−{-QUIET_DBFS:g} dBFS · {_provenance(locations)}"
    )
    return Picture(figure, alt, caption, data)


def by_band(*locations: ErrorLocation) -> Picture:
    """Levels of the reference and of every error in bands of 500 Hz."""
    figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
    axes = figure.subplots()
    table = pd.concat([location.by_band for location in locations], ignore_index=True)
    middle_khz = locations[0].by_band[["low_hz", "high_hz"]].mean(axis=1) / 1000
    axes.plot(
        middle_khz, locations[0].by_band["reference_dbfs"], color=colours.REFERENCE, lw=2.4,
        label="reference",
    )  # fmt: skip
    for look, location in zip(_looks(locations), locations, strict=True):
        levels = location.by_band["error_dbfs"].clip(lower=LOWEST_DBFS)
        axes.plot(middle_khz, levels, markersize=4, label=f"error of {location.plan}", **look)
    axes.set(xlabel="frequency (kHz)", ylabel="level in 500 Hz (dBFS)", xlim=(0, None))
    axes.legend(fontsize=8, ncols=2, loc="upper right")
    axes.set_title("how loud reference and errors are in each band", loc="left")
    worst = table.loc[table.groupby("plan", sort=False)["snr_db"].idxmin()]
    words = [
        f"{row.plan} {row.snr_db:.1f} dB at {(row.low_hz + row.high_hz) / 2000:.2g} kHz"
        for row in worst.itertuples()
    ]
    alt = (
        f"Level of the reference and of the errors of {plans(locations)} against frequency. "
        f"Lowest signal to error: {', '.join(words)}."
    )
    return Picture(figure, alt, _provenance(locations), {"error_by_band": table})


def over_time(*locations: ErrorLocation) -> Picture:
    """Levels of the reference and of every error over time, and which sound it is."""
    figure = Figure(figsize=(WIDTH, 4.2), layout="constrained")
    axes, strip = figure.subplots(2, 1, sharex=True, height_ratios=(8, 1))
    first = locations[0]
    table = pd.concat([location.over_time for location in locations], ignore_index=True)
    reference = _smooth(first.over_time["reference_dbfs"], first.times_s)
    axes.plot(first.times_s, reference, color=colours.REFERENCE, lw=2.4, label="reference")
    for look, location in zip(_looks(locations, every=20), locations, strict=True):
        levels = _smooth(location.over_time["error_dbfs"], location.times_s)
        label = f"error of {location.plan}"
        axes.plot(location.times_s, levels, markersize=4, label=label, **look)
    axes.set(ylabel="level (dBFS)", ylim=(LOWEST_DBFS, 0))
    axes.set_title("how loud reference and errors are (50 ms means)", loc="left")
    axes.legend(fontsize=8, ncols=2, loc="lower center")
    _draw_sounds(strip, first)
    words = [
        f"{location.plan} {location.over_time['error_dbfs'].max():.0f} dBFS"
        for location in locations
    ]
    alt = (
        f"Level of the reference and of the errors of {plans(locations)} over time, above a "
        f"strip of voiced sounds, unvoiced ones and pauses. Loudest error: {', '.join(words)}."
    )
    return Picture(figure, alt, _provenance(locations), {"error_over_time": table})


def by_sound(*locations: ErrorLocation) -> Picture:
    """Signal to error, and share of the error that sticks out, in each kind of sound."""
    figure = Figure(figsize=(WIDTH, 3.0), layout="constrained")
    ratio, share = figure.subplots(1, 2)
    table = pd.concat([location.by_sound for location in locations], ignore_index=True)
    for at, (look, location) in enumerate(zip(_looks(locations), locations, strict=True)):
        rows = location.by_sound
        places = rows["sound"].map(SOUNDS.index) + 0.16 * (at - (len(locations) - 1) / 2)
        style = {**look, "linestyle": "none", "markersize": 8, "label": location.plan}
        ratio.plot(places, rows["snr_db"].clip(upper=BEST_SNR_DB), **style)
        share.plot(places, rows["sticks_out_percent"], **style)
    for axes in (ratio, share):
        axes.set_xticks(range(len(SOUNDS)), labels=SOUNDS)
        axes.set_xlim(-0.5, len(SOUNDS) - 0.5)
        axes.grid(axis="y", alpha=0.3)
    ratio.set(ylabel="signal to error (dB)")
    share.set(ylabel="bands and frames (%)", ylim=(-4, 104))
    ratio.set_title("signal to error", loc="left")
    share.set_title("where the error sticks out", loc="left")
    handles, labels = ratio.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    words = [f"{row.plan} {row.sound} {row.snr_db:.1f} dB" for row in table.itertuples()]
    alt = f"Signal to error in each kind of sound: {', '.join(words)}."
    return Picture(figure, alt, _provenance(locations), {"error_by_sound": table})


def sound_table(*locations: ErrorLocation) -> Sheet:
    """What `by_sound` draws, and how loud and how much it is: a row a plan and sound."""
    table = pd.concat([location.by_sound for location in locations], ignore_index=True)
    shown = pd.DataFrame({"plan": table["plan"], "sound": table["sound"]})
    for name, title in _TITLES.items():
        shown[title] = [number(value) for value in table[name]]
    words = "Shares of the error's energy add up to 100 % in each plan. "
    return Sheet(shown, words + _provenance(locations))


_TITLES = {
    "time_percent": "time (%)",
    "reference_dbfs": "reference (dBFS)",
    "error_dbfs": "error (dBFS)",
    "snr_db": "signal to error (dB)",
    "error_percent": "share of the error (%)",
    "sticks_out_percent": "sticks out (%)",
}


def _draw_sounds(axes: Axes, location: ErrorLocation) -> None:
    """A strip that says what is voiced (filled), unvoiced (hatched) and a pause (empty)."""
    start, stop = whole_frames(location.times_s)
    looks = {"voiced": {"alpha": 0.55}, "unvoiced": {"hatch": "////", "facecolor": "none"}}
    edges = np.linspace(start, stop, len(location.sounds) + 1)
    for sound, look in looks.items():
        here = np.append(location.sounds == sound, False)
        style = {"facecolor": colours.REFERENCE, "edgecolor": colours.REFERENCE, "linewidth": 0}
        axes.fill_between(edges, 0, 1, where=here, step="post", label=sound, **style | look)
    axes.set(xlim=(start, stop), ylim=(0, 1), yticks=[], xlabel="time (s); empty: pause")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=8, frameon=False)


def _looks(locations: tuple[ErrorLocation, ...], every: int = 1) -> list[dict]:
    """Colour, mark and line of every plan, a mark on one of `every` points."""
    return [
        {
            "color": colours.of_plan(location.plan),
            "marker": MARKS[at % len(MARKS)],
            "markevery": every,
            "linestyle": LINES[at % len(LINES)],
            "linewidth": 1.3,
        }
        for at, location in enumerate(locations)
    ]


def _smooth(levels_db: pd.Series, times_s: np.ndarray) -> np.ndarray:
    """Mean power over 50 ms around each frame, in dB, at least `LOWEST_DBFS`."""
    step = times_s[1] - times_s[0] if len(times_s) > 1 else _SMOOTH_S
    power = 10 ** (levels_db.astype(float) / 10)
    mean = power.rolling(max(1, round(_SMOOTH_S / step)), center=True, min_periods=1).mean()
    return np.maximum(10 * np.log10(mean), LOWEST_DBFS).to_numpy()


def _provenance(locations: tuple[ErrorLocation, ...]) -> str:
    return for_all(locations[0].provenance, [location.plan for location in locations])
