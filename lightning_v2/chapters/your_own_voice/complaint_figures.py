"""What one may complain of, beside what float32 does against itself: sheet, hiss, phones."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lightning_v2.analysis.comparison import Comparison
from lightning_v2.analysis.display import colours
from lightning_v2.analysis.display.drawing import LINES, MARKS, WIDTH, for_all
from lightning_v2.analysis.display.picture import Note, Picture
from lightning_v2.analysis.display.tables import Sheet, number
from lightning_v2.analysis.metrics.alignment import paired_samples, pairing
from lightning_v2.analysis.metrics.complaints.complaints import COMPLAINTS
from lightning_v2.analysis.metrics.complaints.hiss import hiss
from lightning_v2.analysis.metrics.complaints.phone_lengths import phone_lengths
from lightning_v2.analysis.metrics.metric import METRICS
from lightning_v2.analysis.metrics.sanity import flaw
from lightning_v2.chapters.your_own_voice.arms import Arm

_BESIDE = ("pesq_wb_mos", "lsd_db", "f0_median_cents", "length_change_percent")
"""Metrics that stand beside the complaints."""

_MEASURES = (*COMPLAINTS, *(metric for metric in METRICS if metric.name in _BESIDE))


def complaint_sheet(arms: Sequence[Arm], provenance: str) -> Sheet:
    """A row a measure, a column an arm.

    Args:
        arms: float32 against itself, and plans.
        provenance: of the plans.
    """
    rows = [
        {
            "measure": f"{metric.label} ({metric.unit.split(',')[0]})",
            **{arm.name: number(arm.values[metric.name]) for arm in arms},
        }
        for metric in _MEASURES
    ]
    words = "; ".join(f"{arm.name}: {arm.what}" for arm in arms if arm.what not in provenance)
    caption = (
        "Less is better, of PESQ more; –: no value there. Durations and lengths of plans: running "
        f"freely. {words}. {provenance}."
    )
    return Sheet(pd.DataFrame(rows), caption)


def measure_words() -> Sheet:
    """A row a measure: what it hears, what it is deaf to, and which way is better; folded away."""
    rows = [
        {
            "measure": metric.label,
            "unit": metric.unit,
            "better": metric.better,
            "hears": metric.hears,
            "is deaf to": metric.deaf_to,
            "has no value where": metric.undefined,
        }
        for metric in _MEASURES
    ]
    return Sheet(pd.DataFrame(rows), "The measures.", shown=0)


def hiss_levels(arms: Sequence[Arm]) -> Picture | Note:
    """Level in the pauses of the reference, band by band."""
    heard = {arm.name: found for arm in arms if (found := _hiss(arm)) is not None}
    if not heard:
        return Note("Not drawn: the sentence has no pause, or nothing can be paired.")
    figure = Figure(figsize=(WIDTH, 3.4), layout="constrained")
    axes = figure.subplots()
    first = next(iter(heard.values()))
    bands = [
        f"{low / 1000:g} to {high / 1000:g}"
        for low, high in zip(first.edges_hz[:-1], first.edges_hz[1:], strict=True)
    ]
    places = np.arange(len(bands))
    axes.plot(places, first.reference_dbfs, color=colours.REFERENCE, lw=5, alpha=0.5,
              label="reference")  # fmt: skip
    for index, (name, found) in enumerate(heard.items()):
        axes.plot(
            places,
            found.candidate_dbfs,
            LINES[index % len(LINES)],
            marker=MARKS[index % len(MARKS)],
            color=colours.of_plan(name),
            label=name,
        )
    axes.set_xticks(places, labels=bands)
    axes.set(xlabel="band (kHz)", ylabel="level in pauses (dBFS)")
    axes.legend(frameon=False, fontsize=8, ncols=2)
    rises = ", ".join(f"{name} {found.rise_db.max():+.1f} dB" for name, found in heard.items())
    alt = f"Levels in the pauses in {len(bands)} bands. Largest rise: {rises}."
    table = pd.DataFrame({"band_khz": bands, "reference_dbfs": first.reference_dbfs})
    table = table.assign(**{name: found.candidate_dbfs for name, found in heard.items()})
    caption = "grey: reference, PyTorch float32; plans emulated, the others not"
    return Picture(figure, alt, caption, {"hiss": table})


def _hiss(arm: Arm):
    waves = arm.reference.waveform, arm.candidate.waveform
    if any(map(flaw, waves)) or pairing(arm.reference, arm.candidate) == "nothing":
        return None
    there, _ = paired_samples(arm.reference, arm.candidate)
    found = hiss(*waves, arm.reference.sample_rate, there)
    return None if np.isnan(found.candidate_dbfs).any() else found


def phone_changes(comparisons: Sequence[Comparison]) -> Picture | Note:
    """How much longer each phone lasts under each plan, in ms.

    Args:
        comparisons: free-running, of one text.
    """
    tables = {c.plan.name: phone_lengths(c.reference, c.candidate) for c in comparisons}
    first = next(iter(tables.values()))
    if not len(first):
        return Note("Not drawn: the voice does not tell how long its phones last.")
    figure = Figure(figsize=(WIDTH, 0.8 + 1.1 * len(tables)), layout="constrained")
    rows = figure.subplots(len(tables), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    words = []
    for axes, (name, table) in zip(rows, tables.items(), strict=True):
        axes.bar(range(len(table)), table["change_ms"], color=colours.of_plan(name))
        axes.axhline(0, color=colours.REFERENCE, linewidth=0.8)
        axes.set_title(name, loc="left", fontsize=9)
        axes.set_ylabel("ms")
        worst = table.loc[table["change_ms"].abs().idxmax()]
        [phone] = _named([worst["phone"]])
        words.append(f"{name} {worst['change_ms']:+.0f} ms at {phone}")
    rows[-1].set_xticks(range(len(first)), labels=_named(first["phone"]), fontsize=8)
    rows[-1].set_xlabel("phones in order")
    alt = f"By how much {len(first)} phones last longer. Most: {'; '.join(words)}."
    table = pd.concat([t.assign(plan=name) for name, t in tables.items()], ignore_index=True)
    return Picture(figure, alt, for_all(comparisons[0].provenance, [*tables]), {"phones": table})


def _named(phones: Iterable[str]) -> list[str]:
    """Phones for a reader: a blank is marked."""
    return [phone.strip() or "␣" for phone in phones]
