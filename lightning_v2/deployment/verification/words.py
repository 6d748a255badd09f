"""A verification in words, for a terminal."""

import pandas as pd

from lightning_v2.deployment.verification.measured import REFUSED, SAME, Row
from lightning_v2.deployment.verification.verification import BY_COMPILER, GROUPS, Verification


def table(found: Verification) -> str:
    """A line a group, and one for each case that is not as the exact tier has it."""
    rows = {name: [row for row in found.rows if row.group == name] for name in GROUPS}
    lines = [
        {
            "group": name,
            "cases": len(own),
            "values": sum(row.values for row in own),
            "different": sum(row.different for row in own),
            "refused": sum(row.state == REFUSED for row in own),
            "what": GROUPS[name],
        }
        for name, own in rows.items()
        if own
    ]
    shown = pd.DataFrame(lines).to_string(index=False)
    return "\n".join([shown, "", *map(_case, filter(_odd, found.rows)), verdict(found)])


def verdict(found: Verification) -> str:
    """The result in a sentence or two."""
    values = sum(row.values for row in found.rows)
    refused = sum(row.state == REFUSED for row in found.rows)
    whole = "" if found.complete else "; not all was run"
    if not found.different and not refused:
        return f"All {values} values are those of the exact tier, bit for bit{whole}."
    words = f"{found.different} of {values} values differ, {refused} cases were refused{whole}."
    if any(row.different and row.group in BY_COMPILER for row in found.rows):
        words += (
            " In norms, softmax, functions and most of elements the last bit may be the compiler's "
            'choice: docs/limits.md, "The compiler".'
        )
    return words


def _odd(row: Row) -> bool:
    return row.state != SAME


def _case(row: Row) -> str:
    name = f"{row.group}, {row.name}"
    if row.state == REFUSED:
        return f"{name}: refused: {row.message}"
    text = f"{name}: {row.different} of {row.values} values differ"
    if row.otherwise is not None:
        rest = "none" if row.otherwise == 0 else f"{row.otherwise}"
        text += f", {rest} if SrcB is read in the style of SrcA"
    return text
