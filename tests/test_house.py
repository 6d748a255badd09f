"""The commands that set everything up, as far as they can be tried without setting it up again."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WANTED = (ROOT / ".python-version").read_text().strip()


def find_python(*arguments, path, **environment):
    found = subprocess.run(
        [shutil.which("sh"), ROOT / ".ci" / "find-python", *arguments],
        cwd="/",
        env={"PATH": str(path), "PYENV_ROOT": "/nowhere", **environment},
        capture_output=True,
        text=True,
    )
    return found.returncode, found.stdout.strip(), found.stderr.strip()


@pytest.fixture
def tools(tmp_path):
    """tools(name=path or shell script): a PATH with nothing but these."""

    def make(**commands):
        for name, content in commands.items():
            target = tmp_path / name.replace("_", ".")
            if Path(content).exists():
                target.symlink_to(content)
            else:
                target.write_text(f"#!{shutil.which('sh')}\n{content}\n")
                target.chmod(0o755)
        return tmp_path

    return make


def interpreter():
    return os.path.realpath(sys.executable)


def test_finds_the_python_of_the_project(tools):
    status, found, _ = find_python(WANTED, path=tools(python3=interpreter()))
    assert status == 0
    assert subprocess.run([found, "--version"], capture_output=True, text=True).stdout.startswith(
        f"Python {WANTED}"
    )


def test_no_python_is_one_line_that_says_what_to_install(tools):
    status, _, error = find_python("any", path=tools())
    assert status == 1
    assert error == "error: no Python found: install the Debian packages python3 and python3-venv"


def test_python_without_venv_names_the_package(tools):
    status, _, error = find_python("any", path=tools(python3="exit 1"))
    assert status == 1
    assert error.endswith("install the Debian package python3-venv")


def test_another_version_is_not_taken(tools):
    status, _, error = find_python("3.99", path=tools(python3=interpreter()))
    assert status == 1
    assert error.count("\n") == 0
    assert "no Python 3.99 found" in error
    assert "uv python install 3.99" in error


def test_a_named_python_must_fit(tools):
    status, _, error = find_python("3.99", interpreter(), path=tools())
    assert status == 1
    assert "is not usable (wanted: Python 3.99)" in error


def test_make_says_what_there_is():
    shown = subprocess.run(["make", "-C", ROOT], capture_output=True, text=True, check=True).stdout
    assert all(f"make {verb}" in shown for verb in ("setup", "notebooks", "lab", "test", "lint"))


def test_ci_runs_the_same_commands():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    runs = [
        step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step
    ]
    assert runs == [".ci/run"]
    [kept] = [
        step["with"] for step in workflow["jobs"]["ci"]["steps"] if "name" in step.get("with", {})
    ]
    assert kept["path"].split() == ["build/site", "build/report.json"]
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)
    commands = [line for line in script.read_text().splitlines() if line.startswith("make ")]
    assert commands == ["make lint", "make notebooks", "make test"]
