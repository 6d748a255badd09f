"""The shares that arXiv 2604.03279 claims, beside those of a plan, with every denominator."""

import pandas as pd

from lightning_v2.analysis.display.tables import Sheet
from lightning_v2.precision import Coverage

LOFI_PERCENT = 95.0
BFP8_PERCENT = 80.0
"""Its abstract: more than 95 % "of the layers" in LoFi, more than 80 % "of the model" in
BlockFloat8. Neither says of what: sites, multiply-adds and bytes disagree."""


def claim_sheet(coverage: Coverage) -> Sheet:
    """A row a claim and way to count: claim, counted, of what, share and whether it is above."""
    table = coverage.table
    matrix, constant = table[table.engine == "matrix"], table[table.weights != ""]
    lofi, bfp8 = f"> {LOFI_PERCENT:g} % of the layers in LoFi", f"> {BFP8_PERCENT:g} % in BFP8"
    macs = "multiply-adds of one sentence"
    rows = [
        (lofi, "sites", f"{len(matrix)} sites of the matrix engine", "math_fidelity", "LoFi"),
        (lofi, "macs", _millions(matrix, macs), "math_fidelity", "LoFi"),
        (lofi, "weight_bytes", f"{matrix.weight_bytes.sum() / 1e6:.2f} MB of their weights",
         "math_fidelity", "LoFi"),
    ]  # fmt: skip
    smaller = coverage.share("weights", "bfloat4_b", of="weight_bytes") > 0
    counted = [(bfp8, ("bfloat8_b",))]
    if smaller:
        counted.append((f"{bfp8} or smaller", ("bfloat8_b", "bfloat4_b")))
    for words, formats in counted:
        rows += [
            (words, "sites", f"{len(constant)} sites with weights", "weights", *formats),
            (words, "macs", _millions(constant, f"{macs} there"), "weights", *formats),
            (words, "weight_bytes", f"{coverage.weight_bytes / 1e6:.2f} MB of all constants",
             "weights", *formats),
        ]  # fmt: skip
    frame = pd.DataFrame(
        _row(coverage, claim, of, what, field, values) for claim, of, what, field, *values in rows
    )
    caption = (
        f"Claims of arXiv 2604.03279 about another model, and plan {coverage.plan.name}: counted "
        "from the plan and the voice."
        + ("" if smaller else " Nothing is in bfloat4_b: in BFP8 or smaller is as much as in BFP8.")
    )
    return Sheet(frame, caption)


def _row(
    coverage: Coverage, claim: str, of: str, what: str, field: str, values: list[str]
) -> dict[str, object]:
    share = 100 * sum(coverage.share(field, value, of=of) for value in values)
    least = LOFI_PERCENT if field == "math_fidelity" else BFP8_PERCENT
    return {
        "claim": claim,
        "of what": what,
        "this plan (%)": f"{share:.1f}",
        "above the claim": "yes" if share > least else "no",
    }


def _millions(table: pd.DataFrame, words: str) -> str:
    return f"{table.macs.sum() / 1e6:.0f} million {words}"
