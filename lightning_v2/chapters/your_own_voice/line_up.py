"""Several voices under the same plans: which is fragile, and what in it."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from lightning_v2.analysis.comparison import Comparison
from lightning_v2.analysis.display import colours
from lightning_v2.analysis.display.drawing import WIDTH
from lightning_v2.analysis.display.picture import Picture
from lightning_v2.analysis.display.tables import Sheet, number
from lightning_v2.chapters.your_own_voice.alone import Alone
from lightning_v2.chapters.your_own_voice.arms import Arm, plan_arm
from lightning_v2.chapters.your_own_voice.fitting import FittedPlans
from lightning_v2.errors import MissingFileError
from lightning_v2.model import Voice
from lightning_v2.precision import Plan
from lightning_v2.voices import load

_SHOWN = {
    "PESQ-WB (MOS-LQO)": "pesq_wb_mos",
    "LSD (dB)": "lsd_db",
    "F0, median (cents)": "f0_median_cents",
    "drift, p95 (cycles)": "fundamental_drift_p95_cycles",
    "hiss (dB)": "hiss_rise_db",
    "clicks (1/s)": "clicks_per_s",
    "onsets lose (dB)": "onset_loss_db",
    "pinned (%)": "pinned_percent",
}

_DARKEST_DB = 5.0


@dataclass(frozen=True, eq=False)
class LineUp:
    """Voices that are installed, with plans for each, and what to do about the others.

    Attributes:
        voices: in the order in which they were asked for.
        plans: of each voice, the same ones, without rules for sites that it has not.
        missing: name -> why it is not here, in a line.
    """

    voices: Mapping[str, Voice]
    plans: Mapping[str, tuple[Plan, ...]]
    missing: Mapping[str, str]

    @classmethod
    def of(cls, names: Sequence[str], plans: Sequence[Plan | str | Path]) -> "LineUp":
        """The voices of these names; one whose files or packages are not there is left out.

        Raises:
            CheckpointError, OnnxError, ArgumentError: see `load`. PlanError: see `FittedPlans.of`.
        """
        voices, missing = {}, {}
        for name in names:
            try:
                voices[name] = load(name)
            except MissingFileError as error:
                missing[name] = str(error)
        fitted = {name: FittedPlans.of(voice, plans).plans for name, voice in voices.items()}
        return cls(voices, fitted, missing)

    def __repr__(self) -> str:
        asked = len(self.voices) + len(self.missing)
        lines = [
            f"{len(self.voices)} of {asked} voices are here: {', '.join(self.voices) or 'none'}"
        ]
        return "\n".join([*lines, *(f"{name} is not: {why}" for name, why in self.missing.items())])

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{html.escape(line)}</li>" for line in repr(self).splitlines())
        return f'<div class="findings"><ul>{items}</ul></div>'


def line_up_sheet(found: Mapping[str, Sequence[Comparison]], floors: Mapping[str, Arm]) -> Sheet:
    """A row a voice and plan, and one a voice for float32 with other noise.

    Args:
        found: voice -> comparisons.
        floors: voice -> float32 against itself.
    """
    rows = []
    for name, several in found.items():
        for arm in (floors[name], *map(plan_arm, several)):
            values = {column: number(arm.values[key]) for column, key in _SHOWN.items()}
            rows.append({"voice": name, "run": arm.name, **values})
    first = next(iter(found.values()))[0]
    caption = (
        f"“another seed” is float32 against itself with other noise: no precision is lost in it. "
        f"–: no value, because time differs or the voice has no such thing. Plans emulated, "
        f"{first.tier} tier, {first.run}; references: PyTorch float32."
    )
    return Sheet(pd.DataFrame(rows), caption)


def fragility(found: Mapping[str, Sequence[Alone]]) -> Picture:
    """A column a voice, a row a kind of operation or a part: how far the spectrum moves if that
    alone is low.

    Args:
        found: voice -> its groups, each alone under one plan.
    """
    first = next(iter(found.values()))[0]
    groups = list(dict.fromkeys(one.group for several in found.values() for one in several))
    values = np.full((len(groups), len(found)), np.nan)
    for column, several in enumerate(found.values()):
        for one in several:
            values[groups.index(one.group), column] = one.values["lsd_db"]
    figure = Figure(figsize=(WIDTH, 1.2 + 0.36 * len(groups)), layout="constrained")
    axes = figure.subplots()
    # Tints that leave the ink of either theme readable.
    tints = np.zeros((*values.shape, 4))
    tints[..., :3] = to_rgb(colours.of_plan(first.plan))
    tints[..., 3] = 0.75 * np.clip(np.nan_to_num(values) / _DARKEST_DB, 0, 1)
    axes.imshow(tints, aspect="auto")
    for row, column in np.argwhere(~np.isnan(values)):
        axes.text(column, row, number(values[row, column]), ha="center", va="center", size=9)
    axes.set_yticks(range(len(groups)), labels=groups)
    axes.set_xticks(range(len(found)), labels=list(found))
    axes.set_title("log-spectral distance from float32 (dB)", loc="left")
    worst = "; ".join(
        f"{name}: {max(several, key=_distance).group}" for name, several in found.items()
    )
    alt = f"Log-spectral distance with one group of sites low at a time. Worst: {worst}."
    caption = (
        f"one group of sites at a time as in plan {first.plan}, emulated, {first.tier} tier; "
        "all others and the reference: PyTorch float32. Blank: the voice has none."
    )
    table = pd.DataFrame(
        {"voice": name, "group": one.group, "sites": len(one.sites), **one.values}
        for name, several in found.items()
        for one in several
    )
    return Picture(figure, alt, caption, {"fragility": table})


def _distance(one: Alone) -> float:
    value = one.values["lsd_db"]
    return -1.0 if np.isnan(value) else float(value)
