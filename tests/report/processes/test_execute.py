import os
import sys

import nbformat
import pytest

from lightning_v2.report.pages import outputs
from lightning_v2.report.processes.execute import execute
from lightning_v2.report.processes.forks import Forks
from tests.report.processes.ended import has_ended


@pytest.fixture(scope="module")
def run():
    """run(path, parameters, cell, whole): how it went, and the executed notebook."""
    with Forks() as forks:

        def execute_in_fork(path, parameters=None, cell=60, whole=120):
            executed = path.with_name(f"{path.stem}-done.ipynb")
            return execute(path, executed, parameters or {}, cell, whole, forks), executed

        yield execute_in_fork


def texts(executed):
    cells = nbformat.read(executed, as_version=4).cells
    return [output.get("text", "") for cell in cells for output in cell.get("outputs", [])]


def test_parameters_reach_the_cells_in_this_environment_and_the_source_stays(notebook, run):
    path = notebook("a", "print(word * count)", "import sys; print(sys.executable)")
    before = path.read_bytes()
    result, executed = run(path, {"word": "ab", "count": 3})
    assert result.error is None
    assert texts(executed)[-2:] == ["ababab\n", f"{sys.executable}\n"]
    assert path.read_bytes() == before
    assert not list(path.parent.glob(".*"))


def test_memory_at_its_peak_is_told(notebook, run):
    result, _ = run(notebook("a", "large = bytearray(300_000_000)", "del large"))
    assert 300 < result.memory_mb < 3000


def test_failing_cell_is_named_and_what_came_before_is_kept(notebook, run):
    result, executed = run(notebook("a", "print('before')", "1 / 0", "print('after')"))
    assert result.error == "cell [3] ZeroDivisionError: division by zero"
    assert "1 / 0" in result.traceback
    assert "before\n" in texts(executed)
    assert "after\n" not in texts(executed)


def test_a_cell_that_takes_too_long(notebook, run):
    result, _ = run(notebook("a", "import time; time.sleep(60)"), cell=2)
    assert "took longer than 2 s" in result.error
    assert result.seconds < 40


def test_a_cell_that_takes_too_long_and_cannot_be_interrupted(notebook, run):
    deaf = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(60)"
    result, _ = run(notebook("a", deaf), cell=2)
    assert "took longer than 2 s" in result.error
    assert "in the cell that begins with 'import signal, time" in result.error


def test_a_kernel_that_dies_is_said_to_have_died_and_where(notebook, run):
    result, executed = run(notebook("a", "print('before')", "import os; os.kill(os.getpid(), 9)"))
    assert result.error.startswith("the kernel died in the cell that begins with 'import os;")
    assert "before\n" in texts(executed)


def test_players_of_a_kernel_that_dies_keep_their_sound(notebook, run):
    player = (
        "import numpy as np; from widgets import ABPlayer, Clip; "
        "p = ABPlayer([Clip('heard', np.ones(10, np.float32), 24000)]); p"
    )
    _, executed = run(notebook("a", player, "import os; os.kill(os.getpid(), 9)"))
    [state] = outputs.players(nbformat.read(executed, as_version=4))
    assert [clip["label"] for clip in state["clips"]] == ["heard"]


def test_a_papermill_that_is_killed(notebook, run):
    source = "import os, time; os.kill(os.getppid(), 9); time.sleep(60)"
    result, _ = run(notebook("a", source))
    assert "papermill was killed by signal 9 in the cell that begins with" in result.error


def test_nothing_is_left_behind(notebook, run):
    path = notebook("a", "import os; print(os.environ['JUPYTER_RUNTIME_DIR'])")
    _, executed = run(path)
    runtime = texts(executed)[-1].strip()
    assert not os.path.exists(runtime)
    assert sorted(p.name for p in path.parent.iterdir()) == ["a-done.ipynb", "a.ipynb"]


def test_on_a_full_disk_what_was_there_stays(notebook, small_disk):
    path = notebook("a", "print('x' * 1_000_000)")
    shown = small_disk(f"""
from pathlib import Path
from lightning_v2.report.processes.execute import execute
from lightning_v2.report.processes.forks import Forks
Path("disk/a.ipynb").write_text("earlier")
with Forks() as forks:
    print(execute(Path({str(path)!r}), Path("disk/a.ipynb"), {{}}, 60, 120, forks).error)
print(Path("disk/a.ipynb").read_text(), sorted(p.name for p in Path("disk").iterdir()))
""")
    assert "the disk is full" in shown[-2]
    assert shown[-1] == "earlier ['a.ipynb']"


def test_a_notebook_that_takes_too_long_is_ended_with_its_kernel(notebook, run, tmp_path):
    mark = tmp_path / "pid"
    source = f"import os, time; open({str(mark)!r}, 'w').write(str(os.getpid())); time.sleep(120)"
    result, _ = run(notebook("a", source), whole=20)
    assert "took longer than 20 s" in result.error
    assert has_ended(int(mark.read_text()))
