"""Docstrings of classes can be read by tools: a line an attribute, below `Attributes:`."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = [p for room in ("lightning_v2", "widgets") for p in sorted((ROOT / room).rglob("*.py"))]


def astray(source):
    """Attributes, as class.name, that a docstring tells anywhere else than it should."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef) and (fields := annotated(node)):
            name = f"(?:{'|'.join(fields)})"
            before, _, block = (ast.get_docstring(node) or "").partition("Attributes:\n")
            entries = re.sub(r"\n {8,}", " ", block)
            found = re.findall(rf"(?:^|[.;…] )({name}(?:, {name})*): ", before, re.MULTILINE)
            found += re.findall(rf"[.;…] ({name}(?:, {name})*): ", entries)
            yield from (f"{node.name}.{attribute}" for attribute in found)


def annotated(node):
    """Names that the body of a class annotates."""
    parts = [part.target for part in node.body if isinstance(part, ast.AnnAssign)]
    return [part.id for part in parts if isinstance(part, ast.Name)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_line_an_attribute(path):
    assert list(astray(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "words",
    [
        "It is. left: this.",
        "It is.\n\n    left: this.",
        "It is.\n\n    Attributes:\n        left: this. right: that.",
        "It is.\n\n    Attributes:\n        left: this and\n            more. right: that.",
    ],
)
def test_finds_what_stands_elsewhere(words):
    source = f'class A:\n    """{words}\n    """\n    left: int\n    right: int\n'
    assert len(list(astray(source))) == 1


def test_lets_the_form_pass():
    words = "It is.\n\n    Attributes:\n        left: this.\n        right: that; left or not."
    source = f'class A:\n    """{words}\n    """\n    left: int\n    right: int\n'
    assert list(astray(source)) == []
