"""Figure of sounds whose samples are stored in each format."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lightning_v2.analysis.display import colours
from lightning_v2.analysis.display.drawing import WIDTH
from lightning_v2.analysis.display.picture import Picture
from lightning_v2.analysis.metrics.audio_metrics import snr_db
from lightning_v2.chapters.number_formats.stored_samples import (
    STORED,
    Sound,
    frequencies_hz,
    spectrum_dbfs,
)

_CLOSE_S = 0.005
_STYLES = {"bfloat16": ":", "bfloat8_b": "-", "bfloat4_b": "--"}


def stored_sounds(found: list[Sound]) -> Picture:
    """5 ms of each sound with its stored samples, and its spectrum over those of the errors."""
    figure = Figure(figsize=(WIDTH, 5.8), layout="constrained")
    panels = figure.subplots(2, len(found), squeeze=False)
    words, spectra = [], []
    for (close, below), sound in zip(panels.T, found, strict=True):
        size = int(_CLOSE_S * sound.sample_rate)
        middle = len(sound.waveform) // 32 * 16
        some = slice(middle, middle + size)
        times_ms = np.arange(len(sound.waveform[some])) / sound.sample_rate * 1000
        close.plot(times_ms, sound.waveform[some], color=colours.REFERENCE, linewidth=2.4)
        coarse = STORED[-1]
        close.step(times_ms, sound.stored[coarse][some], where="mid", linewidth=1.1,
                   color=colours.FORMATS[coarse], label=f"samples, {coarse}")  # fmt: skip
        close.set(xlabel="time (ms)", xlim=(0, 1000 * _CLOSE_S))
        close.yaxis.set_major_formatter("{x:.3g}")
        close.set_title(sound.kind, loc="left")
        khz = frequencies_hz(sound.sample_rate) / 1000
        table = {"sound": sound.kind, "frequency_khz": khz}
        table["signal_dbfs"] = spectrum_dbfs(sound.waveform)
        below.plot(khz, table["signal_dbfs"], color=colours.REFERENCE, linewidth=2.2,
                   label="the sound")  # fmt: skip
        for dtype in STORED:
            table[f"{dtype}_error_dbfs"] = spectrum_dbfs(sound.error(dtype))
            errors = table[f"{dtype}_error_dbfs"]
            below.plot(khz, errors, color=colours.FORMATS[dtype], linestyle=_STYLES[dtype],
                       linewidth=1.5, label=f"error, {dtype}")  # fmt: skip
        below.set(xlabel="frequency (kHz)", ylim=(-165, -15), xlim=(0, khz[-1]))
        spectra.append(pd.DataFrame(table))
        ratios = ", ".join(
            f"{dtype} {snr_db(sound.waveform, sound.stored[dtype]):.0f} dB" for dtype in STORED
        )
        words.append(f"{sound.kind}: {ratios}")
    panels[0, 0].set_ylabel("full scale = 1")
    panels[1, 0].set_ylabel("level (dBFS)")
    pairs = zip(*(axes.get_legend_handles_labels() for axes in panels[:, 0]), strict=True)
    figure.legend(
        *(above + below for above, below in pairs),
        loc="outside lower center", ncols=5, frameon=False, fontsize=8,
    )  # fmt: skip
    alt = f"Signal to error of samples stored in each format. {'; '.join(words)}."
    places = "; ".join(sound.words for sound in found)
    caption = f"Samples packed in blocks of 16, emulated bit for bit; not a plan. {places}."
    waves = {
        f"{sound.kind}_{name}": wave
        for sound in found
        for name, wave in (("samples", sound.waveform), *sound.stored.items())
    }
    waves["sample_rate_hz"] = np.array(found[0].sample_rate)
    data = {"spectra": pd.concat(spectra), "stored_sounds": waves}
    return Picture(figure, alt, caption, data)
