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
from lightning_v2.precision import PlanError
from lightning_v2.report.defaults import FIRST, LONGEST
from lightning_v2.report.forecast import Usual
from lightning_v2.report.parameters import ParameterError
from lightning_v2.report.processes.execute import Execution
from lightning_v2.report.run import find_notebooks, plan_runs, run_notebooks, told
from tests.report.processes.ended import has_ended


def call(*arguments):
    return main(["notebooks", *map(str, arguments)])


@pytest.fixture
def folder(notebook):
    good = notebook("good", "print('said', plan, count)")
    notebook("once", "1 + 1", parameters="count = 1")
    notebook("bad", "print('reached')", "if plan == 'naive':\n    raise RuntimeError('no phase')")
    return good.parent


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


def test_errors_are_of_their_own_kind(folder):
    with pytest.raises(PlanError):
        plan_runs([folder / "good.ipynb"], ["no-such-plan"], {})
    with pytest.raises(ParameterError):
        plan_runs([], ["bf16"], {})


def test_a_notebook_runs_for_every_plan_or_once(folder):
    runs = plan_runs(sorted(folder.glob("*.ipynb")), ["bf16", "naive"], {"count": "4"})
    assert [(run.notebook, run.plan) for _, run in runs] == [
        ("bad.ipynb", "bf16"),
        ("bad.ipynb", "naive"),
        ("good.ipynb", "bf16"),
        ("good.ipynb", "naive"),
        ("once.ipynb", None),
    ]
    assert all(run.parameters["count"] == 4 for _, run in runs)
    assert len({run.key for _, run in runs}) == 5


def test_a_notebook_of_several_plans_runs_once_with_all(notebook):
    path = notebook("a", "1", parameters='plans = ["bf16", "naive"]\nvalues = [1, 2]')
    [(_, own)] = plan_runs([path], ["bf16", "naive"], {})
    assert (own.plan, own.parameters, own.executed) == (
        None,
        {"plans": ["bf16", "naive"]},
        "a.ipynb",
    )
    [(_, other)] = plan_runs([path], ["bf16", "fp32"], {"values": "3, 4"})
    assert other.parameters == {"plans": ["bf16", "fp32"], "values": [3, 4]}
    assert other.asked == "values=3,4, plans=bf16,fp32"
    assert other.executed.startswith("a-values-3-4-plans-bf16-fp32-")
    assert other.key != own.key


def test_each_set_of_parameters_has_a_file_of_its_own(folder):
    names = [
        run.executed
        for given in ({}, {"count": "2"}, {"count": "3"}, {"word": "a/b" * 20})
        for _, run in plan_runs([folder / "good.ipynb"], ["bf16"], given)
    ]
    assert names[:2] == ["good-bf16.ipynb"] * 2  # 2 is what the notebook says itself
    assert len(set(names)) == 3
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]{1,60}", name) for name in names)


@pytest.mark.parametrize("change", ["notebook", "parameter", "plan", "plan's remark"])
def test_what_a_result_depends_on_is_in_its_key(folder, tmp_path, change):
    source, plan, given = folder / "good.ipynb", tmp_path / "p.yaml", {"count": "3"}
    plan.write_text("name: p\ndefault: {math_fidelity: LoFi}\n")
    [(_, before)] = plan_runs([source], [str(plan)], given)
    if change == "notebook":
        source.write_text(source.read_text().replace("said", "told"))
    elif change == "parameter":
        given = {"count": "4"}
    else:
        field = "math_fidelity" if change == "plan" else "# a remark\n  math_fidelity"
        plan.write_text(f"name: p\ndefault:\n  {field}: HiFi2\n")
    [(_, after)] = plan_runs([source], [str(plan)], given)
    assert after.key != before.key
    [(_, again)] = plan_runs([source], [str(plan)], given)
    assert again.key == after.key


def test_a_parameter_goes_to_the_notebooks_that_know_it(notebook):
    paths = [notebook("a", "1", parameters="count = 1"), notebook("b", "1", parameters="word = ''")]
    runs = plan_runs(paths, ["bf16"], {"word": "two"})
    assert [run.parameters for _, run in runs] == [{}, {"word": "two"}]
    with pytest.raises(ParameterError, match="no parameter 'wort'"):
        plan_runs(paths, ["bf16"], {"word": "two", "wort": "three"})


def test_a_plan_file_is_found_from_the_folder_of_the_notebook(folder, tmp_path, monkeypatch):
    (tmp_path / "mine.yaml").write_text("name: my plan\ndefault: {math_fidelity: LoFi}\n")
    monkeypatch.chdir(tmp_path)
    [(_, run)] = plan_runs([folder / "good.ipynb"], ["mine.yaml"], {})
    assert run.plan == "my plan"
    assert run.parameters["plan"] == str(tmp_path / "mine.yaml")
    assert run.executed == "good-my-plan.ipynb"


def test_a_voice_folder_is_found_from_there_too(notebook, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    path = notebook("a", "1", parameters='voice = "lark"')
    [(_, run)] = plan_runs([path], ["bf16"], {"voice": "./mine"})
    assert run.parameters["voice"] == str(tmp_path / "mine")


def test_notebooks_are_chosen_by_name(folder):
    assert [path.stem for path in find_notebooks(folder, ["goo", "onc"])] == ["good", "once"]
    assert find_notebooks(None, None)[0].name == "00_answer.ipynb"


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


def test_the_files_of_a_voice_are_found_from_there_too(notebook, tmp_path, monkeypatch):
    for name in ("v.onnx", "v.onnx.json", "s.npz"):
        (tmp_path / name).write_text("1")
    monkeypatch.chdir(tmp_path)
    path = notebook("a", "1", parameters='voice = "lark"')

    def planned():
        [(_, run)] = plan_runs([path], ["bf16"], {"voice": "v.onnx?style=s.npz:one"})
        return run

    before = planned()
    assert before.parameters["voice"] == f"{tmp_path}/v.onnx?style={tmp_path}/s.npz:one"
    for name in ("v.onnx", "v.onnx.json", "s.npz"):
        (tmp_path / name).write_text(f"of {name}")
        after = planned()
        assert after.key != before.key, name
        before = after


def test_a_run_tells_the_licences_of_its_voices(tmp_path):
    (tmp_path / "MODEL_CARD").write_text("* License: mine")
    found = told({"voices": ["lark", "hibari", f"{tmp_path}/v.onnx"], "plan": "bf16"})
    assert list(found) == ["lark", "hibari", "v.onnx"] and found["v.onnx"] == "mine"
    assert found["hibari"].startswith("Apache-2.0") and "hibari-tts 0.2.1" in found["hibari"]
    assert told({"voice": "lark"}) == {"lark": found["lark"]} and told({"text": "a"}) == {}
