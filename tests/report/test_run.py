"""Small notebooks through the whole of `lightning-v2 notebooks`."""

import json
import re
import signal
import subprocess
import sys
import time

import nbformat
import pytest

from lightning_v2.cli.main import main
from lightning_v2.report.defaults import FIRST, LONGEST
from lightning_v2.report.forecast import Usual
from lightning_v2.report.planning import find_notebooks
from lightning_v2.report.processes.execute import Execution
from lightning_v2.report.run import run_notebooks
from tests.report.processes.ended import has_ended


def call(*arguments):
    return main(["notebooks", *map(str, arguments)])


class TestNothingRuns:
    """A mistake is found before the first kernel starts."""

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["-p", "cuont=3"], "no parameter 'cuont'"),
            (["-p", "count=many"], "count must be a whole number"),
            (["-p", "count"], "-p needs NAME=VALUE"),
            (["-p", "plan=bf16"], "--plans"),
            (["--plans", "no-such-plan"], "no-such-plan"),
            (["--only", "nothing"], "no notebook is called nothing"),
        ],
    )
    def test_exit_status_and_message(self, folder, tmp_path, capsys, arguments, message):
        build = tmp_path / "build"
        assert call("--folder", folder, "--build", build, *arguments) == 2
        assert message in capsys.readouterr().err
        assert not build.exists()

    def test_a_plan_that_does_not_parse(self, folder, tmp_path, capsys):
        plan = tmp_path / "mine.yaml"
        plan.write_text("name: mine\ndefault: {math_fidelity: HiFi5}\n")
        build = tmp_path / "build"
        assert call("--folder", folder, "--build", build, "--plans", "bf16", plan) == 2
        error = capsys.readouterr().err
        assert "mine.yaml:2" in error
        assert "HiFi5" in error
        assert not build.exists()

    def test_no_notebooks(self, tmp_path, capsys):
        assert call("--folder", tmp_path, "--build", tmp_path / "b") == 2
        assert "no notebooks in" in capsys.readouterr().err


def test_a_voice_that_is_not_there_is_found_before_a_kernel_starts(notebook, tmp_path, capsys):
    folder, build = notebook("a", "1", parameters='voice = "lark"').parent, tmp_path / "build"
    assert call("--folder", folder, "--build", build, "-p", "voice=nope.onnx") == 2
    assert "nope.onnx" in capsys.readouterr().err
    assert not build.exists()


def test_a_failure_ends_only_itself(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("lightning_v2.report.run.measured", lambda: {"a": Usual(10, 1500, 5)})
    build = tmp_path / "build"
    arguments = ["--folder", folder, "--build", build, "--plans", "bf16,naive", "--jobs", 2]
    assert call(*arguments) == 1
    printed = capsys.readouterr().out
    assert printed.count("FAILED") == printed.count("RuntimeError: no phase") == 1
    assert "5 notebooks: 1 failed (bad-naive), 0 kept" in printed
    start = "5 pages to make, 2 at a time: about 25 s; up to 3.0 GB of memory and 25 MB of disk"
    assert printed.startswith(start)
    lines = [line for line in printed.splitlines() if line.startswith(("ok ", "FAILED"))]
    assert [re.search(r"(\d) left, about \d+ s$", line) is None for line in lines][-1]
    assert (build / "site" / "index.html").resolve().as_uri() in printed

    report = json.loads((build / "report.json").read_text())
    assert report["ok"] is False
    assert {(run["notebook"], run["plan"]): run["ok"] for run in report["runs"]} == {
        ("bad.ipynb", "bf16"): True,
        ("bad.ipynb", "naive"): False,
        ("good.ipynb", "bf16"): True,
        ("good.ipynb", "naive"): True,
        ("once.ipynb", None): True,
    }
    failed = next(run for run in report["runs"] if not run["ok"])
    assert "raise RuntimeError" in failed["traceback"]
    assert all(run["seconds"] > 0 for run in report["runs"])
    assert report["packages"]["torch"]
    assert report["machine"]["cores"]
    assert report["time"]

    executed = nbformat.read(build / "notebooks" / "good-naive.ipynb", as_version=4)
    assert executed.cells[-1].outputs[0].text == "said naive 2\n"
    partly = nbformat.read(build / "notebooks" / "bad-naive.ipynb", as_version=4)
    assert any("reached" in str(cell.get("outputs")) for cell in partly.cells)

    pages = {path.name: path.read_text() for path in (build / "site").glob("*.html")}
    assert set(pages) == {
        "index.html",
        *(f"{run['executed'].removesuffix('.ipynb')}.html" for run in report["runs"]),
    }
    assert "This notebook failed" in pages["bad-naive.html"]
    assert "This notebook failed" not in pages["bad-bf16.html"]
    assert "no phase" in pages["index.html"]
    assert "4 of 5 ran through" in pages["index.html"]
    assert '<a class="chip" href="good-bf16.html">' in pages["good-naive.html"]
    for name, page in pages.items():
        assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=\"(?!data:)", page), name
        assert '<html lang="en">' in page
    assert not list(build.rglob(".*"))
    copy = build / "site" / "files" / "good-naive" / "good-naive.ipynb"
    assert nbformat.read(copy, as_version=4).cells[-1].outputs
    assert 'download href="files/good-naive/good-naive.ipynb"' in pages["good-naive.html"]


