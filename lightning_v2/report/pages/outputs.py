"""What an executed notebook holds: title, widgets, pictures, figures of a comparison, data."""

import base64
import io
import re

import nbformat
from PIL import Image

from lightning_v2.analysis.display.figure_data import DATA_TYPE, unbundle
from lightning_v2.analysis.display.tables import METRICS_TYPE

VIEW_TYPE = "application/vnd.jupyter.widget-view+json"
STATE_TYPE = "application/vnd.jupyter.widget-state+json"
PLAYER = "widgets.player.ab_player.ABPlayer"

INDEX_TAG = "index"
"""Of a cell whose output is shown on the index as well."""

_THUMBNAIL_WIDTH = 400
_SOURCES = re.compile(r'(?:src|srcset)="data:image/webp;base64,([^"]+)"')


def title(notebook: nbformat.NotebookNode, otherwise: str) -> str:
    """First heading of a notebook."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("# "):
            return cell.source.splitlines()[0][2:].strip()
    return otherwise


def lead(notebook: nbformat.NotebookNode) -> str:
    """First paragraph below the first heading, without marks of emphasis."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("# "):
            _, _, rest = cell.source.partition("\n")
            paragraph = rest.strip().partition("\n\n")[0]
            return re.sub(r"[*`]", "", " ".join(paragraph.split()))
    return ""


def widget_states(notebook: nbformat.NotebookNode) -> dict[str, dict]:
    """States of all anywidgets by model id."""
    stored = notebook.metadata.get("widgets", {}).get(STATE_TYPE, {}).get("state", {})
    return {
        model: entry["state"] for model, entry in stored.items() if "_esm" in entry.get("state", {})
    }


def players(notebook: nbformat.NotebookNode) -> list[dict]:
    """States of its players."""
    return [s for s in widget_states(notebook).values() if s.get("_anywidget_id") == PLAYER]


def metrics(notebook: nbformat.NotebookNode) -> dict | None:
    """The figures that a notebook keeps for its reader, see `analysis.tables`."""
    for output in _outputs(notebook):
        if METRICS_TYPE in output.get("data", {}):
            return output.data[METRICS_TYPE]
    return None


def for_index(notebook: nbformat.NotebookNode) -> list[tuple[str, str | dict]]:
    """Outputs of the cells with `INDEX_TAG`: the heading that each stands below, and HTML or the
    state of an anywidget."""
    states, found, heading = widget_states(notebook), [], ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            heading = cell.source.splitlines()[0][3:].strip()
        if INDEX_TAG not in cell.metadata.get("tags", []):
            continue
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            model = data.get(VIEW_TYPE, {}).get("model_id")
            if model in states:
                found.append((heading, states[model]))
            elif "text/html" in data:
                found.append((heading, data["text/html"]))
    return found


def data_files(output: nbformat.NotebookNode) -> dict[str, bytes]:
    """File name -> content of the data behind an output; empty if there is none."""
    stored = output.get("data", {}).get(DATA_TYPE)
    return unbundle(stored) if stored else {}


def thumbnail(notebook: nbformat.NotebookNode) -> tuple[str, str] | None:
    """The first picture, small, light and dark, as URLs; None if there is none."""
    for output in _outputs(notebook):
        found = _SOURCES.findall(output.get("data", {}).get("text/html", ""))
        if len(found) == 2:
            dark, light = found
            return _small(light), _small(dark)
    return None


def _small(picture: str) -> str:
    """The upper part of a WebP picture (base64) at 16 to 10, as a URL."""
    image = Image.open(io.BytesIO(base64.b64decode(picture)))
    image = image.crop((0, 0, image.width, min(image.height, image.width * 10 // 16)))
    image.thumbnail((_THUMBNAIL_WIDTH, _THUMBNAIL_WIDTH))
    small = io.BytesIO()
    image.save(small, "WEBP", quality=80)
    return f"data:image/webp;base64,{base64.b64encode(small.getvalue()).decode()}"


def _outputs(notebook: nbformat.NotebookNode):
    for cell in notebook.cells:
        yield from cell.get("outputs", [])
