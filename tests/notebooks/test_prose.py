"""Prose states no measured figure: it would stay when the voice, a plan or the code changes."""

import re
from pathlib import Path

import nbformat
import pytest

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
    rf"|\b(?:a|one|two|three|four|nine|more than a)\s+(?:{_PART})\b"
    rf"|\b(?:two|three|four|five|ten|twice|thrice)\s+(?:times|as)\b"
)
"""A number with a unit, of a named measure, or below 1; and shares and multiples in words."""


def notebook_prose(path):
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def readme_prose():
    """Without what benchmarks/readme.py writes, and without code."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    text = re.sub(r"<!-- (\w+): benchmarks/readme.py -->.*?<!-- end of \1 -->", "", text, flags=re.S)
    return re.sub(r"```.*?```|^    .*?$", "", text, flags=re.S | re.M)


def plan_prose(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    return "\n".join(x for x in lines if x.strip().startswith("#") or x.startswith("description"))


PROSE = {
    **{path.name: notebook_prose(path) for path in NOTEBOOKS},
    "README.md": readme_prose(),
    **{path.name: plan_prose(path) for path in PLANS},
}

if __name__ == "__main__":
    for name, text in PROSE.items():
        for m in FIGURE.finditer(text):
            print(name, "|", text[max(0, m.start()-50):m.end()+40].replace("\n", " "), "|", m.group())
