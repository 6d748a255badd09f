"""What a notebook may be asked for, and whether it was asked for that."""

import ast
import difflib
import math
from collections.abc import Iterable
from pathlib import Path

from IPython.core.inputtransformer2 import TransformerManager

from lightning_v2.errors import LightningError
from lightning_v2.report.records import read_notebook


class ParameterError(LightningError, ValueError):
    """A parameter that a notebook does not know, or a value that it cannot have."""


def known_parameters(notebook: Path) -> dict[str, object]:
    """Names and defaults of the first cell tagged `parameters`; one that is no literal is None.

    Raises:
        ParameterError: the file is no notebook, or the cell no Python.
    """
    found = read_notebook(notebook)
    if found is None:
        raise ParameterError(f"{notebook}: not a notebook")
    for cell in found.cells:
        if "parameters" in cell.metadata.get("tags", []):
            try:
                assigned = _assigned(cell.source)
            except SyntaxError as error:
                raise ParameterError(f"{notebook}: the cell of parameters: {error}") from error
            return {name: _literal(value, None) for name, value in assigned.items()}
    return {}


def parameter_defaults(source: str) -> dict[str, object]:
    """Names and values that a cell of parameters assigns; one that is no literal as its code."""
    return {name: _literal(value, ast.unparse(value)) for name, value in _assigned(source).items()}


def check_parameters(notebook: Path, given: dict[str, str]) -> dict[str, object]:
    """Texts as given by a user, as values of the types that the notebook's defaults have.

    Args:
        notebook: path.
        given: name to text; a list is given as `a,b,c`, a mapping as a Python literal. Where the
            default has no type (None, an expression) a literal is one, and all else is text.

    Raises:
        ParameterError: a name is unknown (the nearest one is named), or a text is not of the type
            or stands for a number that is not finite, which no notebook can store.
    """
    known = known_parameters(notebook)
    values = {}
    for name, text in given.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            names = ", ".join(known) or "none"
            raise ParameterError(
                f"{notebook.name} has no parameter {name!r}{hint} (it knows: {names})"
            )
        values[name] = _as_type(name, text, known[name])
        if not _storable(values[name]):
            raise ParameterError(f"{name} must be made of finite numbers and text, not {text!r}")
    return values


def parse_pairs(pairs: Iterable[str]) -> dict[str, str]:
    """`NAME=VALUE` texts as a dict.

    Raises:
        ParameterError: one has no `=` or no name before it.
    """
    given = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.isidentifier():
            raise ParameterError(f"-p needs NAME=VALUE, not {pair!r}")
        given[name] = value
    return given


def _as_type(name: str, text: str, default: object) -> object:
    if isinstance(default, bool):
        words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if text.lower() in words:
            return words[text.lower()]
        raise ParameterError(f"{name} must be true or false, not {text!r}")
    if isinstance(default, list | tuple):
        of = default[0] if default else ""
        return [_as_type(name, part.strip(), of) for part in text.split(",") if part.strip()]
    if isinstance(default, int | float):
        try:
            return type(default)(text)
        except ValueError:
            kind = "a whole number" if isinstance(default, int) else "a number"
            raise ParameterError(f"{name} must be {kind}, not {text!r}") from None
    if isinstance(default, str):
        return text
    value = _evaluated(text)
    if isinstance(default, dict) and not isinstance(value, dict):
        raise ParameterError(f"{name} must be a mapping such as {default!r}, not {text!r}")
    return value


def _assigned(source: str) -> dict[str, ast.expr]:
    """What a cell assigns to plain names, the last value of each. Lines of IPython are left out."""
    assigned = {}
    for statement in ast.parse(TransformerManager().transform_cell(source)).body:
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets = [statement.target]
        else:
            continue
        for target in targets:
            if isinstance(target, ast.Name):
                assigned[target.id] = statement.value
    return assigned


def _literal(value: ast.expr, otherwise: object) -> object:
    try:
        return ast.literal_eval(value)
    except ValueError:
        return otherwise


def _evaluated(text: str) -> object:
    """The Python literal that a text is; itself if it is none."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _storable(value: object) -> bool:
    """Whether JSON can hold it."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and _storable(entry) for key, entry in value.items())
    if isinstance(value, list | tuple):
        return all(map(_storable, value))
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, str | int)
