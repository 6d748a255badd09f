"""Figures of a localisation: which site hurts which band, and when."""

from matplotlib.figure import Figure

from lightning_v2.analysis.display import colours
from lightning_v2.analysis.display.drawing import draw_frames
from lightning_v2.analysis.display.figures import LEVEL_RANGE_DB
from lightning_v2.analysis.display.picture import Picture
from lightning_v2.analysis.sites.localisation import Localisation

RATIO_RANGE_DB = (0.0, 60.0)
_WIDTH = 8.2


def bands(localisation: Localisation, worst: int = 20) -> Picture:
    """Signal to error in every band, of the sites that hurt most."""
    table = localisation.table.sort_values("snr_db").head(worst)
    names = [name for name in table if name.startswith("snr_db_")]
    figure = Figure(figsize=(_WIDTH, 1.6 + 0.24 * len(table)), layout="constrained")
    axes = figure.subplots()
    values = table[names].to_numpy(float)
    low, high = RATIO_RANGE_DB
    shown = axes.imshow(values, aspect="auto", cmap=colours.LEVEL_MAP, vmin=low, vmax=high)
    edges = [name.removeprefix("snr_db_").removesuffix("_hz").split("_to_") for name in names]
    axes.set_xticks(
        range(len(names)), labels=[f"{int(a) / 1000:g}–{int(b) / 1000:g}" for a, b in edges]
    )
    axes.set_yticks(range(len(table)), labels=table["site"], size=8)
    axes.set(xlabel="band (kHz)")
    axes.set_title(f"{localisation.plan.name}: one site alone in low precision", loc="left")
    figure.colorbar(shown, ax=axes, label="signal to error (dB)", extend="both", pad=0.01)
    first = table.iloc[0]
    alt = (
        f"Signal to error in {len(names)} bands for {len(table)} of {len(localisation.sites)} "
        f"sites under {localisation.plan.name}. Worst: {first['site']}, {first['snr_db']:.1f} dB."
    )
    return Picture(figure, alt, localisation.provenance, {"sites": localisation.table})


def over_time(localisation: Localisation, site: str) -> Picture:
    """Level of the reference, and of what one site alone adds to it, over time and frequency.

    Raises:
        ValueError: the site is not among those of the localisation.
    """
    error = localisation.error_of(site)
    figure = Figure(figsize=(_WIDTH, 4.8), layout="constrained")
    rows = figure.subplots(2, 1, sharex=True)
    times = localisation.times_s
    heights = (0, localisation.band_edges_hz[-1] / 1000)
    titles = ("reference", f"error of {site} alone")
    for axes, levels, title in zip(rows, (localisation.reference_dbfs, error), titles, strict=True):
        shown = draw_frames(axes, levels, times, heights, colours.LEVEL_MAP, LEVEL_RANGE_DB)
        axes.set_ylabel("frequency (kHz)")
        axes.set_title(title, loc="left")
    rows[1].set_xlabel("time (s)")
    figure.colorbar(shown, ax=rows, label="level in 500 Hz (dBFS)", extend="both", pad=0.01)
    ratio = localisation.snr_db[localisation.sites.index(site)]
    alt = (
        f"Level of the reference and of the error that {site} alone makes under "
        f"{localisation.plan.name}; signal to error {ratio:.1f} dB."
    )
    data = {
        "error_over_time": {
            "times_s": times,
            "band_edges_hz": localisation.band_edges_hz,
            "reference_dbfs": localisation.reference_dbfs,
            "error_dbfs": error,
        }
    }
    return Picture(figure, alt, localisation.provenance, data)
