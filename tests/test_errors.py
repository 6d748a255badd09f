"""Whatever the library raises on purpose has one root, and commands call nothing else bad input."""

import ast
import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

import lightning_v2
import widgets
from lightning_v2.analysis.metrics import audio_metrics
from lightning_v2.cli import main as cli
from lightning_v2.errors import LightningError
from lightning_v2.model.natural.voice import NaturalVoice

BARE = {"Exception", "ValueError", "RuntimeError", "NotImplementedError", "OSError", "KeyError",
        "LookupError", "IndexError", "FileNotFoundError", "ArithmeticError"}  # fmt: skip
SIGNALS = {"_Seen", "_Left", "Abandoned"}
"""End a run of which nobody wants to know more; they reach no caller."""
BUGS = {"UnitBug"}
"""Bring a mistake of ours from another process."""

SAY = ["say", "Good morning.", "-o", "a.wav"]
COMPARE = ["compare", "Good morning.", "--plan", "bf16"]


def modules():
    for package in (lightning_v2, widgets):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not {"mock", "compiled"} & set(module.name.split(".")):
                yield importlib.import_module(module.name)


def test_every_exception_has_the_root():
    found = {
        exception
        for module in modules()
        for exception in vars(module).values()
        if inspect.isclass(exception)
        and issubclass(exception, BaseException)
        and exception.__module__.split(".")[0] in ("lightning_v2", "widgets")
    }
    errors = {e for e in found if not issubclass(e, Warning) and e.__name__ not in SIGNALS | BUGS}
    assert len(errors) > 15
    assert [e.__name__ for e in errors if not issubclass(e, LightningError)] == []
    builtin = (ValueError, RuntimeError, OSError)
    assert [e for e in errors - {LightningError} if not issubclass(e, builtin)] == []


@pytest.mark.parametrize("package", [lightning_v2, widgets], ids=lambda package: package.__name__)
def test_nothing_else_is_raised(package):
    bare = [
        f"{path}:{node.lineno}"
        for path in Path(package.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
        and node.exc.func.id in BARE
    ]
    assert bare == []


def broken(*arguments, **options):
    raise ValueError("operands could not be broadcast together with shapes (3,) (4,)")


@pytest.mark.parametrize(
    ("arguments", "module", "name"),
    [
        (COMPARE, audio_metrics, "measure"),
        (SAY, NaturalVoice, "synthesize"),
        (["check", "bf16"], importlib.import_module("lightning_v2.search.check"), "check"),
        (["notebooks"], importlib.import_module("lightning_v2.report.run"), "run_notebooks"),
        (
            ["train", "a"],
            importlib.import_module("lightning_v2.training.distillation.pipeline"),
            "distill",
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_bug_is_not_reported_as_bad_input(tmp_path, monkeypatch, capsys, arguments, module, name):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, name, broken)
    assert cli.main(arguments) not in (0, 1, 2)
    said = capsys.readouterr().err
    assert "Traceback (most recent call last)" in said
    assert "in broken" in said


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (LightningError("no such thing"), "error: no such thing"),
        (PermissionError(13, "Permission denied", "a.wav"), "Permission denied: 'a.wav'"),
    ],
)
def test_what_a_user_can_mend_is_said_in_a_line(monkeypatch, capsys, error, reason):
    def refuse(*_, **__):
        raise error

    monkeypatch.setattr(NaturalVoice, "synthesize", refuse)
    assert cli.main(SAY) == 2
    said = capsys.readouterr().err
    assert reason in said
    assert said.count("\n") == 1


def test_interrupted(monkeypatch, capsys):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(NaturalVoice, "synthesize", interrupt)
    assert cli.main(SAY) == 130
    assert capsys.readouterr().err == "interrupted\n"
