"""Who says so: the marks of evidence in docs/numerics.md, counted section by section.

Prints the table of its last section; --write puts it there. A test holds it against the marks.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from markdown_table import table
from marked_text import replaced

from lightning_v2.report.records import write_whole

DOCUMENT = Path(__file__).parent.parent / "docs" / "numerics.md"
START, END = "<!-- witnesses: benchmarks/witnesses.py -->\n", "<!-- end of witnesses -->"

KINDS = {
    "documented": {"isa"},
    "read in the simulator": {"model"},
    "run": {"golden", "ttsim", "ttnn", "mock"},
    "read in ttnn": {"kernel", "source"},
    "seen on a card": {"silicon"},
    "only concluded": {"inferred"},
}
"""Column -> marks that it counts."""

SIMULATOR = {"model", "golden", "ttsim"}
"""Marks of one witness."""

_WORDS = "|".join(sorted(set().union(*KINDS.values())))
_MARK = re.compile(rf"\[((?:{_WORDS})\b[^\]]*)\](?!\()")
_HEADING = re.compile(r"^(?:##|###) (\d+(?:\.\d+)?)\.? (.+)$", re.MULTILINE)


def rules(text: str) -> Iterator[tuple[str, set[str]]]:
    """(section, marks) of every marked rule; what defines the marks, at the beginning, is none."""
    headings = [*_HEADING.finditer(text)]
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    for heading, end in zip(headings, ends, strict=True):
        section = f"{heading[1]} {heading[2]}"
        for mark in _MARK.finditer(text, heading.end(), end):
            yield section, set(re.findall(rf"(?<![\w*])(?:{_WORDS})\b", mark[1]))


def rows(text: str) -> list[tuple[str, ...]]:
    """A row for each section that has marks, and their sum."""
    found = [*rules(text)]
    sections = [*dict.fromkeys(section for section, _ in found)]

    def row(name: str, marks: list[set[str]]) -> tuple[str, ...]:
        counts = [sum(bool(own & kind) for own in marks) for kind in KINDS.values()]
        alone = sum(own <= SIMULATOR for own in marks)
        return name, *(str(count or "-") for count in (len(marks), *counts, alone))

    return [
        *(row(name, [marks for section, marks in found if section == name]) for name in sections),
        row("**all**", [marks for _, marks in found]),
    ]


def shown(text: str) -> str:
    """The table."""
    return "\n".join(table(("section", "rules", *KINDS, "simulator alone"), rows(text))) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="into docs/numerics.md")
    args = parser.parse_args()
    text = DOCUMENT.read_text(encoding="utf-8")
    print(shown(text))
    if args.write:
        write_whole(DOCUMENT, replaced(text, START, END, shown(text)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
