"""Pages that open from a disk, offline, with sound: everything they need is inside them."""

import html
import json
import math
from functools import lru_cache
from pathlib import Path
from string import Template

import nbformat
from nbconvert import HTMLExporter
from pygments.formatters import HtmlFormatter

from lightning_v2.analysis.audio_metrics import METRICS, Metric
from lightning_v2.analysis.colours import of_plan
from lightning_v2.analysis.tables import METRICS_TYPE, number
from widgets.static import widget_html

from .parameters import parameter_defaults
from .records import Report, Run, write_whole

HERE = Path(__file__).parent
VIEW_TYPE = "application/vnd.jupyter.widget-view+json"
STATE_TYPE = "application/vnd.jupyter.widget-state+json"
PLAYER = "widgets.ab_player.ABPlayer"
KEY_METRICS = (
    "pesq_wb_mos",
    "lsd_db",
    "f0_p95_cents",
    "fundamental_drift_p95_cycles",
    "pause_rise_db",
)

_CODE = """
{%- extends 'basic/index.html.j2' -%}
{%- block input_group -%}
<details class="code"><summary>code</summary>{{ super() }}</details>
{%- endblock input_group -%}
"""


def write_page(executed: Path, page: Path, run: Run, report: Report) -> None:
    """The page of one executed notebook.

    Args:
        executed: notebook with outputs.
        page: HTML file to write.
        run: what became of it.
        report: for provenance and the way to the other pages.
    """
    notebook = nbformat.read(executed, as_version=4)
    _show_parameters(notebook, run)
    _show_widgets(notebook)
    exporter = HTMLExporter(
        raw_template=_CODE, exclude_input_prompt=True, exclude_output_prompt=True
    )
    body, _ = exporter.from_notebook_node(notebook)
    siblings = [other for other in report.runs if other.notebook == run.notebook and other.page]
    links = "".join(_chip(other, current=other is run) for other in siblings if other.plan)
    problem = (
        f'<p class="failed" role="alert">This notebook failed: {html.escape(run.error)}</p>'
        if run.error
        else ""
    )
    plans = f'<nav aria-label="Plans">{links}</nav>' if links else ""
    header = f'<p class="back"><a href="index.html">all pages</a></p>{plans}{problem}'
    title = f"{_title(notebook, run)} · {run.plan}" if run.plan else _title(notebook, run)
    write_whole(page, _page(title, f"{header}<main>{body}</main>", report, run))


def write_index(executed: Path, page: Path, report: Report) -> None:
    """The page that leads to all others: a player over all plans, their key figures, failures."""
    sections = []
    for name in dict.fromkeys(run.notebook for run in report.runs):
        runs = [run for run in report.runs if run.notebook == name]
        notebooks = {
            run.executed: nbformat.read(executed / run.executed, as_version=4)
            for run in runs
            if run.page
        }
        sections.append(_section(runs, notebooks))
    failed = sum(not run.ok for run in report.runs)
    status = f"{len(report.runs) - failed} of {len(report.runs)} ran through"
    body = (
        "<h1>Lightning V2</h1>"
        '<p class="lead">How little precision can a text-to-speech model run on before anyone can'
        " hear it? Every page is an executed notebook: it opens offline, with sound.</p>"
        f"<p>{status}.</p><main>{''.join(sections) or '<p>Nothing ran.</p>'}</main>"
    )
    write_whole(page, _page("Lightning V2", body, report))


def _section(runs: list[Run], notebooks: dict[str, nbformat.NotebookNode]) -> str:
    """One notebook on the index."""
    summaries = {name: _metrics(notebook) for name, notebook in notebooks.items()}
    first = next(iter(notebooks.values()), None)
    title = _title(first, runs[0]) if first else Path(runs[0].notebook).stem
    text = next((summary["text"] for summary in summaries.values() if summary), None)
    said = f'<p class="said">“{html.escape(text)}”</p>' if text else ""
    player = _joint_player(notebooks.values())
    # Not every notebook compares two speeches.
    compared = any(summaries.values())
    shown = [metric for metric in METRICS if compared and metric.name in KEY_METRICS]
    rows = "".join(_row(run, summaries.get(run.executed), shown) for run in runs)
    heads = (
        "".join(
            f'<th scope="col">{html.escape(metric.label)}'
            f"<small>{'MOS' if 'MOS' in metric.unit else metric.unit}</small></th>"
            for metric in shown
        )
        or "<th></th>"
    )
    caption = (
        "<caption>Against the reference, emulated on a CPU; a full table with bounds is on each "
        "page.</caption>"
    )
    return (
        f'<section><h2>{html.escape(title)}</h2>{said}{player}<div class="table"><table>'
        f"{caption if compared else ''}"
        f'<thead><tr><th scope="col">page</th>{heads}<th scope="col">run<small>s</small></th></tr>'
        f"</thead><tbody>{rows}</tbody></table></div></section>"
    )


