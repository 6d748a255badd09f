"""The page that leads to all others: pictures, players over all plans, key figures, failures."""

import html
import math
from pathlib import Path

import nbformat

from lightning_v2.analysis.display.colours import of_plan
from lightning_v2.analysis.display.tables import number
from lightning_v2.analysis.metrics.metric import METRICS, Metric
from lightning_v2.report.pages import outputs
from lightning_v2.report.pages.document import document
from lightning_v2.report.pages.page import chip
from lightning_v2.report.records import Run
from widgets.static import widget_html

KEY_METRICS = (
    "pesq_wb_mos",
    "lsd_db",
    "f0_p95_cents",
    "fundamental_drift_p95_cycles",
    "pause_rise_db",
)


def index(
    runs: list[Run],
    notebooks: dict[str, nbformat.NotebookNode],
    provenance: dict,
    left: int = 0,
) -> str:
    """HTML of the index.

    Args:
        runs: all that the site shows.
        notebooks: executed file name -> notebook, of those that could be read.
        provenance: of the command that writes the site.
        left: how many pages are still being made.
    """
    names = sorted({run.notebook for run in runs})
    sections = [_section([r for r in runs if r.notebook == name], notebooks) for name in names]
    failed = sum(not run.ok for run in runs)
    more = f" {left} more are being made: reload this page later." if left else ""
    body = (
        "<header><h1>Lightning V2</h1>"
        '<p class="lead">How little precision can a text-to-speech model run on before anyone can'
        " hear it? Every page is an executed notebook: it opens offline, with sound.</p>"
        f"<p>{len(runs) - failed} of {len(runs)} ran through.{more}</p></header>"
        f"<main>{''.join(sections) or '<p>Nothing ran.</p>'}</main>"
    )
    return document("Lightning V2", body, provenance)


def _section(runs: list[Run], notebooks: dict[str, nbformat.NotebookNode]) -> str:
    """One notebook."""
    mine = [notebooks[run.executed] for run in runs if run.executed in notebooks]
    stem = Path(runs[0].notebook).stem
    title = outputs.title(mine[0], stem) if mine else stem
    first = next((run for run in runs if run.page), None)
    heading = f'<a href="{html.escape(first.page)}">{html.escape(title)}</a>' if first else title
    words = html.escape(outputs.lead(mine[0])) if mine else ""
    groups = [
        _group([run for run in runs if run.asked == asked], notebooks)
        for asked in dict.fromkeys(run.asked for run in runs)
    ]
    return (
        f'<section id="{html.escape(stem)}"><div class="card">{_picture(mine, first)}'
        f"<div><h2>{heading}</h2><p>{words}</p></div></div>{''.join(groups)}</section>"
    )


def _picture(notebooks: list[nbformat.NotebookNode], run: Run | None) -> str:
    found = next(filter(None, map(outputs.thumbnail, notebooks)), None)
    if not found or not run:
        return ""
    light, dark = found
    # The heading beside it is the same link, in words.
    return (
        f'<a href="{html.escape(run.page)}" tabindex="-1" aria-hidden="true"><picture>'
        f'<source media="(prefers-color-scheme: dark)" srcset="{dark}">'
        f'<img class="thumbnail" alt="" src="{light}"></picture></a>'
    )


def _group(runs: list[Run], notebooks: dict[str, nbformat.NotebookNode]) -> str:
    """The runs of a notebook that differ in nothing but the plan."""
    mine = {r.executed: notebooks[r.executed] for r in runs if r.executed in notebooks}
    summaries = {name: outputs.metrics(notebook) for name, notebook in mine.items()}
    chips = "".join(chip(run) for run in runs if run.page)
    failures = "".join(
        f'<p class="failed">{html.escape(Path(run.executed).stem)} failed: '
        f"{html.escape(run.error)}</p>"
        for run in runs
        if run.error
    )
    compared = [run for run in runs if summaries.get(run.executed)]
    seconds = ", ".join(f"{run.seconds:.0f}" for run in runs)
    pages = (
        f'<div class="pages"><nav aria-label="Pages">{chips}</nav><small>ran {seconds} s</small>'
    )
    if not compared:
        answers = next(filter(None, map(outputs.for_index, mine.values())), [])
        return f"{failures}{_answers(answers)}{pages}</div>"
    said = summaries[compared[0].executed]["text"]
    player = _joint_player([mine[run.executed] for run in compared])
    return (
        f'{failures}<p class="said">“{html.escape(said)}”</p>{player}'
        f"{_table(compared, summaries)}{pages}</div>"
    )


def _answers(found: list[tuple[str, str | dict]]) -> str:
    """What a notebook has for the index, below its headings."""
    parts, above = [], ""
    for heading, shown in found:
        if heading != above:
            parts.append(f"<h3>{html.escape(heading)}</h3>")
            above = heading
        parts.append(shown if isinstance(shown, str) else widget_html(shown))
    return "".join(parts)


def _table(runs: list[Run], summaries: dict[str, dict | None]) -> str:
    shown = [metric for metric in METRICS if metric.name in KEY_METRICS]
    heads = "".join(
        f'<th scope="col">{html.escape(metric.label)}<small>{_unit_and_limit(metric)}</small></th>'
        for metric in shown
    )
    rows = "".join(_row(run, summaries[run.executed]["metrics"], shown) for run in runs)
    _, _, how = summaries[runs[0].executed]["provenance"].partition(", ")
    caption = (
        f"One sentence. {how[:1].upper()}{how[1:]}. The limits are those of the equivalence test, "
        "for the mean of many sentences; a full table is on each page."
    )
    return (
        f'<div class="table"><table><caption>{html.escape(caption)}</caption>'
        f'<thead><tr><th scope="col">plan</th>{heads}</tr></thead><tbody>{rows}</tbody>'
        "</table></div>"
    )


def _unit_and_limit(metric: Metric) -> str:
    unit = "MOS" if "MOS" in metric.unit else metric.unit
    return html.escape(f"{unit}, {metric.bound_words}" if metric.bound_words else unit)


def _row(run: Run, values: dict, shown: list[Metric]) -> str:
    name = html.escape(run.plan or Path(run.notebook).stem)
    dot = f'<span class="dot" style="background:{of_plan(run.plan)}"></span>' if run.plan else ""
    cells = "".join(
        f'<td class="number{_verdict(metric, values.get(metric.name))}">'
        f"{number(_value(values.get(metric.name)), metric.bound)}</td>"
        for metric in shown
    )
    link = f'<a href="{html.escape(run.page)}">{name}</a>'
    return f'<tr><th scope="row">{dot}{link}</th>{cells}</tr>'


def _verdict(metric: Metric, value: float | str | None) -> str:
    return " broken" if metric.holds(_value(value)) is False else ""


def _value(stored: float | str | None) -> float:
    return math.nan if stored is None else float(stored)


def _joint_player(notebooks: list[nbformat.NotebookNode]) -> str:
    """One player over the references and candidates of several notebooks."""
    clips, heard, state = [], set(), None
    for notebook in notebooks:
        widget = next(iter(outputs.players(notebook)), {})
        for clip in widget.get("clips", [])[:2]:  # the third one is their difference
            if clip["wav"] not in heard:
                heard.add(clip["wav"])
                clips.append(clip)
                state = widget
    # What one of them has beside its sound is not true of all.
    alone = {"selected": 0, "figures": {}, "chart": {}, "pinned": False, "looping": False}
    return widget_html({**state, **alone, "clips": clips}) if state else ""
