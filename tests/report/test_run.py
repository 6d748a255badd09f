"""Small notebooks through the whole of `lightning-v2 notebooks`."""

import argparse
import json
import re

import nbformat
import pytest

from lightning_v2.precision import PlanError
from lightning_v2.report import command
from lightning_v2.report.parameters import ParameterError
from lightning_v2.report.run import find_notebooks, plan_runs, run_notebooks


def call(*arguments):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args(list(map(str, arguments))))


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


def test_notebooks_are_chosen_by_name(folder):
    assert [path.stem for path in find_notebooks(folder, ["goo", "onc"])] == ["good", "once"]
    assert [path.name for path in find_notebooks(None, None)][0] == "01_hear_the_difference.ipynb"


def test_a_failure_ends_only_itself(folder, tmp_path, capsys):
    build = tmp_path / "build"
    arguments = ["--folder", folder, "--build", build, "--plans", "bf16", "naive", "-p", "count=5"]
    assert call(*arguments) == 1
    printed = capsys.readouterr().out
    assert "FAILED" in printed
    assert "RuntimeError: no phase" in printed

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
    assert executed.cells[-1].outputs[0].text == "said naive 5\n"
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
