import json
import subprocess
import sys
import time

import nbformat
import papermill
import psutil
import pytest

from lightning_v2.report.processes.execute import execute
from lightning_v2.report.processes.forks import PACKAGES, Forks
from tests.report.processes.ended import has_ended

TELL = """
import json, locale, multiprocessing, os, signal, sys, threading
import matplotlib, torch
print(json.dumps({
    "path": sys.path,
    "main": [__name__, sys.modules["__main__"].__dict__ is globals()],
    "arguments": [len(sys.argv), os.path.basename(sys.argv[0]), sys.argv[1]],
    "environment": sorted(os.environ),
    "folder": os.getcwd(),
    "signals": [str(signal.getsignal(s)) for s in (signal.SIGINT, signal.SIGCHLD, signal.SIGTERM)],
    "session": os.getsid(0) == os.getpid() == os.getpgid(0),
    "parent": multiprocessing.parent_process() is None,
    "threads": [torch.get_num_threads(), len(threading.enumerate())],
    "backend": matplotlib.get_backend(),
    "widgets": [name in sys.modules for name in ("ipywidgets", "anywidget")],
    "drawing": "matplotlib.pyplot" in sys.modules,
    "locale": locale.getlocale(),
    "descriptors": sum(os.path.exists(f"/proc/self/fd/{n}") for n in range(3)),
}))
"""
"""A cell that prints what could tell a forked kernel from one that was started."""


@pytest.fixture(scope="module")
def forks():
    with Forks(PACKAGES) as forks:
        yield forks


def said(path):
    cells = nbformat.read(path, as_version=4).cells
    return "".join(output.text for cell in cells for output in cell.get("outputs", []))


def test_a_forked_kernel_is_like_one_that_was_started(forks, notebook, tmp_path, monkeypatch):
    path, forked, started = notebook("a", TELL), tmp_path / "forked.ipynb", tmp_path / "s.ipynb"
    assert execute(path, forked, {}, 60, 120, forks).error is None
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("PYTHONWARNINGS", "ignore::SyntaxWarning")
    papermill.execute_notebook(path, started, cwd=path.parent, progress_bar=False)
    assert json.loads(said(forked)) == json.loads(said(started))


def test_no_two_draw_the_same_numbers_at_random(forks, notebook, tmp_path):
    path = notebook(
        "a",
        "import random, numpy, torch",
        "print(random.random(), numpy.random.random(), torch.rand(()).item())",
    )
    drawn = []
    for name in ("one.ipynb", "two.ipynb"):
        assert execute(path, tmp_path / name, {}, 60, 120, forks).error is None
        drawn += said(tmp_path / name).split()
    assert len(set(drawn)) == len(drawn) == 6


def test_what_is_to_happen_at_the_end_happens(forks, notebook, tmp_path):
    mark = tmp_path / "mark"
    path = notebook("a", f"import atexit; atexit.register(open, {str(mark)!r}, 'w')")
    assert execute(path, tmp_path / "done.ipynb", {}, 60, 120, forks).error is None
    assert mark.exists()


def test_where_the_server_has_gone_a_notebook_says_so(notebook, tmp_path):
    before = set(psutil.Process().children())
    with Forks() as forks:
        [server] = set(psutil.Process().children()) - before
        server.kill()
        found = execute(notebook("a", "1"), tmp_path / "done.ipynb", {}, 60, 120, forks)
    assert (found.error, found.reached) == ("its process was lost", False)


def test_nothing_goes_on_when_who_asked_is_killed(notebook, tmp_path):
    mark = tmp_path / "pid"
    source = f"import os, time; open({str(mark)!r}, 'w').write(str(os.getpid())); time.sleep(300)"
    script = f"""
from pathlib import Path
from lightning_v2.report.processes.execute import execute
from lightning_v2.report.processes.forks import Forks
with Forks() as forks:
    execute(Path({str(notebook("a", source))!r}), Path("done.ipynb"), {{}}, 300, 300, forks)
"""
    asking = subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path)
    while not (mark.exists() and mark.read_text()):
        assert asking.poll() is None
        time.sleep(0.1)
    asking.kill()
    asking.wait()
    assert has_ended(int(mark.read_text()))
