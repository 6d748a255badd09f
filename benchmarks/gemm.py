"""Products whose times others have published, beside the model: every row of tt-metal's report.

Prints a line a group, and the rows that are off by more than half; writes every row, predicted
(modelled) and published (measured, by others), to benchmarks/results/gemm.json.
"""

import argparse
import json
import sys
from pathlib import Path

from lightning_v2.economics.gemm import LOOSE, compared, published
from lightning_v2.provenance import provenance
from lightning_v2.report.records import write_whole

ROOT = Path(__file__).parent.parent
SOURCE = {
    "report": "tenstorrent/tt-metal, tech_reports/GEMM_FLOPS/GEMM_FLOPS.md",
    "commit": "06bd3735f7df2921d8195d732c14eba433e4a32d",
    "kind": "measured by others",
}
GROUP = ["board", "grid", "configuration", "traced", "dtype", "math_fidelity"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks/results/gemm.json")
    args = parser.parse_args()
    rows = compared(published())
    rows["error"] = (rows["ratio"] - 1).abs()
    groups = rows.groupby(GROUP, sort=False)
    shown = groups.agg(
        rows=("error", "size"), median_error=("error", "median"),
        lowest=("ratio", "min"), highest=("ratio", "max"),
    ).round(3).reset_index()  # fmt: skip
    print(shown.to_string(index=False))
    loose = rows[rows["error"] > LOOSE]
    print(f"\n{len(loose)} of {len(rows)} rows are off by more than {LOOSE:.0%}:")
    print(loose[[*GROUP, "m", "k", "n", "published_us", "predicted_us", "ratio"]].to_string())
    medians = {
        "all": rows["error"].median(),
        "traced": rows[rows["traced"]]["error"].median(),
        "p150": rows[rows["board"] == "p150"]["error"].median(),
        "p150, traced": rows[rows["traced"] & (rows["board"] == "p150")]["error"].median(),
    }
    medians = {name: round(float(value), 3) for name, value in medians.items()}
    print(f"\nmedian relative error, modelled beside measured by others: {medians}")
    record = {
        "kind": "modelled",
        "source": SOURCE,
        "median_error": medians,
        "beyond_half": len(loose),
        "groups": shown.to_dict("records"),
        **provenance(ROOT),
    }
    kept = rows.drop(columns="error").to_dict("split", index=False)
    lines = ",\n".join(map(json.dumps, kept["data"]))
    text = json.dumps(record | {"columns": kept["columns"], "rows": []}, indent=1)
    write_whole(args.output, text.replace('"rows": []', f'"rows": [\n{lines}\n]') + "\n")
    print(f"written to {args.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
