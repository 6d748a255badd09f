"""Plans that are saved from the explorer, and what is asked before."""

import pytest

import lightning_v2 as lv2
from tests.widgets.explorer.opened import part, send


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder; another one lies beside it."""
    work = tmp_path / "work"
    work.mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(work)
    return work


def test_a_saved_plan_comes_with_the_command_that_runs_it(explorer, folder):
    send(explorer, "save", path="mine.yaml")
    status = part(explorer, "ExplorerBar").status
    assert f"lightning-v2 notebooks --plans {folder / 'mine.yaml'}" in status["note"]
    assert status["question"] is None
    assert lv2.Plan.load(folder / "mine.yaml").digest == explorer.plan.digest


def test_saving_asks_before_it_replaces_a_file(explorer, folder):
    (folder / "mine.yaml").write_text("precious")
    send(explorer, "save", path="mine.yaml")
    question = part(explorer, "ExplorerBar").status["question"]
    assert (question["path"], question["yes"]) == ("mine.yaml", "Replace it")
    assert "It is there already, and would be replaced." in question["words"]
    send(explorer, "dismiss")
    assert part(explorer, "ExplorerBar").status["question"] is None
    send(explorer, "save", path="mine.yaml", agreed="another question")
    assert (folder / "mine.yaml").read_text() == "precious"
    send(explorer, "save", path="mine.yaml", agreed=question["words"])
    assert lv2.Plan.load(folder / "mine.yaml").digest == explorer.plan.digest


def test_saving_asks_before_it_leaves_the_working_folder(explorer, folder):
    for path in ("../elsewhere/mine.yaml", str(folder.parent / "elsewhere" / "mine.yaml")):
        send(explorer, "save", path=path)
        question = part(explorer, "ExplorerBar").status["question"]
        assert f"It lies outside the working folder {folder}." in question["words"]
    (folder / "link.yaml").symlink_to(folder.parent / "elsewhere" / "linked.yaml")
    send(explorer, "save", path="link.yaml")
    assert "outside" in part(explorer, "ExplorerBar").status["question"]["words"]
    assert list((folder.parent / "elsewhere").iterdir()) == []
    send(explorer, "save", path=path, agreed=question["words"])
    assert (folder.parent / "elsewhere" / "mine.yaml").exists()


def test_python_replaces_a_file_only_when_told_to(explorer, folder):
    explorer.save("mine.yaml")
    with pytest.raises(lv2.LightningError, match=r"mine\.yaml is there already: replace=True"):
        explorer.save("mine.yaml")
    assert explorer.save("mine.yaml", replace=True) == folder / "mine.yaml"
