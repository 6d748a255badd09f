"""What a notebook may be asked for, and whether it was asked for that."""

import ast
import difflib
from collections.abc import Iterable
from pathlib import Path

import papermill

from ..errors import LightningError


class ParameterError(LightningError, ValueError):
    """A parameter that a notebook does not know, or a value of the wrong type."""


def known_parameters(notebook: Path) -> dict[str, object]:
    """Names and defaults of the cell tagged `parameters`; a default that is no literal is None.

    Raises:
        ParameterError: the file is no notebook.
    """
    try:
        found = papermill.inspect_notebook(str(notebook))
    except Exception as error:  # papermill and nbformat raise whatever the parser below them does
        raise ParameterError(f"{notebook}: not a notebook ({error})") from error
    return {name: _literal(entry["default"]) for name, entry in found.items()}


def check_parameters(notebook: Path, given: dict[str, str]) -> dict[str, object]:
    """Texts as given by a user, as values of the types that the notebook's defaults have.

    Args:
        notebook: path.
        given: name to text; a list is given as `a,b,c`.

    Raises:
        ParameterError: a name is unknown (the nearest one is named), or a text is not of the type.
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
    return text


def parameter_defaults(source: str) -> dict[str, object]:
    """Names and literal values that a cell of parameters assigns."""
    return {
        statement.targets[0].id: ast.literal_eval(statement.value)
        for statement in ast.parse(source).body
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
    }


def _literal(source: str) -> object:
    try:
        return ast.literal_eval(source)
    except (ValueError, SyntaxError):
        return None
