"""What is to run, from the notebooks, plans and parameters that were asked for."""

import re

import pytest

from lightning_v2.precision import PlanError
from lightning_v2.report.parameters import ParameterError
from lightning_v2.report.planning import find_notebooks, plan_runs, told


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


def test_notebooks_are_chosen_by_name(folder):
    assert [path.stem for path in find_notebooks(folder, ["goo", "onc"])] == ["good", "once"]
    assert find_notebooks(None, None)[0].name == "00_answer.ipynb"


def test_a_run_tells_the_licences_of_its_voices(tmp_path):
    (tmp_path / "MODEL_CARD").write_text("* License: mine")
    found = told({"voices": ["lark", "hibari", f"{tmp_path}/v.onnx"], "plan": "bf16"})
    assert list(found) == ["lark", "hibari", "v.onnx"] and found["v.onnx"] == "mine"
    assert found["hibari"].startswith("Apache-2.0") and "hibari-tts 0.2.1" in found["hibari"]
    assert told({"voice": "lark"}) == {"lark": found["lark"]} and told({"text": "a"}) == {}