class TestKept:
    """What has not changed is not run again."""

    @pytest.fixture
    def counted(self, notebook, tmp_path):
        """A notebook, and how often it has run."""
        log = tmp_path / "log"
        log.write_text("")
        path = notebook("a", f"open({str(log)!r}, 'a').write(word + ' ')", "assert word != 'bad'")
        return path, lambda: log.read_text().split()

    def run(self, path, tmp_path, word="hello", **options):
        return run_notebooks([path], ["bf16"], {"word": word}, tmp_path / "build", **options)

    def test_a_second_command_keeps_it(self, counted, tmp_path):
        path, ran = counted
        first, second = self.run(path, tmp_path), self.run(path, tmp_path)
        assert ran() == ["hello"]
        assert not first.runs[0].kept
        assert second.ok
        assert second.runs[0].kept
        assert second.runs[0].seconds == first.runs[0].seconds
        assert second.runs[0].provenance == {**first.provenance, "voices": {}}
        assert (tmp_path / "build" / "site" / "a-bf16.html").exists()

    def test_unless_asked_to_run_it(self, counted, tmp_path):
        path, ran = counted
        self.run(path, tmp_path)
        self.run(path, tmp_path, fresh=True)
        assert ran() == ["hello", "hello"]

    def test_another_parameter_is_another_page_beside_the_first(self, counted, tmp_path):
        path, ran = counted
        self.run(path, tmp_path)
        report = self.run(path, tmp_path, "bye")
        assert ran() == ["hello", "bye"]
        assert [run.asked for run in report.runs] == ["word=bye"]
        site = tmp_path / "build" / "site"
        page = report.runs[0].page
        assert {p.name for p in site.glob("*.html")} == {"index.html", "a-bf16.html", page}
        assert 'href="a-bf16.html"' in (site / page).read_text()
        assert "2 of 2 ran through" in (site / "index.html").read_text()

    def test_a_failure_is_not_kept(self, counted, tmp_path):
        path, ran = counted
        assert not self.run(path, tmp_path, "bad").ok
        assert not self.run(path, tmp_path, "bad").ok
        assert ran() == ["bad", "bad"]

    def test_what_is_gone_leaves_the_site(self, counted, notebook, tmp_path):
        path, _ = counted
        self.run(path, tmp_path)
        other = notebook("b", "1")
        path.unlink()
        run_notebooks([other], ["bf16"], build=tmp_path / "build")
        site = tmp_path / "build" / "site"
        assert {p.name for p in site.glob("*.html")} == {"index.html", "b-bf16.html"}
        assert [p.name for p in (site / "files").iterdir()] == ["b-bf16"]


def test_several_at_a_time(notebook, tmp_path):
    """Each waits for the other."""
    wait = (
        "import time, pathlib\n"
        "pathlib.Path({mine!r}).touch()\n"
        "end = time.monotonic() + 60\n"
        "while not pathlib.Path({other!r}).exists():\n"
        "    assert time.monotonic() < end"
    )
    marks = [str(tmp_path / name) for name in ("one", "two")]
    paths = [
        notebook("a", wait.format(mine=marks[0], other=marks[1]), parameters="count = 1"),
        notebook("b", wait.format(mine=marks[1], other=marks[0]), parameters="count = 1"),
    ]
    report = run_notebooks(paths, build=tmp_path / "build", jobs=2)
    assert report.ok, [run.error for run in report.runs]
    assert [run.notebook for run in report.runs] == ["a.ipynb", "b.ipynb"]


