"""Small notebooks that run in seconds."""

import nbformat
import pytest
from nbformat import v4

PARAMETERS = 'plan = "bf16"\ncount = 2\nscale = 0.5\nloud = True\nword = "hello"'


@pytest.fixture
def notebook(tmp_path):
    """notebook(name, *sources): a notebook with parameters and one code cell for each source."""

    def make(name, *sources, parameters=PARAMETERS):
        cells = [v4.new_markdown_cell(f"# About {name}")]
        if parameters:
            cells.append(v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}))
        cells += [v4.new_code_cell(source) for source in sources]
        kernel = {"kernelspec": {"name": "python3", "language": "python", "display_name": "P"}}
        path = tmp_path / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        nbformat.write(v4.new_notebook(cells=cells, metadata=kernel), path)
        return path

    return make
