"""The tables of docs/edge_cases.md are those of the record."""

import importlib.util
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_the_tables_are_those_of_the_record(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    spec = importlib.util.spec_from_file_location("edge_tables", BENCHMARKS / "edge_cases.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    sys.modules.pop("markdown_table", None)
    text = script.DOCUMENT.read_text(encoding="utf-8")
    for name, lines in script.tables(script.Record()).items():
        start = f"<!-- {name}: benchmarks/edge_cases.py -->\n"
        found = text.partition(start)[2].partition("<!-- end -->")[0]
        assert found == "\n".join(lines) + "\n", "run: python benchmarks/edge_cases.py --write"
