"""The page of one executed notebook: it opens from a disk, offline, with sound."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import nbformat
from nbconvert import HTMLExporter

from lightning_v2.analysis.display.colours import of_plan
from lightning_v2.report.pages import outputs
from lightning_v2.report.pages.document import document
from lightning_v2.report.parameters import parameter_defaults
from lightning_v2.report.records import Run
from widgets.static import widget_html

_CODE = """
{%- extends 'basic/index.html.j2' -%}
{%- block input_group -%}
<details class="code"><summary>code</summary>{{ super() }}</details>
{%- endblock input_group -%}
"""


_HEADING = re.compile(r'<h2 id="([^"]+)">(.*?)<a class="anchor-link"', re.DOTALL)


@dataclass(frozen=True)
class Neighbours:
    """The pages before and after one, as file name and title; None at the ends."""

    before: tuple[str, str] | None = None
    after: tuple[str, str] | None = None

    def links(self) -> str:
        """Both, as they stand above and below a page."""
        found = []
        for rel, words, target in (("prev", "← {}", self.before), ("next", "{} →", self.after)):
            if target:
                path, title = map(html.escape, target)
                found.append(f'<a href="{path}" rel="{rel}">{words.format(title)}</a>')
        return " · ".join(found)


def page(
    notebook: nbformat.NotebookNode,
    run: Run,
    siblings: Sequence[Run],
    neighbours: Neighbours | None = None,
) -> tuple[str, dict[str, bytes]]:
    """HTML of one executed notebook, and the files that it offers for download.

    Args:
        notebook: with outputs; it is changed.
        run: what became of it.
        siblings: all runs of the same notebook that have a page.
        neighbours: pages before and after it.

    Returns:
        The page, and path below the site -> content of files that it links to.
    """
    title = outputs.title(notebook, run.notebook)
    files = _offer_data(notebook, run)
    values = _show_parameters(notebook, run)
    _show_widgets(notebook)
    body, _ = _exporter().from_notebook_node(notebook)
    chips = "".join(chip(other, current=other.executed == run.executed) for other in siblings)
    variants = f'<nav aria-label="Variants">{chips}</nav>' if len(siblings) > 1 else ""
    problem = (
        f'<p class="failed" role="alert">This notebook failed: {html.escape(run.error)}</p>'
        if run.error
        else ""
    )
    download = _link(f"files/{run.stem}/{run.executed}", "this notebook with its outputs")
    beside = (neighbours or Neighbours()).links()
    back = " · ".join(filter(None, ('<a href="index.html">all pages</a>', beside, download)))
    header = f'<header><p class="back">{back}</p>{variants}{_contents(body)}{problem}</header>'
    after = f'<nav class="back" aria-label="Pages">{beside}</nav>' if beside else ""
    name = " · ".join(filter(None, (title, run.plan, run.asked)))
    facts = [f"ran {run.seconds:.0f} s"]
    if "tier" in values:
        facts.append(f"emulated, {values['tier']} tier")
    return document(name, f"{header}<main>{body}</main>{after}", run.provenance, facts), files


def _contents(body: str) -> str:
    """Links to the sections of a page; nothing where there are fewer than two."""
    found = [(name, re.sub("<[^>]+>", "", words)) for name, words in _HEADING.findall(body)]
    links = "".join(f'<a href="#{name}">{words.strip()}</a>' for name, words in found)
    return f'<nav class="contents" aria-label="Contents">{links}</nav>' if len(found) > 1 else ""


def chip(run: Run, current: bool = False) -> str:
    """A link to the page of one set of parameters, in the colour of its plan."""
    state = ' aria-current="page"' if current else ""
    dot = f'<span class="dot" style="background:{of_plan(run.plan)}"></span>' if run.plan else ""
    words = html.escape(" · ".join(filter(None, (run.plan, run.asked))) or "open")
    return f'<a class="chip" href="{html.escape(run.page)}"{state}>{dot}{words}</a>'


@cache
def _exporter() -> HTMLExporter:
    return HTMLExporter(raw_template=_CODE, exclude_input_prompt=True, exclude_output_prompt=True)


def _offer_data(notebook: nbformat.NotebookNode, run: Run) -> dict[str, bytes]:
    """Put links to the data behind each figure below it."""
    files: dict[str, bytes] = {}
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            links = []
            for name, content in outputs.data_files(output).items():
                path = f"files/{run.stem}/{name}"
                if files.get(path, content) != content:
                    path = f"files/{run.stem}/{number}-{name}"
                files[path] = content
                links.append(f"{_link(path, name)} ({_size(len(content))})")
            if links:
                shown = output.data["text/html"]
                output.data["text/html"] = (
                    f'{shown}<p class="data">data of this figure: {", ".join(links)}</p>'
                )
    return files


def _link(path: str, words: str) -> str:
    return f'<a download href="{html.escape(path)}">{html.escape(words)}</a>'


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{max(count / 1e3, 0.1):.1f} kB"


def _show_parameters(notebook: nbformat.NotebookNode, run: Run) -> dict[str, object]:
    """Replace the cells that set parameters by a list of what was set, and return that."""
    values: dict[str, object] = dict(run.parameters)
    for cell in list(notebook.cells):
        tags = cell.metadata.get("tags", [])
        if "parameters" in tags:
            values = parameter_defaults(cell.source) | run.parameters
            rows = "".join(
                f"<div><dt>{html.escape(name)}</dt><dd>{html.escape(_plain(value))}</dd></div>"
                for name, value in values.items()
            )
            shown = nbformat.v4.new_markdown_cell(f'<dl class="parameters">{rows}</dl>')
            notebook.cells[notebook.cells.index(cell)] = shown
        elif "injected-parameters" in tags:
            notebook.cells.remove(cell)
    return values


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _show_widgets(notebook: nbformat.NotebookNode) -> None:
    """Replace every stored widget by HTML that needs no kernel."""
    states = outputs.widget_states(notebook)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            view = output.get("data", {}).pop(outputs.VIEW_TYPE, None)
            if view and view["model_id"] in states:
                output.data["text/html"] = widget_html(states[view["model_id"]])
    notebook.metadata.pop("widgets", None)
