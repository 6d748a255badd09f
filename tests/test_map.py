"""The map of rooms in docs/house.md is the one that the code draws."""

import ast
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
START, END = "<!-- map: tests/test_map.py -->\n", "<!-- end of map -->"


@pytest.fixture(scope="module")
def drawn() -> str:
    graph = grimp.build_graph("lightning_v2", "widgets", exclude_type_checking_imports=True)
    rooms = sorted(filter(is_room, graph.modules))
    assert all(map(purpose, rooms))
    lines = ["| room | what it is | knows |", "|---|---|---|"]
    for room in rooms:
        others = ", ".join(f"`{short(other)}`" for other in known(graph, room, rooms))
        lines.append(f"| `{short(room)}` | {purpose(room)} | {others} |")
    return "\n".join(lines) + "\n"


def is_room(name: str) -> bool:
    return (ROOT / name.replace(".", "/") / "__init__.py").exists() and name != "lightning_v2"


def purpose(room: str) -> str:
    """First paragraph of the docstring of a package."""
    source = (ROOT / room.replace(".", "/") / "__init__.py").read_text()
    return " ".join((ast.get_docstring(ast.parse(source)) or "").split("\n\n")[0].split())


def known(graph: grimp.ImportGraph, room: str, rooms: list[str]) -> list[str]:
    """Rooms that `room` imports from: those of the library, and those beside it in its own."""
    parent = room.rpartition(".")[0]
    return [
        other
        for other in rooms
        if (other.count(".") == 1 or other.rpartition(".")[0] == parent)
        and not f"{other}.".startswith(f"{room}.")
        and not f"{room}.".startswith(f"{other}.")
        and graph.direct_import_exists(importer=room, imported=other, as_packages=True)
    ]


def short(room: str) -> str:
    return room.removeprefix("lightning_v2.")


def test_the_map_is_that_of_the_code(drawn):
    text = (ROOT / "docs" / "house.md").read_text()
    written = text.partition(START)[2].partition(END)[0]
    assert written == drawn, f"docs/house.md should have:\n{drawn}"
