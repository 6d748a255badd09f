"""A comparison to show around: sounds, a page that opens offline, and all figures as JSON."""

import html
import io
import json
import math
from pathlib import Path

import numpy as np
import soundfile

from lightning_v2.analysis.comparison import Comparison
from lightning_v2.analysis.display import figures
from lightning_v2.analysis.display.findings import Findings
from lightning_v2.analysis.display.tables import MetricsTable
from lightning_v2.analysis.metrics.metric import metrics_of
from lightning_v2.errors import ArgumentError, MissingFileError
from lightning_v2.files import written_whole
from lightning_v2.report.pages.document import document
from widgets import ABPlayer
from widgets.static import widget_html

FILES = ("index.html", "comparison.json", "reference.wav", "candidate.wav", "difference.wav")


def check_folder(folder: Path) -> None:
    """Refuse, before anything is computed, a folder that cannot be written or that is in use.

    Raises:
        MissingFileError: there is nothing for it to be in.
        ArgumentError: it is a file, or holds files that are not of a comparison.
    """
    if not folder.parent.is_dir():
        raise MissingFileError(f"{folder.parent} is not a folder")
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ArgumentError(f"{folder} is a file, and a folder is needed")
    others = sorted(path.name for path in folder.iterdir() if path.name not in FILES)
    if others:
        raise ArgumentError(f"{folder} holds other files, such as {others[0]}: name a new folder")


def write_folder(folder: Path, comparison: Comparison, origin: dict) -> None:
    """Write `FILES` into a folder, which is made if it is not there; see `check_folder`.

    Args:
        folder: where.
        comparison: of one text.
        origin: its provenance, see `provenance.provenance`; with voice and seed.
    """
    folder.mkdir(exist_ok=True)
    rate = comparison.reference.sample_rate
    waves = comparison.reference.waveform, comparison.candidate.waveform, comparison.difference
    record = json.dumps(_record(comparison, origin), indent=2, allow_nan=False) + "\n"
    contents = [_page(comparison, origin).encode(), record.encode()]
    contents += [_float_wav(wave, rate) for wave in waves]
    for name, content in zip(FILES, contents, strict=True):
        with written_whole(folder / name) as part:
            part.write_bytes(content)


def _float_wav(wave: np.ndarray, rate: int) -> bytes:
    """Every bit of a waveform (N,): what a plan changes may lie below the steps of 16-bit PCM."""
    file = io.BytesIO()
    soundfile.write(file, wave, rate, subtype="FLOAT", format="WAV")
    return file.getvalue()


def _record(comparison: Comparison, origin: dict) -> dict:
    reasons = comparison.unmeasured
    rows = [
        {
            "name": metric.name,
            "label": metric.label,
            "value": _storable(value := comparison.metrics[metric.name]),
            "unit": metric.unit,
            "better": metric.better,
            "relation": metric.relation,
            "limit": metric.bound,
            "kept": metric.holds(value),
            "unmeasured": reasons.get(metric.name),
        }
        for metric in metrics_of(comparison.run)
    ]
    layers = comparison.layers.astype(object).to_dict("records")
    return {
        "kind": "emulated",
        "text": comparison.reference.text,
        "plan": comparison.plan.name,
        "plan_digest": comparison.plan.digest,
        "reference": comparison.reference_name,
        "tier": comparison.tier,
        "run": comparison.run,
        "sample_rate_hz": comparison.reference.sample_rate,
        "verdict": Findings(comparison).verdict,
        "metrics": rows,
        "layers": [{name: _storable(value) for name, value in row.items()} for row in layers],
        **origin,
    }


def _storable(value: object) -> object:
    """As JSON has it: nothing for NaN, text for what is infinite."""
    if not isinstance(value, float):
        return value
    if math.isnan(value):
        return None
    return float(value) if math.isfinite(value) else str(value)


def _page(comparison: Comparison, origin: dict) -> str:
    title = f"{comparison.plan.name} against {comparison.reference_name}"
    links = ", ".join(f'<a download href="{name}">{name}</a>' for name in FILES[1:])
    parts = [
        Findings(comparison),
        figures.spectrograms(comparison),
        figures.layer_errors(comparison),
        MetricsTable(comparison),
    ]
    shown = "".join(map(_html, parts))
    body = (
        f"<header><h1>{html.escape(title)}</h1>"
        f'<p class="said">“{html.escape(comparison.reference.text)}”</p></header>'
        f"<main>{widget_html(ABPlayer.of(comparison).get_state())}{shown}"
        f'<p class="data">beside this page: {links}</p></main>'
    )
    return document(title, body, origin)


def _html(part: object) -> str:
    """As a notebook shows it."""
    if hasattr(part, "_repr_html_"):
        return part._repr_html_()
    return part._repr_mimebundle_()["text/html"]
