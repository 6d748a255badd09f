"""docs/adding.md, followed word by word in a copy of the project.

A block that names a file is written there; lines with a + are added after those that stand before
them; Python without a file is run, and so is make, with what it needs of the environment of tests.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "adding.md").read_text(encoding="utf-8")
FOLDERS = ("docs", "findings", "lightning_v2", "notebooks", "tests", "widgets")
FILES = ("README.md", "pyproject.toml", ".python-version")


@dataclass(frozen=True)
class Block:
    kind: str
    path: str
    text: str


def sections():
    """Title -> what is fenced below it."""
    fence = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
    parts = re.split(r"^## (.+)\n", TEXT, flags=re.MULTILINE)[1:]
    return {
        title: [Block(kind, path, body) for kind, path, body in fence.findall(part)]
        for title, part in zip(parts[::2], parts[1::2], strict=True)
    }


def changed(text, difference):
    """A text with the lines of a difference that begin with +, in between those that do not."""
    lines = difference.splitlines(keepends=True)
    assert {line[0] for line in lines if line.strip()} <= {" ", "+"}
    before = "".join(line[1:] or line for line in lines if not line.startswith("+"))
    assert text.count(before) == 1, f"these lines should be there once:\n{before}"
    return text.replace(before, "".join(line[1:] or line for line in lines))


class Copy:
    """A copy of the project that somebody adds to."""

    def __init__(self, root):
        self.root = root
        # What Python has compiled comes along, but for tests: theirs name the place of the source.
        left = shutil.ignore_patterns(".*", "tensix-*", "*-pytest-*.pyc", "*.pyc.*")
        for name in FOLDERS:
            shutil.copytree(ROOT / name, root / name, ignore=left)
        for name in FILES:
            shutil.copy(ROOT / name, root / name)
        (root / "data").symlink_to(ROOT / "data")

    def follow(self, block):
        path = self.root / block.path
        if block.kind == "diff":
            path.write_text(changed(path.read_text(encoding="utf-8"), block.text))
        elif block.path:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
            if path.name == "pyproject.toml":
                install(path)
        elif block.kind == "python":
            self.run("-c", block.text)
        else:
            for line in block.text.splitlines():
                self.run(*command(line, self.root / "notebooks"))

    def lint(self, paths):
        """As `make lint` does, but for these files alone."""
        if paths:
            self.run("-m", "ruff", "check", "--quiet", *paths)
            self.run("-m", "ruff", "format", "--check", "--quiet", *paths)

    def run(self, *arguments):
        own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
        places = (self.root, *(path.parent for path in self.root.glob("*/pyproject.toml")))
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root,
            env=own
            | {
                "PYTHONPATH": os.pathsep.join(map(str, places)),
                "XDG_CACHE_HOME": str(self.root / "cache"),
            },
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{arguments}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


def command(line, notebooks):
    """What a call of make does, as arguments of Python. Of a notebook the cells of code are run."""
    make, verb, given = shlex.split(line)
    assert make == "make" and given.startswith("ARGS=")
    arguments = shlex.split(given.removeprefix("ARGS="))
    if verb == "test":
        return "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments
    only, name = arguments
    assert (verb, only) == ("notebooks", "--only")
    cells = nbformat.read(notebooks / f"{name}.ipynb", as_version=4).cells
    return "-c", "\n".join(cell.source for cell in cells if cell.cell_type == "code")


def install(path):
    """What pip would write of a package beside its pyproject.toml."""
    project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    name, version = project["name"], project["version"]
    entry = path.parent / f"{name}-{version}.dist-info"
    entry.mkdir()
    (entry / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in entries.items())
        for group, entries in project["entry-points"].items()
    ]
    (entry / "entry_points.txt").write_text("".join(lines))


@pytest.mark.parametrize("title", sections())
def test_the_example_of_a_section_comes_out(title, tmp_path):
    copy = Copy(tmp_path)
    for block in sections()[title]:
        copy.follow(block)
    copy.lint(sorted({block.path for block in sections()[title] if block.path.endswith(".py")}))


def test_the_example_of_a_finding_is_the_one_that_is_there():
    (script,) = (block for block in sections()["A finding"] if block.path)
    assert script.text == (ROOT / script.path).read_text(encoding="utf-8")


def test_every_section_is_in_the_table_and_has_an_example():
    assert [title for title in sections() if f"#{title.lower().replace(' ', '-')})" in TEXT] == [
        *sections()
    ]
    assert all(sections().values())


def test_lines_are_added_where_the_others_are():
    assert changed("a\nb\nc\n", " b\n+x\n c\n") == "a\nb\nx\nc\n"
    with pytest.raises(AssertionError, match="should be there once"):
        changed("a\nc\n", " b\n+x\n")
