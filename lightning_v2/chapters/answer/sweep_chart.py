"""The tries of a sweep as the clips of a player, and the chart whose marks they are."""

import math

import numpy as np

from lightning_v2.analysis.display import colours
from lightning_v2.chapters.answer.sweep import FORMATS, PLANS, Sweep
from lightning_v2.chapters.answer.sweep_tables import colour_of, label_of, words_of

RANGE = (0.03, 100.0)
"""Shares that are drawn; what lies beyond stands at the edge."""


def versions(found: Sweep) -> list[tuple[str, np.ndarray, int, str, str]]:
    """Label, waveform (N,), rate in Hz, colour and note of the reference and of every try."""
    said = found.reference
    first = "reference", said.waveform, said.sample_rate, colours.REFERENCE, "PyTorch float32"
    return [
        first,
        *(
            (label_of(one), one.speech.waveform, said.sample_rate, colour_of(one), words_of(one))
            for one in found.tries
        ),
    ]


def chart(found: Sweep) -> dict:
    """What `ABPlayer.chart` draws: a panel a part, a mark a try; clip 0 is the reference."""
    groups = list(dict.fromkeys(one.group for one in found.tries))
    return {
        "axis": "used of the nearest limit",
        "range": RANGE,
        "limit": 1.0,
        "series": [{"name": name, "colour": colours.FORMATS[name]} for name in FORMATS],
        "panels": [_panel(found, group) for group in groups],
        "caption": f"1 is the limit of the equivalence test. {found.provenance}.",
    }


def sites_words(count: int) -> str:
    """As "1 site" or "2 sites"."""
    return "1 site" if count == 1 else f"{count} sites"


def _panel(found: Sweep, group: str) -> dict:
    mine = [(clip, one) for clip, one in enumerate(found.tries, 1) if one.group == group]
    plans = group == PLANS
    columns = list(dict.fromkeys(one.column for _, one in mine))
    return {
        "title": group,
        "small": sites_words(mine[0][1].sites),
        "columns": columns,
        "series": 1 if plans else len(FORMATS),
        "marks": [
            {
                "clip": clip,
                "column": columns.index(one.column),
                "series": 0 if plans else FORMATS.index(one.series),
                "colour": colour_of(one),
                "value": one.most if math.isfinite(one.most) else None,
                "kept": one.kept,
                "words": f"{label_of(one)}: {words_of(one)}",
            }
            for clip, one in mine
        ],
    }
