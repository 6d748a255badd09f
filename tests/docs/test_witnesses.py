"""The table of witnesses counts the marks of docs/numerics.md as they stand."""

import importlib.util
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def witnesses():
    sys.path.insert(0, str(BENCHMARKS))
    try:
        spec = importlib.util.spec_from_file_location("witnesses", BENCHMARKS / "witnesses.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(BENCHMARKS))
    return module


def test_the_table_is_that_of_the_marks(witnesses):
    text = witnesses.DOCUMENT.read_text(encoding="utf-8")
    table = text.partition(witnesses.START)[2].partition(witnesses.END)[0]
    assert table == witnesses.shown(text), "run: python benchmarks/witnesses.py --write"


def test_every_mark_of_the_legend_is_counted(witnesses):
    text = witnesses.DOCUMENT.read_text(encoding="utf-8")
    legend = text.partition("## 0.")[0]
    counted = set().union(*witnesses.KINDS.values())
    assert all(f"**[{name}" in legend for name in counted)
    assert legend.count("**[") == len(counted)


def test_marks_are_rules_and_links_are_none(witnesses):
    text = (
        "[isa]\n## 1. One\nA. [isa, model; golden: model_cases]\n"
        "See [model](model.md). [silicon: 1]\n### 1.1 Two\n| x | y [kernel] |\n"
    )
    assert [*witnesses.rules(text)] == [
        ("1 One", {"isa", "model", "golden"}),
        ("1 One", {"silicon"}),
        ("1.1 Two", {"kernel"}),
    ]
