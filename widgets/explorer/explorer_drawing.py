"""Ticks, colours, curves and maps of pictures, as plain values for a browser."""

import base64
import io
import math

import matplotlib
import numpy as np
from matplotlib.ticker import MaxNLocator
from PIL import Image

from lightning_v2.analysis.display import colours
from lightning_v2.analysis.display.drawing import rooms

COLUMNS = 600
ROWS = 260
"""A picture has no more than that: it is drawn in 200 to 400 points."""
LAYER_RANGE_DB = (0.0, 60.0)
_NOTHING = 255  # index of a pixel of which nothing is known


def axis(low: float, high: float, label: str) -> dict:
    """Ticks as [position from 0 to 1, text]."""
    steps = MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(low, high)
    inside = [tick for tick in steps if low <= tick <= high]
    span = (high - low) or 1.0
    ticks = [[round((tick - low) / span, 4), f"{tick:g}".replace("-", "−")] for tick in inside]
    return {"label": label, "ticks": ticks}


def scale(
    name: str, limits: tuple[float, float], label: str, ends: tuple[str, str] | None = None
) -> dict:
    """What the colours of a map mean: nine of them from its lowest value to its highest."""
    shades = matplotlib.colormaps[name](np.linspace(0, 1, 9))
    return {
        "label": label,
        "colours": [matplotlib.colors.to_hex(shade) for shade in shades],
        "ends": ends or [f"{limit:g}".replace("-", "−") for limit in limits],
    }


def png(values: np.ndarray, name: str, reach: float) -> str:
    """Values (F, T) from -reach to reach as a PNG in a string, low frequencies at the bottom.

    Of neighbouring bins that share a row of the picture, the one that is furthest from 0 counts.
    """
    values = pooled(values)
    known = np.isfinite(values)
    scaled = np.clip((np.where(known, values, 0.0) + reach) / (2 * reach), 0, 1) * (_NOTHING - 1)
    pixels = np.where(known, np.round(scaled), _NOTHING).astype(np.uint8)[::-1]
    image = Image.fromarray(np.ascontiguousarray(pixels), mode="P")
    shades = matplotlib.colormaps[name](np.linspace(0, 1, _NOTHING))[:, :3]
    image.putpalette((np.round(shades * 255)).astype(np.uint8).tobytes() + b"\0\0\0")
    file = io.BytesIO()
    image.save(file, format="PNG", transparency=_NOTHING, compress_level=3)
    return base64.b64encode(file.getvalue()).decode("ascii")


def pooled(values: np.ndarray) -> np.ndarray:
    """Values (F, T) in at most `ROWS` rows; NaN where a row has nothing else."""
    share = -(-len(values) // ROWS)
    padding = ((0, -len(values) % share), (0, 0))
    groups = np.pad(values, padding, constant_values=np.nan).reshape(-1, share, values.shape[1])
    furthest = np.where(np.isnan(groups), -1.0, np.abs(groups)).argmax(axis=1)
    return np.take_along_axis(groups, furthest[:, None], axis=1)[:, 0]


def trace(label: str, colour: str, wave: np.ndarray, full: float) -> dict:
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


def line(
    label: str,
    colour: str,
    times: np.ndarray,
    values: np.ndarray,
    end: float,
    limits: tuple[float, float],
) -> dict:
    """A curve of (T,): [x, y] from 0 to 1 of each frame, None where there is no value."""
    low, high = limits
    points = [
        [round(float(t / end), 4), round(float((v - low) / (high - low)), 4)]
        if math.isfinite(v)
        else None
        for t, v in zip(times, values, strict=True)
    ]
    return {"label": label, "colour": colour, "points": points}


def decibels(values) -> list[float | str | None]:
    """To one decimal; "identical" where there is no error, None where nothing is known."""
    words = {math.inf: "identical", -math.inf: "−∞"}
    return [None if math.isnan(v) else words.get(v) or round(float(v), 1) for v in values]


def tones(values: np.ndarray) -> list[str | None]:
    """Colours of signal to error in dB; None where nothing is known."""
    low, high = LAYER_RANGE_DB
    shades = matplotlib.colormaps[colours.LEVEL_MAP](np.clip((values - low) / (high - low), 0, 1))
    return [
        None if math.isnan(value) else matplotlib.colors.to_hex(shade)
        for value, shade in zip(values, shades, strict=True)
    ]


def parts(sites: list[str]) -> list[list]:
    """[name, share of the sites] of each part of the model."""
    return [[room, (stop - start) / len(sites)] for room, start, stop in rooms(sites)]
