"""Reads the YAML of a plan and says, for whatever is wrong, in which line and what was meant."""

import difflib
from collections.abc import Callable, Iterable
from typing import NoReturn

import yaml
from yaml.constructor import SafeConstructor
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from lightning_v2.tensix.numbers.sites import LEGAL, ROLES, is_legal

_TOP = ("name", "description", "adapted", "default", "rules")


def nearest(word: str, legal: Iterable[str]) -> str | None:
    """The legal word most like `word`, capitals ignored; None if there is none at all."""
    words = {candidate.lower(): candidate for candidate in legal}
    found = difflib.get_close_matches(word.lower(), words, n=1, cutoff=0)
    return words[found[0]] if found else None


class Reader:
    """One plan text; `error` makes the exception to raise from a message and a line."""

    def __init__(self, text: str, error: Callable[[str, int | None], Exception]):
        self._text, self._error = text, error

    def plan(self) -> dict:
        """Name, description, adapted, default, and rules: [(globs, fields, lines, roles)]."""
        try:
            root = yaml.compose(self._text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self._fail(f"no YAML: {error.problem}", mark)
        except yaml.YAMLError as error:
            self._fail(f"no YAML: {error}")
        except RecursionError:
            self._fail("no plan is nested so deeply")
        if root is None:
            self._fail("the plan is empty")
        entries = self._mapping(root, "a plan", _TOP)
        plan = {"name": "", "description": "", "adapted": "", "default": {}, "rules": []}
        for key, (_, value) in entries.items():
            if key in ("name", "description", "adapted"):
                plan[key] = self._string(value, key).strip()
            elif key == "default":
                plan["default"] = self._fields(self._mapping(value, "default", LEGAL))
            elif not (isinstance(value, ScalarNode) and self._value(value) is None):
                plan["rules"] = [self._rule(rule) for rule in self._sequence(value, "rules")]
        if plan["default"].get("output") == "uint32":
            node = entries["default"][1]
            self._fail("uint32 cannot be the default: only an integer accumulator has it", node)
        return plan

    def _rule(self, node: Node) -> tuple[tuple[str, ...], dict, tuple[int, ...], tuple[str, ...]]:
        entries = self._mapping(node, "a rule", ("sites", "roles", *LEGAL))
        whose = [key for key in ("sites", "roles") if key in entries]
        if not whose:
            self._fail("a rule without sites: say which it is for", node)
        if len(whose) > 1:
            self._fail("a rule has either sites or roles: make two of it", node)
        key = whose[0]
        _, value = entries.pop(key)
        nodes = value.value if isinstance(value, SequenceNode) else [value]
        if not nodes:
            self._fail(f"{key} is empty", value)
        if not entries:
            self._fail("a rule that sets no field", node)
        words = tuple(self._string(word, key) for word in nodes)
        lines = tuple(n.start_mark.line + 1 for n in nodes)
        if key == "sites":
            return words, self._fields(entries), lines, ()
        for word, where in zip(words, nodes, strict=True):
            if word not in ROLES:
                self._fail(f"no role {word!r}; did you mean {nearest(word, ROLES)!r}?", where)
        return (), self._fields(entries), lines, words

    def _fields(self, entries: dict[str, tuple[Node, Node]]) -> dict[str, object]:
        fields = {}
        for name, (_, node) in entries.items():
            value = self._value(node) if isinstance(node, ScalarNode) else None
            if not is_legal(name, value):
                written = node.value if isinstance(node, ScalarNode) else "a list or mapping"
                self._fail(f"{name} cannot be {written!r}; {_what_it_can_be(name, written)}", node)
            fields[name] = value
        return fields

    def _mapping(self, node: Node, what: str, legal) -> dict[str, tuple[Node, Node]]:
        """Key -> (key node, value node); keys must be legal and occur once."""
        if not isinstance(node, MappingNode):
            self._fail(f"{what} must be a mapping with {', '.join(legal)}", node)
        entries: dict[str, tuple[Node, Node]] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, ScalarNode) else "a list or mapping"
            if name not in legal:
                near = nearest(name, legal)
                self._fail(f"unknown field {name!r} in {what}; did you mean {near!r}?", key)
            if name in entries:
                self._fail(f"{name!r} stands twice in {what}", key)
            entries[name] = key, value
        return entries

    def _sequence(self, node: Node, what: str) -> list[Node]:
        if not isinstance(node, SequenceNode):
            self._fail(f"{what} must be a list", node)
        return node.value

    def _string(self, node: Node, what: str) -> str:
        if not isinstance(node, ScalarNode) or not node.value:
            self._fail(f"{what} must be text", node)
        return node.value

    def _value(self, node: ScalarNode) -> object:
        try:
            return SafeConstructor().construct_object(node)
        except (ValueError, yaml.YAMLError):
            return node.value

    def _fail(self, message: str, where: Node | yaml.Mark | None = None) -> NoReturn:
        mark = where.start_mark if isinstance(where, Node) else where
        raise self._error(message, mark.line + 1 if mark else None) from None


def _what_it_can_be(field: str, written: str) -> str:
    legal = LEGAL[field]
    if legal is bool:
        return "it is true or false"
    if legal is int:
        return "it is a whole number of tiles, 1 or more"
    return f"did you mean {nearest(written, legal)!r}?"
