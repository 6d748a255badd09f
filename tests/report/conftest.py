"""Small notebooks that run in seconds, and a disk that is soon full."""

import os
import subprocess
import sys

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


@pytest.fixture
def folder(notebook):
    """Of three notebooks: one of all plans, one without a plan, one that fails under naive."""
    good = notebook("good", "print('said', plan, count)")
    notebook("once", "1 + 1", parameters="count = 1")
    notebook("bad", "print('reached')", "if plan == 'naive':\n    raise RuntimeError('no phase')")
    return good.parent


@pytest.fixture
def small_disk(tmp_path):
    """small_disk(script): lines that a Python script prints where the folder disk holds 512 kB."""
    (tmp_path / "disk").mkdir()
    mounting = 'mount -t tmpfs -o size=512k tmpfs disk && exec "$0" script.py'
    ways = (
        ["unshare", "--mount", "--map-root-user"],
        ["sudo", "--non-interactive", "unshare", "-m"],
    )
    for way in ways:
        if not subprocess.run([*way, "true"], capture_output=True).returncode:
            break
    else:
        problem = "nobody may mount a small disk here: neither unshare nor sudo"
        pytest.fail(problem) if os.environ.get("CI") else pytest.skip(problem)

    def run(script):
        (tmp_path / "script.py").write_text(script)
        command = [*way, "sh", "-c", mounting, sys.executable]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
        assert done.stdout, done.stderr
        return done.stdout.splitlines()

    return run
