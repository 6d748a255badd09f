"""Prose states no measured figure: it would stay as it is when voice, plans or code change.

What a page says in figures comes from data: a cell that shows it, or a script in benchmarks/.
"""

import re
from pathlib import Path

import nbformat
import pytest

from lightning_v2.analysis.metrics.metric import METRICS

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PLANS = sorted((ROOT / "data" / "plans").glob("*.yaml"))

_NUMBER = r"[+\-−±]?\d[\d.,]*(?:e[+\-−]?\d+)?"
_UNIT = (
    r"%|dB\w*|MOS\b|ms\b|s\b|seconds?\b|minutes?\b|cents?\b|cycles?\b|degrees?\b|k?Hz\b|LU\b|"
    r"times\b|fold\b|points?\b|[KMG]i?B\b|binades?\b"
)
_MEASURE = r"PESQ|SNR|SQNR|PCC|MOS|WER|LSD"
_PART = r"half|third|thirds|quarter|quarters|fifth|tenth|dozen|hundreds?"
FIGURE = re.compile(
    rf"{_NUMBER}(?:\s*(?:to|…|–)\s*{_NUMBER})?\s*(?:{_UNIT})"
    rf"|(?:{_MEASURE})\s+(?:of|is|at|near)\s+{_NUMBER}"
    rf"|\b0\.\d+"
    rf"|\b(?:a|one|two|three|four|nine|more than a)\s+(?:{_PART})\b|\bhalf an?\s+\w+"
    rf"|\b(?:two|three|four|five|ten|twice|thrice)\s+(?:times|as)\b"
)
"""A number with a unit, of a named measure, or below 1; and shares and multiples in words."""

DEFINED = {
    "60 dB": "a ratio of amplitudes in other words",
    "20 dB": "a ratio of amplitudes in other words",
    "10 binades": "fraction bits of an aligned product",
    "half a cycle": "where a pulse stands in a gap; what a polarity flip is",
    "half a pitch": "period: beyond it a delay is ambiguous",
    "8 kHz": "half the sample rate of PESQ-WB",
    "-50 dB": "weaker bins and harmonics have no phase that counts",
    "-75 dBFS": "all below is silence to the meter of pauses",
    "a quarter": "of a turn: a change of phase that is made",
    "95 %": "confidence of a bound; what the paper claims of layers",
    "80 %": "what the paper claims of the model",
    "24 kHz": "sample rate of the voice",
    "0.81": "version of ttnn",
}
"""Figures that are no measurement -> what they are."""


_NAMED_PLAN = re.compile("shipped plan|" + "|".join(f"`{path.stem}`" for path in PLANS))
_PRECISION = re.compile(r"\bbfloat\d+|\bBFP\d|\bLoFi\b|\bHiFi\d|\bDst\b")


def claims_of_plans(text):
    """Sentences that say of a plan that is shipped which formats or fidelities it has."""
    sentences = re.split(r"(?<=[.!?:])\s+|\n\n", text)
    return [s for s in sentences if _NAMED_PLAN.search(s) and _PRECISION.search(s)]


def notebook_prose(path):
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def document_prose(name):
    """Without what benchmarks/results_document.py writes, and without code."""
    text = (ROOT / name).read_text(encoding="utf-8")
    text = re.sub(
        r"<!-- (\w+): benchmarks/results_document.py -->.*?<!-- end of \1 -->",
        "",
        text,
        flags=re.DOTALL,
    )
    return re.sub(r"```.*?```|^    .*?$", "", text, flags=re.DOTALL | re.MULTILINE)


def plan_prose(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    return "\n".join(x for x in lines if x.strip().startswith("#") or x.startswith("description"))


PROSE = {
    **{path.name: notebook_prose(path) for path in NOTEBOOKS},
    **{name: document_prose(name) for name in ("README.md", "docs/results.md")},
    **{path.name: plan_prose(path) for path in PLANS},
    "METRICS": "\n".join(f"{metric.hears}\n{metric.deaf_to}" for metric in METRICS),
}


def figures(text):
    return [found.group() for found in FIGURE.finditer(text)]


@pytest.mark.parametrize("name", PROSE)
def test_states_no_figure_that_is_not_defined(name):
    assert [figure for figure in figures(PROSE[name]) if figure not in DEFINED] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_a_shipped_plan_does_is_counted_and_not_told(path):
    assert claims_of_plans(notebook_prose(path)) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_nobody_is_asked_to_hear_what_a_plan_may_not_have(path):
    """`Listening` asks for hiss where the pauses of a plan have it."""
    asked = re.findall(r"\*\*Listen for\*\*[^.]*", notebook_prose(path), re.IGNORECASE)
    assert not [words for words in asked if "hiss" in words]


def test_finds_a_claim_of_a_plan():
    text = (
        "It is tiny; another chose which weights of the shipped plan are in bfloat4_b. `bf16` is."
    )
    assert claims_of_plans(text) == [text.removesuffix(" `bf16` is.")]


def test_what_is_allowed_is_needed():
    stated = {figure for text in PROSE.values() for figure in figures(text)}
    assert set(DEFINED) <= stated


@pytest.mark.parametrize(
    "text",
    ["off by 1.4 degrees", "a PESQ of 3.9", "down to −20.5 dBFS", "it is 0.9999 for hiss",
     "shrinks by 1.5 %", "by 50 ms", "30 cents", "takes four times as long", "costs 0.03",
     "three quarters of it", "a third of its bytes", "a gate near 0.99", "5 to 38 dB", "in 2 s",
     "half a minute"],
)  # fmt: skip
def test_finds_a_figure(text):
    assert len(figures(text)) == 1


@pytest.mark.parametrize(
    "text",
    ["steps of 2⁻³² cycle", "arXiv 2604.03279", "Sixteen neighbours", "the first of 8",
     "`bfloat8_b`", "HiFi4", "K = 192"],
)  # fmt: skip
def test_lets_definitions_pass(text):
    assert figures(text) == []
