"""Infinities, NaN, denormals and -0 on both chips: the tables of docs/edge_cases.md.

Values are those of the record data/golden/edge_cases.npz (simulated); the tests hold the exact tier
against each. --write puts the tables into the document.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from markdown_table import table
from marked_text import replaced

from lightning_v2.deployment.verification.cases import operands, read, values_of
from lightning_v2.report.records import write_whole

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs" / "edge_cases.md"
CHIPS = ("wormhole_b0", "blackhole")

SHOWN = (0x0000, 0x8000, 0x3F80, 0x7F80, 0xFF80, 0x7FC0, 0x0001, 0x0080, 0x7F7F)
"""Patterns of bfloat16 for which functions are shown: 0, -0, 1, infinities, NaN, a denormal, the
smallest normal number and the largest."""

FUNCTIONS = "abs neg sign relu reciprocal trunc floor ceil log_sigmoid".split()
PAIRS = (
    ("add", "inf", "-inf"),
    ("add", "-0", "-0"),
    ("subtract", "inf", "inf"),
    ("multiply", "inf", "0"),
    ("multiply", "-0", "1"),
    ("divide", "inf", "inf"),
    ("divide", "0", "0"),
    ("divide", "1", "-0"),
    ("add", "NaN", "1"),
    ("multiply", "NaN", "1"),
    ("maximum", "NaN", "1"),
    ("maximum", "-0", "0"),
    ("minimum", "0", "-0"),
)
ROWS = {
    0: "all -infinity",
    1: "one infinity",
    2: "two infinities",
    3: "one NaN",
    4: "all NaN",
    5: "half of them -infinity",
    6: "all -0",
}
BLOCKS = {
    0: "with an infinity",
    1: "with a NaN",
    2: "all denormal",
    3: "below 2^-122",
    4: "all -0",
    6: "below 2^-126",
    7: "up to 3e38",
}


class Record:
    """The golden file."""

    def __init__(self) -> None:
        self._cases, self._arrays = read(ROOT / "data" / "golden" / "edge_cases.npz")

    def find(self, op: str, source: str, **options) -> int:
        """The number of a case."""
        return next(
            i
            for i, case in enumerate(self._cases)
            if case["op"] == op
            and source == next(iter(case["inputs"].values()))
            and options.items() <= case["options"].items()
        )

    def given(self, index: int) -> list[np.ndarray]:
        return [x.numpy() for x in operands(self._cases[index], index, self._arrays).values()]

    def words(self, index: int, read: Callable[[np.ndarray], str]) -> str:
        """What `read` makes of the result on both chips: one word, or one for each."""
        shape, found = self.given(index)[0].shape, []
        for chip in CHIPS:
            stored = self._arrays.get(f"out_{chip}_{index}")
            found.append(
                "not run" if stored is None else read(values_of(stored).numpy().reshape(shape))
            )
        return found[0] if found[0] == found[1] else f"{found[0]}; {found[1]}"


def word(x: float) -> str:
    """A number as it stands in the tables."""
    if np.isnan(x):
        return "NaN"
    if x == 0:
        return "-0" if np.signbit(x) else "0"
    return f"{x:.5g}"


def functions(record: Record, dtype: str) -> Iterator[tuple[str, ...]]:
    for name in FUNCTIONS:
        index = record.find(name, dtype)
        x = record.given(index)[0][0].view(np.uint32) >> 16
        at = [int(np.flatnonzero(x == pattern)[0]) for pattern in SHOWN]
        yield f"`{name}`", *(record.words(index, lambda y, i=i: word(y[0, i])) for i in at)


def pairs(record: Record) -> Iterator[tuple[str, ...]]:
    for name, a, b in PAIRS:
        cells = []
        for dtype in ("bfloat16", "float32"):
            index = record.find(name, dtype)
            left, right = record.given(index)
            words = [[word(x) for x in values] for values in (left[:, 0], right[0])]
            i, j = words[0].index(a), words[1].index(b)
            cells.append(record.words(index, lambda y, i=i, j=j: word(y[i, j])))
        yield f"`{name}({a}, {b})`", *cells


def softmax(record: Record) -> Iterator[tuple[str, ...]]:
    for row, what in ROWS.items():
        cells = []
        for dtype in ("bfloat16", "float32"):
            for stable in (True, False):
                index = record.find("softmax", dtype, numeric_stable=stable)
                cells.append(record.words(index, lambda y, row=row: _lanes(y[row], row)))
        yield what, *cells


def _lanes(values: np.ndarray, row: int) -> str:
    """An ordinary value of a row and, where it differs, the one at the special place."""
    ordinary, special = word(values[-1]), word(values[3])
    if row in (0, 4, 6) or ordinary == special:
        return ordinary
    return f"{special} there, else {ordinary}"


def blocks(record: Record) -> Iterator[tuple[str, ...]]:
    kinds = (("from_torch", "float32"), ("typecast", "float32"), ("typecast", "bfloat16"))
    for row, what in BLOCKS.items():
        cells = []
        for op, source in kinds:
            index = record.find(op, source, dtype="bfloat8_b")
            cells.append(
                record.words(index, lambda y, row=row: f"{word(y[row, 3])}, {word(y[row, 15])}")
            )
        yield what, *cells


def tables(record: Record) -> dict[str, list[str]]:
    """Name -> lines of each table of the document."""
    shown = [word(x) for x in (np.array(SHOWN, np.uint32) << 16).view(np.float32)]
    ways = [f"{dtype}, {way}" for dtype in ("bfloat16", "float32") for way in ("stable", "not")]
    packed = ("by the host", "by a typecast of float32", "by a typecast of bfloat16")
    return {
        "two operands": table(("call", "bfloat16", "float32"), pairs(record)),
        "softmax": table(("row", *ways), softmax(record)),
        "functions of bfloat16": table(("", *shown), functions(record, "bfloat16")),
        "functions of float32": table(("", *shown), functions(record, "float32")),
        "block floats": table(("block", *packed), blocks(record)),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="into docs/edge_cases.md")
    args = parser.parse_args()
    text = DOCUMENT.read_text(encoding="utf-8")
    for name, lines in tables(Record()).items():
        print(f"{name}\n", *lines, sep="\n")
        start = f"<!-- {name}: benchmarks/edge_cases.py -->\n"
        text = replaced(text, start, "<!-- end -->", "\n".join(lines) + "\n")
    if args.write:
        write_whole(DOCUMENT, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
