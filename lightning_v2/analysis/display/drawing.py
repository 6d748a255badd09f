"""Parts that several figures are made of."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.image import AxesImage
from matplotlib.ticker import LogLocator, NullFormatter

from lightning_v2.analysis.display import colours

WIDTH = 8.2
"""Inches: what a page shows in its full width."""

MARKS = ("o", "s", "^", "D", "v", "P", "X")
LINES = ("-", "--", "-.", ":")
"""Beside their colours, the first, second, … plan of a figure have these; then they begin anew."""


def draw_map(
    axes: Axes, values: np.ndarray, grid, colour_map: str, limits: tuple[float, float]
) -> AxesImage:
    """Values (F, T) over the `times_s` (T,) and `frequencies_hz` (F,) of `grid`."""
    heights = (0, grid.frequencies_hz[-1] / 1000)
    shown = draw_frames(axes, values, grid.times_s, heights, colour_map, limits)
    axes.set_ylabel("frequency (kHz)")
    return shown


def draw_frames(
    axes: Axes,
    values: np.ndarray,
    times_s: np.ndarray,
    heights: tuple[float, float],
    colour_map: str,
    limits: tuple[float, float],
) -> AxesImage:
    """Values (R, T) over `times_s` (T,), their rows from the lower to the upper of `heights`."""
    return axes.imshow(
        values,
        aspect="auto",
        origin="lower",
        interpolation="none",
        cmap=colour_map,
        vmin=limits[0],
        vmax=limits[1],
        extent=(*whole_frames(times_s), *heights),
    )


def whole_frames(times_s: np.ndarray) -> tuple[float, float]:
    """From the first to the last frame, whole frames, in s."""
    half = (times_s[1] - times_s[0]) / 2 if len(times_s) > 1 else 0.5
    return (times_s[0] - half, times_s[-1] + half) if len(times_s) else (0.0, 1.0)


def loudest(wave: np.ndarray, rate: int) -> tuple[int, int]:
    """Samples from and to: the 30 ms around the loudest one."""
    size = int(0.03 * rate)
    middle = int(np.abs(wave).argmax()) if len(wave) else 0
    start = int(np.clip(middle - size // 2, 0, max(len(wave) - size, 0)))
    return start, start + size


def plain_log_ticks(*several: Axis) -> None:
    """Plain numbers on logarithmic axes, also on those that span less than a decade."""
    for axis in several:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter(NullFormatter())


def symmetric(most: float) -> tuple[float, float]:
    """Limits around 0 that hold `most`, and a tenth more."""
    reach = 1.1 * most if most > 0 and math.isfinite(most) else 1.0
    return -reach, reach


def name_rooms(panels: Sequence[Axes], sites: Sequence[str]) -> None:
    """Lines between the rooms of a model, and their names inside the first panel.

    sites: dotted names, in the order in which x counts them.
    """
    across = panels[0].get_xaxis_transform()  # x counts sites, y runs from 0 to 1
    for room, start, stop in rooms(sites):
        for axes in panels:
            axes.axvline(start - 0.5, color=colours.REFERENCE, linewidth=0.6, alpha=0.5)
        middle = (start + stop - 1) / 2
        panels[0].text(middle, 0.95, room, ha="center", va="top", size=8, transform=across)


def rooms(sites: Sequence[str]) -> list[tuple[str, int, int]]:
    """Name, first site and the one after the last, of each stretch of sites that share a room."""
    names = [site.split(".")[0] for site in sites]
    starts = [at for at, room in enumerate(names) if at == 0 or names[at - 1] != room]
    return [
        (names[start], start, stop)
        for start, stop in zip(starts, [*starts[1:], len(names)], strict=True)
    ]


def plans(several: Sequence) -> str:
    """How many they are, as "1 plan" or "3 plans"."""
    return "1 plan" if len(several) == 1 else f"{len(several)} plans"


def for_all(provenance: str, names: Sequence[str]) -> str:
    """The provenance of the first of several plans that went the same way, with all their names."""
    word = "plan" if len(names) == 1 else "plans"
    return provenance.replace(f"plan {names[0]}", f"{word} {', '.join(names)}", 1)
