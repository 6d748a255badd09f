"""How notebooks are stored, and what may not be in them because it hangs headless runs."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("**/*.ipynb"))
SOURCES = [path for room in ("lightning_v2", "widgets") for path in (ROOT / room).rglob("*.py")]

FORBIDDEN = {"Output", "interact", "interactive", "interactive_output", "pyplot"}
"""ipywidgets.Output and what builds on it hang headless runs; pyplot is not safe on threads."""


def code_cells(path):
    cells = nbformat.read(path, as_version=4).cells
    return [cell for cell in cells if cell.cell_type == "code"]


def names(source):
    """Every name that a piece of Python uses or imports, also as the last part of a path."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Import | ast.ImportFrom):
            modules = [getattr(node, "module", None) or ""]
            for part in modules + [alias.name for alias in node.names]:
                yield from part.split(".")


def test_there_are_notebooks():
    assert NOTEBOOKS


def test_the_readme_has_the_question_of_every_notebook():
    rows = re.findall(r"^\| `(\d\d_\w+)` \| .+ \|$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert rows == [path.stem for path in NOTEBOOKS]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
class TestNotebook:
    def test_is_valid_and_stored_without_outputs(self, path):
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        assert "widgets" not in notebook.metadata
        assert "papermill" not in notebook.metadata
        for cell in code_cells(path):
            assert cell.outputs == []
            assert cell.execution_count is None

    def test_has_one_cell_of_parameters_that_are_literals(self, path):
        cells = [cell for cell in code_cells(path) if "parameters" in cell.metadata.get("tags", [])]
        assert len(cells) == 1
        for statement in ast.parse(cells[0].source).body:
            assert isinstance(statement, ast.Assign)
            ast.literal_eval(statement.value)

    def test_runs_in_the_kernel_of_the_environment(self, path):
        assert nbformat.read(path, as_version=4).metadata.kernelspec.name == "python3"

    def test_cells_are_short_and_hold_no_logic(self, path):
        for cell in code_cells(path):
            assert len(cell.source.splitlines()) <= 8
            kinds = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.If, ast.Try)
            assert not any(isinstance(node, kinds) for node in ast.walk(ast.parse(cell.source)))

    def test_explains_itself(self, path):
        cells = nbformat.read(path, as_version=4).cells
        assert cells[0].cell_type == "markdown"
        assert cells[0].source.startswith("# ")

    def test_uses_nothing_that_hangs(self, path):
        used = {name for cell in code_cells(path) for name in names(cell.source)}
        assert not used & FORBIDDEN


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_sources_use_nothing_that_hangs(path):
    assert not set(names(path.read_text())) & FORBIDDEN


@pytest.mark.parametrize(
    "source",
    ["import matplotlib.pyplot as plt", "from matplotlib import pyplot", "widgets.Output()",
     "from ipywidgets import interact"],
)  # fmt: skip
def test_the_check_finds_what_it_looks_for(source):
    assert set(names(source)) & FORBIDDEN
