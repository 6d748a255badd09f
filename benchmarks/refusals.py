"""How much of each packaged voice a device can run, and what stands in the way of the rest.

Counted from the shapes of a short sentence (measured), for voices whose package is installed; no
device is needed. --write puts the table into docs/deploying.md.
"""

import argparse
import sys
import warnings
from collections import Counter
from pathlib import Path

from markdown_table import table
from marked_text import replaced

import lightning_v2 as lv2
from lightning_v2.deployment.lowering.graph.survey import Survey
from lightning_v2.deployment.refusals import refusals
from lightning_v2.onnx.voices import PACKAGED
from lightning_v2.report.records import write_whole

DOCUMENT = Path(__file__).parent.parent / "docs" / "deploying.md"
START, END = "<!-- refusals: benchmarks/refusals.py -->\n", "<!-- end of refusals -->"
PLAN = "bf16"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="into docs/deploying.md")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    plan = lv2.Plan.load(PLAN)
    rows = []
    for name, packaged in PACKAGED.items():
        if packaged.version is None:
            print(f"{name}: {packaged.package} is not installed", file=sys.stderr)
            continue
        rows.append(row(name, refusals(lv2.load(name), plan)))
    columns = ("voice", "sites", "on the device", "multiply-adds there, %", "what cannot run there")
    text = "\n".join(table(columns, rows)) + "\n"
    print(text)
    if args.write:
        write_whole(DOCUMENT, replaced(DOCUMENT.read_text(), START, END, text))
    return 0


def row(name: str, found: Survey) -> tuple[str, ...]:
    """What is shown of one voice."""
    kinds = Counter(x.op for x in found.refused)
    listed = ", ".join(f"{op} {count}" for op, count in kinds.most_common()) or "-"
    share = 100 * found.lowered_macs / found.macs
    return name, str(found.sites), str(found.lowered_sites), f"{share:.2f}", listed


if __name__ == "__main__":
    sys.exit(main())
