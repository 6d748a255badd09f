"""What hangs on how the engine reads SrcB beside bfloat16 in SrcA: docs/limits.md.

Sentences under plans in the exact tier, SrcB read by its own format and in the style of SrcA,
against float32 and against each other. Emulated. Prints a table and, with --write, puts it into
docs/limits.md and writes benchmarks/results/srcb.json.
"""

import argparse
import sys
import warnings
from pathlib import Path

import numpy as np
from markdown_table import RESULTS, table
from marked_text import replaced

import lightning_v2 as lv2
from lightning_v2.chapters.number_formats.srcb_readings import both_readings
from lightning_v2.report.records import save_result, write_whole
from lightning_v2.resources import held_out_texts

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs" / "limits.md"
START, END = "<!-- srcb: benchmarks/srcb.py -->\n", "<!-- end of srcb -->"
FIGURES = ("PESQ (MOS)", "spectrum (dB)", "SNR (dB)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voice", default="lark")
    parser.add_argument("--plans", nargs="+", default=["fp32", "bf16", "lightning-v2"])
    parser.add_argument("--sentences", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    voice, texts = lv2.load(args.voice), list(held_out_texts(args.sentences).values())
    rows = [
        {"text": text, **both_readings(voice, text, plan).row()}
        for plan in args.plans
        for text in texts
    ]
    text = "\n".join(shown(rows, args.plans)) + "\n"
    print(text)
    if args.write:
        save_result(RESULTS / "srcb.json", ROOT, voice, "emulated", rows=rows)
        write_whole(DOCUMENT, replaced(DOCUMENT.read_text(), START, END, text))
    return 0


def shown(rows: list[dict], plans: list[str]) -> list[str]:
    """Lines of the table: means over the sentences."""
    last = "one against the other: SNR (dB)"
    lines = []
    for plan in plans:
        own = [row for row in rows if row["plan"] == plan]

        def mean(name: str, own: list[dict] = own) -> float:
            return float(np.mean([row[name] for row in own]))

        pairs = (f"{mean(f'own: {n}'):.3f}; {mean(f'srca: {n}'):.3f}" for n in FIGURES)
        differ = f"{mean('values that differ (%)'):.0f}"
        lines.append(
            (f"`{plan}`", own[0]["sites that differ"], differ, *pairs, f"{mean(last):.1f}")
        )
    head = ("plan", "sites that differ", "values that differ, %", *FIGURES, last)
    return table(head, lines)


if __name__ == "__main__":
    sys.exit(main())
