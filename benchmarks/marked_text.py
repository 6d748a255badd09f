"""What stands between two marks of a document, and is written by a script."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from lightning_v2.report.records import write_whole


def replaced(text: str, start: str, end: str, content: str) -> str:
    """`text` with `content` between the first mark `start` and the mark `end` after it."""
    before, _, rest = text.partition(start)
    return before + start + content + end + rest.partition(end)[2]


def run(description: str, path: Path, script: str, tables: Mapping[str, Callable[[], str]]) -> int:
    """The command of a script that writes all tables of a document.

    Args:
        description: for --help.
        path: of the document.
        script: as the marks name it.
        tables: name in the marks -> what makes what stands there.

    Returns:
        The exit code: with --check, 1 if a table is stale.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--check", action="store_true", help="exit with 1 if a table is stale")
    args = parser.parse_args()
    old = new = path.read_text()
    for name, make in tables.items():
        start, end = f"<!-- {name}: benchmarks/{script} -->\n", f"<!-- end of {name} -->"
        new = replaced(new, start, end, make())
    if args.check:
        return int(new != old)
    write_whole(path, new)
    return 0
