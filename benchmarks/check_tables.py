"""What `benchmarks/check.py` found, as the tables of docs/results.md."""

import json
import math

from markdown_table import RESULTS, table

from lightning_v2.search.check_record import Check


def check_table() -> str:
    record = json.loads((RESULTS / "check.json").read_text())
    exact, low = Check.load(record["plan"]), record["shares"]
    lines = [
        f"`{record['plan']}` runs {low['lofi_sites']:.1%} of the matrix operations in LoFi "
        f"({low['lofi_macs']:.0%} of the multiply-adds) and keeps "
        f"{low['bfloat8_b'] + low['bfloat4_b']:.1%} of the bytes of its weights in block floats, "
        f"{low['bfloat4_b']:.0%} in bfloat4_b: {low['weight_bytes'] / 1e6:.1f} MB.\n",
        f"*Emulated* (`benchmarks/check.py`), plan `{record['plan']}` on {len(exact.sentences)} "
        f"held-out sentences, words heard by {exact.recogniser}: **{exact.answer}** by the exact "
        f"tier{_failures(exact)}.\n",
        *table(
            ("endpoint, exact tier", "run", "unit", "estimate", "95 % bound", "limit", ""),
            (
                (
                    j.endpoint.label,
                    j.endpoint.run,
                    j.endpoint.unit,
                    "" if math.isnan(j.estimate) else f"{j.estimate:.4g}",
                    "" if math.isnan(j.bound) else f"{j.bound:.4g}",
                    f"{j.endpoint.relation} {j.endpoint.limit:g}",
                    j.state,
                )
                for j in exact.verdict.judgements
            ),
        ),
        "",
        *table(
            ("control, exact tier", "must", "does"),
            ((f"{c.name}: {c.what}", c.must, c.does) for c in exact.controls),
        ),
        *_further(record),
        *_judged(record["plans"]),
        *_time(record),
    ]
    return "\n".join(lines) + "\n"


def _further(record: dict) -> list[str]:
    if "further" not in record:
        return []
    run = Check.from_dict(record["further"])
    return [
        f"\nOn the next {len(run.sentences)} held-out sentences, {run.tier} tier: "
        f"**{run.answer}**{_failures(run)}.\n"
    ]


def _judged(plans: dict[str, dict]) -> list[str]:
    if not plans:
        return []
    rows = (
        (
            f"`{name}`",
            str(len(run.sentences)),
            run.answer,
            "; ".join(j.endpoint.label for j in run.verdict.failed) or "none",
        )
        for name, run in ((name, Check.from_dict(run)) for name, run in plans.items())
    )
    head = ("plan", "sentences", "answer", "limits that it does not keep")
    return ["\nEach plan, fast tier, without controls:\n", *table(head, rows)]


def _time(record: dict) -> list[str]:
    if "seconds" not in record:
        return []
    machine = record["machine"]
    return [
        f"\nA check in the fast tier takes {record['seconds'] / 60:.0f} minutes, controls "
        f"included (*measured*, {machine['cpu']}, {machine['cores']} cores)."
    ]


def _failures(run: Check) -> str:
    """What a run of the test fails, and by how much."""
    failed = run.verdict.failed
    told = (
        f"{j.endpoint.label} is {j.estimate:.4g} with a bound of {j.bound:.4g}, "
        f"limit {j.endpoint.relation} {j.endpoint.limit:g}"
        for j in failed
    )
    return "; " + "; ".join(told) + "; all other limits hold" if failed else ""