def _row(run: Run, summary: dict | None, shown: list[Metric]) -> str:
    name = html.escape(run.plan or Path(run.notebook).stem)
    dot = f'<span class="dot" style="background:{of_plan(run.plan)}"></span>' if run.plan else ""
    link = f'{dot}<a href="{html.escape(run.page)}">{name}</a>' if run.page else dot + name
    if run.error:
        return (
            f'<tr><th scope="row">{link}</th><td class="failed" colspan="{max(len(shown), 1)}">'
            f'failed: {html.escape(run.error)}</td><td class="number">{run.seconds:.0f}</td></tr>'
        )
    values = (summary or {}).get("metrics", {})
    cells = (
        "".join(
            f'<td class="number{_verdict(metric, values.get(metric.name))}">'
            f"{number(_value(values.get(metric.name)))}</td>"
            for metric in shown
        )
        or "<td></td>"
    )
    seconds = f'<td class="number">{run.seconds:.0f}</td>'
    return f'<tr><th scope="row">{link}</th>{cells}{seconds}</tr>'


def _verdict(metric, value) -> str:
    return " broken" if metric.holds(_value(value)) is False else ""


def _value(stored: float | str | None) -> float:
    return math.nan if stored is None else float(stored)


def _joint_player(notebooks) -> str:
    """One player over the references and candidates of several notebooks, where they have any."""
    clips, heard, state = [], set(), None
    for notebook in notebooks:
        widget = next(
            (w for w in _states(notebook).values() if w.get("_anywidget_id") == PLAYER), {}
        )
        for clip in widget.get("clips", [])[:2]:  # the third one is their difference
            if clip["wav"] not in heard:
                heard.add(clip["wav"])
                clips.append(clip)
                state = widget
    return widget_html({**state, "clips": clips, "selected": 0}) if state else ""


def _show_parameters(notebook: nbformat.NotebookNode, run: Run) -> None:
    """Replace the cells that set parameters by a list of what was set."""
    for cell in list(notebook.cells):
        tags = cell.metadata.get("tags", [])
        if "parameters" in tags:
            values = parameter_defaults(cell.source) | run.parameters
            rows = "".join(
                f"<div><dt>{html.escape(name)}</dt><dd>{html.escape(str(value))}</dd></div>"
                for name, value in values.items()
            )
            shown = nbformat.v4.new_markdown_cell(f'<dl class="parameters">{rows}</dl>')
            notebook.cells[notebook.cells.index(cell)] = shown
        elif "injected-parameters" in tags:
            notebook.cells.remove(cell)


def _show_widgets(notebook: nbformat.NotebookNode) -> None:
    """Replace every stored widget by HTML that needs no kernel."""
    states = _states(notebook)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            view = output.get("data", {}).pop(VIEW_TYPE, None)
            if view and view["model_id"] in states:
                output.data["text/html"] = widget_html(states[view["model_id"]])
    notebook.metadata.pop("widgets", None)


def _states(notebook: nbformat.NotebookNode) -> dict[str, dict]:
    """States of all anywidgets by model id."""
    stored = notebook.metadata.get("widgets", {}).get(STATE_TYPE, {}).get("state", {})
    return {
        model: entry["state"] for model, entry in stored.items() if "_esm" in entry.get("state", {})
    }


def _metrics(notebook: nbformat.NotebookNode) -> dict | None:
    """The figures that a notebook keeps for its reader, see `analysis.tables`."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if METRICS_TYPE in output.get("data", {}):
                return output.data[METRICS_TYPE]
    return None


def _title(notebook: nbformat.NotebookNode, run: Run) -> str:
    """First heading of a notebook."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("# "):
            return cell.source.splitlines()[0][2:].strip()
    return Path(run.notebook).stem


def _chip(run: Run, current: bool) -> str:
    state = ' aria-current="page"' if current else ""
    dot = f'<span class="dot" style="background:{of_plan(run.plan)}"></span>'
    return f'<a class="chip" href="{html.escape(run.page)}"{state}>{dot}{html.escape(run.plan)}</a>'


def _page(title: str, body: str, report: Report, run: Run | None = None) -> str:
    known = report.provenance
    machine = known["machine"]
    packages = ", ".join(
        f"{name} {version}" for name, version in known["packages"].items() if version
    )
    facts = [
        f"commit {known['commit']}" if known["commit"] else "",
        f"Python {known['python']}, {packages}",
    ]
    facts += [
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB",
        known["time"],
    ]
    if run:
        facts.append(f"ran {run.seconds:.0f} s with {json.dumps(run.parameters)}")
    return Template((HERE / "page.html").read_text()).substitute(
        title=html.escape(title),
        css=(HERE / "page.css").read_text() + _code_colours(),
        body=body,
        facts=html.escape(" · ".join(fact for fact in facts if fact)),
    )


@lru_cache
def _code_colours() -> str:
    """Colours of highlighted code, light and dark."""
    light = HtmlFormatter(style="friendly").get_style_defs(".highlight")
    dark = HtmlFormatter(style="github-dark").get_style_defs(".highlight")
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"
