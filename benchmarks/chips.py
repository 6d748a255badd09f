"""Which plans give the same bits on Wormhole and on Blackhole: every site of a short sentence.

Emulated, in the exact tier, and beside it what the simulators of both chips gave (data/simulator/).
Some minutes. --write puts the rows into docs/deploying.md; those of other voices and plans stay.
"""

import argparse
import sys
import warnings
from pathlib import Path

import numpy as np
from markdown_table import table
from marked_text import replaced
from tqdm import tqdm

import lightning_v2 as lv2
from lightning_v2.deployment.agreement import (
    agreement_name,
    load_agreement,
    observed_emulation,
)
from lightning_v2.precision import presets, voice_sites
from lightning_v2.precision.fit import for_voice
from lightning_v2.report.records import write_whole

DOCUMENT = Path(__file__).parent.parent / "docs" / "deploying.md"
START, END = "<!-- chips: benchmarks/chips.py -->\n", "<!-- end of chips -->"
TEXT = "Hi."
CHIPS = "wormhole_b0", "blackhole"
COLUMNS = (
    "voice",
    "plan",
    "values",
    "differ between the chips",
    "sites with such values",
    "the first of them",
    "on both simulators",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voices", nargs="+", default=["lark", "hibari"])
    parser.add_argument("--plans", nargs="+", default=presets())
    parser.add_argument("--write", action="store_true", help="into docs/deploying.md")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    rows = []
    for name in args.voices:
        voice = lv2.load(name)
        rows += [row(voice, plan) for plan in tqdm(args.plans, desc=name, disable=None)]
    print("\n".join(table(COLUMNS, rows)))
    if args.write:
        write(rows)
    return 0


def write(rows: list[tuple[str, ...]]) -> None:
    """Put rows into the document, in the place of those of the same voice and plan."""
    text = DOCUMENT.read_text()
    old = text.partition(START)[2].partition(END)[0]
    cells = [tuple(line.strip("| ").split(" | ")) for line in old.splitlines()[2:]]
    known = {row[:2]: row for row in [*cells, *rows]}
    new = "\n".join(table(COLUMNS, known.values())) + "\n"
    write_whole(DOCUMENT, replaced(text, START, END, new))


def row(voice: lv2.Voice, name: str) -> tuple[str, ...]:
    """What is shown of one plan."""
    plan = for_voice(lv2.Plan.load(name), voice_sites(voice))
    wormhole, blackhole = (observed_emulation(voice, plan, TEXT, chip)[0] for chip in CHIPS)
    apart = {site: _apart(values, blackhole[site]) for site, values in wormhole.items()}
    differ = [site for site, count in apart.items() if count]
    return (
        voice.name,
        f"`{name}`",
        str(sum(values.size for values in wormhole.values())),
        str(sum(apart.values())),
        str(len(differ)),
        f"`{differ[0]}`" if differ else "-",
        simulated(voice.name, name),
    )


def _apart(a: np.ndarray, b: np.ndarray) -> int:
    """Values that differ in any bit; all where one chip speaks longer than the other."""
    if a.shape != b.shape:
        return max(a.size, b.size)
    a, b = (np.ascontiguousarray(x, np.float32).view(np.uint32) for x in (a, b))
    return int(np.count_nonzero(a != b))


def simulated(voice: str, plan: str) -> str:
    """What the records of both chips say of each other."""
    names = [agreement_name(voice, plan, chip) for chip in CHIPS]
    try:
        first, second = (load_agreement(name).table.set_index("site").digest for name in names)
    except OSError:
        return "not run on both"
    return "the same" if first.equals(second) else f"{(first != second).sum()} sites differ"


if __name__ == "__main__":
    sys.exit(main())
