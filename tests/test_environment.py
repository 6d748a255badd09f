"""The three descriptions of the environment say the same."""

import re
import tomllib
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
    groups = PYPROJECT["dependency-groups"]["dev"]
    assert specifiers(pip[:-1]) == specifiers(PYPROJECT["project"]["dependencies"] + groups)


def test_conda_itself_brings_only_python_and_pip():
    assert CONDA[:-1] == [f"python={(ROOT / '.python-version').read_text().strip()}", "pip"]


def test_lock_holds_every_dependency():
    locked = set(re.findall(r'^name = "(.+)"$', (ROOT / "uv.lock").read_text(), re.MULTILINE))
    assert specifiers(PYPROJECT["project"]["dependencies"]).keys() <= locked
