"""The three descriptions of the environment say the same."""

import ast
import itertools
import re
import tomllib
from importlib import metadata
from pathlib import Path

import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]


def specifiers(lines):
    requirements = map(Requirement, lines)
    return {requirement.name: requirement.specifier for requirement in requirements}


def test_conda_environment_installs_what_pyproject_asks_for():
    pip = CONDA[-1]["pip"]
    assert pip[-1] == "-e ."
    groups = itertools.chain(*PYPROJECT["dependency-groups"].values())
    assert specifiers(pip[:-1]) == specifiers([*PYPROJECT["project"]["dependencies"], *groups])


def test_conda_itself_brings_only_python_and_pip():
    assert CONDA[:-1] == [f"python={(ROOT / '.python-version').read_text().strip()}", "pip"]


def test_lock_holds_every_dependency():
    locked = set(re.findall(r'^name = "(.+)"$', (ROOT / "uv.lock").read_text(), re.MULTILINE))
    assert specifiers(PYPROJECT["project"]["dependencies"]).keys() <= locked


def test_users_are_asked_for_nothing_that_only_tests_have():
    owners = metadata.packages_distributions()
    tests_only = specifiers(PYPROJECT["dependency-groups"]["dev"]).keys()
    files = [path for room in ("lightning_v2", "widgets") for path in (ROOT / room).rglob("*.py")]
    imported = {name for path in files for name in _imported(path)}
    assert "torch" in imported
    assert not {name for name in imported if tests_only & set(owners.get(name, ()))}


def _imported(path):
    """First names of the modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]