def test_the_first_page_can_be_opened_while_others_are_made(notebook, tmp_path):
    """The second notebook ends when it finds the page of the first one."""
    site = tmp_path / "build" / "site"
    wait = (
        "import time, pathlib\n"
        f"site, end = pathlib.Path({str(site)!r}), time.monotonic() + 60\n"
        "while not (site / 'a.html').exists():\n"
        "    assert time.monotonic() < end\n"
        "print('1 more are being made' in (site / 'index.html').read_text())"
    )
    paths = [notebook(n, s, parameters="count = 1") for n, s in (("a", "1"), ("b", wait))]
    report = run_notebooks(paths, build=tmp_path / "build", jobs=2)
    assert report.ok, [run.error for run in report.runs]
    executed = nbformat.read(tmp_path / "build" / "notebooks" / "b.ipynb", as_version=4)
    assert executed.cells[-1].outputs[0].text == "True\n"
    assert "being made" not in (site / "index.html").read_text()


def test_a_page_says_that_its_kernel_has_died(notebook, tmp_path):
    path = notebook("a", "import os; os.kill(os.getpid(), 9)", parameters="count = 1")
    run_notebooks([path], build=tmp_path / "build")
    page = (tmp_path / "build" / "site" / "a.html").read_text()
    assert "This notebook failed: the kernel died in the cell that begins with" in page


def test_what_takes_longest_starts_first(notebook, tmp_path, monkeypatch):
    started = []

    def execute(source, *_):
        started.append(source.stem)
        return Execution(0.0, error="not run", reached=False)

    monkeypatch.setattr("lightning_v2.report.run.execute", execute)
    paths = [
        notebook(name, "1", parameters="count = 1") for name in ("a", *reversed((FIRST, *LONGEST)))
    ]
    report = run_notebooks(sorted(paths), build=tmp_path / "build", jobs=1)
    assert started == [FIRST, *LONGEST, "a"]
    assert [run.notebook for run in report.runs] == [path.name for path in sorted(paths)]
    assert {FIRST, *LONGEST} <= {path.stem for path in find_notebooks(None, None)}


def test_an_interrupt_keeps_what_is_finished_and_ends_the_rest(notebook, tmp_path):
    pid = tmp_path / "pid"
    notebook("a", "print('done')", parameters="count = 1")
    slow = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(300)"
    folder = notebook("b", slow, parameters="count = 1").parent
    build = tmp_path / "build"
    process = subprocess.Popen(
        [sys.executable, "-m", "lightning_v2.cli", "notebooks", "--jobs", "1"]
        + ["--folder", str(folder), "--build", str(build)],
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    while not pid.exists():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert has_ended(int(pid.read_text()))
    assert (build / "site" / "a.html").exists()
    assert [run["notebook"] for run in json.loads((build / "report.json").read_text())["runs"]] == [
        "a.ipynb"
    ]


def test_a_full_disk_is_said_and_keeps_what_was_finished(notebook, small_disk):
    notebook("a", "print('done')", parameters="count = 1")
    folder = notebook("b", "print('x' * 1_000_000)", parameters="count = 1").parent
    shown = small_disk(f"""
from pathlib import Path
from lightning_v2.report.run import run_notebooks
notebooks = sorted(Path({str(folder)!r}).glob("*.ipynb"))
report = run_notebooks(notebooks, build=Path("disk"), jobs=1)
print([run.error for run in report.runs], report.problems)
print(sorted(str(p) for p in Path("disk").rglob("*") if p.is_file()))
""")
    assert "[None, 'the disk is full" in shown[-2]
    for name in ("notebooks/a.ipynb", "site/a.html", "site/index.html", "report.json"):
        assert f"'disk/{name}'" in shown[-1]
    assert ".part" not in shown[-1]


def test_all_well(notebook, tmp_path):
    path = notebook("once", "1 + 1", parameters="count = 1")
    report = run_notebooks([path], build=tmp_path / "build")
    assert report.ok
    assert [run.page for run in report.runs] == ["once.html"]
    index = (tmp_path / "build" / "site" / "index.html").read_text()
    assert 'href="once.html"' in index
    # A notebook that compares nothing has no columns for measures.
    assert "PESQ" not in index
    assert "Against the reference" not in index
