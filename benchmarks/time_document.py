"""Writes the tables of docs/time.md from benchmarks/results/; --check only compares."""

import json
import sys

import marked_text
import pandas as pd
from markdown_table import RESULTS, ROOT, table

from lightning_v2.economics.constants import constants
from lightning_v2.economics.gemm import LOOSE

DOCUMENT = ROOT / "docs" / "time.md"

DISPATCH = (
    ("from one traced program to the next, Wormhole", 2.05, "`op_to_op`"),
    ("from one traced program to the next, Blackhole", 2.07, "`op_to_op`"),
    ("a traced program without arguments, Blackhole", 1.28, "below `op_to_op`, not used"),
    ("an untraced program, one argument a core, Blackhole", 4.60, "`dispatch`"),
    ("the same with 32 arguments a core", 4.79, "above `dispatch` by 4 %"),
    ("the same with 128 arguments a core", 5.66, "above `dispatch` by 23 %"),
    ("the largest program of that benchmark, traced", 8.1, "the high end of the tornado"),
    ("the same without a trace", 9.3, ""),
)  # fmt: skip
"""What tt-metal has published, in us, and what it is to the model."""


def main() -> int:
    tables = {
        "constants": constants_table,
        "errors": errors_table,
        "gemm": gemm_tables,
        "dispatch": dispatch_table,
        "sentences": sentences_table,
        "fewer": fewer_table,
        "gpus": gpus_table,
        "paper": paper_table,
        "money": money_table,
        "hangs": hangs_table,
    }
    return marked_text.run(__doc__, DOCUMENT, "time_document.py", tables)


def constants_table() -> str:
    head = ("constant", "of", "value", "unit", "kind", "date", "source")
    rows = [
        (f"`{x.name}`", x.of, f"{x.value:g}", x.unit, x.kind, x.date, x.source) for x in constants()
    ]
    return "\n".join(table(head, rows)) + "\n"


def errors_table() -> str:
    record, rows = _gemm()
    medians = record["median_error"]
    source = record["source"]
    words = ", ".join(f"{name} {value:.1%}" for name, value in medians.items())
    groups = rows.groupby(["board", "grid", "configuration", "traced"], sort=False)
    lines = [
        f"Published: {source['report']} at {source['commit'][:7]} (*measured* by others). Median "
        f"of the relative error, *modelled* over published: {words}. {record['beyond_half']} of "
        f"{len(rows)} rows are off by more than half; they are marked, and explained below "
        "(`benchmarks/gemm.py`).\n",
        *table(
            ("board", "cores", "program", "traced", "rows", "median error", "lowest", "highest"),
            (
                (
                    board, grid.replace("x", " x "), how, "yes" if traced else "no",
                    str(len(group)), f"{(group['ratio'] - 1).abs().median():.0%}",
                    f"{group['ratio'].min():.2f}", f"{group['ratio'].max():.2f}",
                )
                for (board, grid, how, traced), group in groups
            ),
        ),
        "",
        *(
            f"- {count} rows: {why}."
            for why, count in rows[rows["why"] != ""]["why"].value_counts().items()
        ),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def gemm_tables() -> str:
    """A table a board, configuration and way of issuing: sizes down, formats across."""
    _, rows = _gemm()
    keys = ["board", "grid", "configuration", "traced"]
    parts = []
    for (board, grid, how, traced), group in rows.groupby(keys, sort=False):
        formats = list(dict.fromkeys(zip(group["dtype"], group["math_fidelity"], strict=True)))
        sizes = group.drop_duplicates(["m", "k", "n"])[["m", "k", "n"]].to_numpy()
        cells = {
            (row["m"], row["k"], row["n"], row["dtype"], row["math_fidelity"]): row
            for row in group.to_dict("records")
        }
        way = "traced" if traced else "not traced"
        parts += [
            f"**{board}, {grid.replace('x', ' x ')} cores, {how}, {way}**\n",
            *table(
                ("product", *(f"{dtype} {fidelity}" for dtype, fidelity in formats)),
                (
                    (f"{m} x {k} x {n}", *(_cell(cells.get((m, k, n, *x))) for x in formats))
                    for m, k, n in sizes
                ),
            ),
            "",
        ]
    return "\n".join(parts)


def dispatch_table() -> str:
    rows = ((what, f"{us:.2f}", role) for what, us, role in DISPATCH)
    lines = table(("published by tt-metal (*measured* by others)", "µs", "in the model"), rows)
    return "\n".join(lines) + "\n"


def sentences_table() -> str:
    record = _costs()
    rows = [
        (
            board, f"`{plan}`", str(x["batch"]), str(x["programs"]),
            f"{x['latency_s'] * 1e3:.2f}", f"{x['speech_s_per_s']:.0f}",
            *(str(x["streams"][bound]) for bound in ("50 ms", "250 ms")),
            *(f"{x[name] / x['batch'] / 1e6:.1f}" for name in (
                "dram_bytes_without_multicast", "dram_bytes", "dram_bytes_with_resident_constants"
            )),
            f"{x['constant_bytes'] / 1e6:.1f}", _share(x, "launch"), _share(x, "host"),
            _share(x, "engine"),
        )
        for board, plans in record["boards"].items()
        for plan, several in plans.items()
        for x in several
    ]  # fmt: skip
    head = (
        "board", "plan", "batch", "programs", "latency, ms", "speech, s a second",
        "streams in 50 ms", "in 250 ms", "DRAM a sentence, MB: each core", "multicast",
        "weights in SRAM", "constants, MB", "between programs", "host", "products",
    )  # fmt: skip
    more = record["more_rows"]
    usual = next(
        x for x in record["boards"][more["board"]][more["plan"]] if x["batch"] * 2 == more["batch"]
    )
    words = (
        f"\nWith {more['rows']} frames at once instead of 1024, which the cores of a "
        f"{more['board']} hold, a batch of {more['batch']} under `{more['plan']}` takes "
        f"{more['latency_s'] * 1e3:.2f} ms: {more['speech_s_per_s']:.0f} s of speech a second "
        f"instead of {usual['speech_s_per_s']:.0f} (`--rows {more['rows']}`, *modelled*).\n"
    )
    return "\n".join(table(head, rows)) + "\n" + words


def fewer_table() -> str:
    """Figures of the lowering before two sites shared a program, beside those after it."""
    record = json.loads((RESULTS / "fewer_programs.json").read_text())
    pairs = zip(record["before"]["rows"], record["after"]["rows"], strict=True)
    rows = [
        (
            old["board"], str(old["batch"]), *(str(x["programs"]) for x in (old, new)),
            *(f"{x['latency_s'] * 1e3:.2f}" for x in (old, new)),
            *(str(x["streams"][0]) for x in (old, new)),
        )
        for old, new in pairs
    ]  # fmt: skip
    bound = f"{record['streams_within_s'][0] * 1e3:.0f}"
    head = (
        "board", "batch", "programs before", "after", "latency before, ms", "after",
        f"streams in {bound} ms before", "after",
    )  # fmt: skip
    commits = (record[time]["commit"][:7] for time in ("before", "after"))
    words = "A sentence of {} frames under `{}`, *modelled*; commits {} and {}.\n\n".format(
        record["frames"], record["after"]["plan"]["name"], *commits
    )
    return words + "\n".join(table(head, rows)) + "\n"


def gpus_table() -> str:
    rows = (
        (
            gpu, str(x["batch"]), str(x["kernels"]), f"{x['latency_s'] * 1e3:.2f}",
            f"{x['speech_s_per_s']:.0f}", x["bound"],
        )
        for gpu, several in _costs()["gpus"].items()
        for x in several
    )  # fmt: skip
    head = ("GPU", "batch", "kernels", "latency, ms", "speech, s a second", "binds")
    return "\n".join(table(head, rows)) + "\n"


def paper_table() -> str:
    record = _costs()["paper"]
    rows = (
        (
            x["card"], str(x["cards"]), f"{x['usd']:,.0f}", f"{x['times_cheaper']:.1f}", x["kind"],
        )
        for x in record["rows"]
    )  # fmt: skip
    head = ("card", "cards", "together, $", "times cheaper than L40S", "how it is known")
    return f"From {record['source']}:\n\n" + "\n".join(table(head, rows)) + "\n"


def money_table() -> str:
    record = _costs()["purchase"]
    rows = (
        (
            x["card"], str(x["batch"]), str(x["streams_each"]), str(x["cards"]),
            f"{x['cards_usd']:,.0f}", f"{x['energy_usd']:,.0f}", f"{x['usd_a_stream']:.2f}",
        )
        for x in record["rows"]
    )  # fmt: skip
    head = ("card", "batch", "streams a card", "cards", "cards, $", "electricity, $", "$ a stream")
    words = (
        f"{record['streams']} streams within {record['latency_s'] * 1e3:.0f} ms (*modelled*, "
        "`benchmarks/cost.py`; prices in `data/prices.yaml`):\n\n"
    )
    return words + "\n".join(table(head, rows)) + "\n"


def hangs_table() -> str:
    answer = _costs()["answer"]
    rows = (
        (x["input"], x["low"], x["high"], f"{x['at_low']:.2f}", f"{x['at_high']:.2f}")
        for x in answer["hangs_on"]
    )
    words = (
        f"A stream on one {answer['card']} costs {answer['times_cheaper']:.2f} times less than on "
        f"one {answer['gpu']} (*modelled*, both). With one input at a time at its ends:\n\n"
    )
    head = ("input", "from", "to", "times less at the first", "at the second")
    return words + "\n".join(table(head, rows)) + "\n"


def _gemm() -> tuple[dict, pd.DataFrame]:
    record = json.loads((RESULTS / "gemm.json").read_text())
    return record, pd.DataFrame(record["rows"], columns=record["columns"])


def _costs() -> dict:
    return json.loads((RESULTS / "cost.json").read_text())


def _cell(row: dict | None) -> str:
    """Predicted / published in us, the ratio in brackets, in bold where it is loose."""
    if row is None:
        return ""
    ratio = f"{row['ratio']:.2f}"
    loose = abs(row["ratio"] - 1) > LOOSE
    times = f"{row['predicted_us']:.1f} / {row['published_us']:.1f}"
    return f"{times} (**{ratio}**)" if loose else f"{times} ({ratio})"


def _share(figures: dict, part: str) -> str:
    return f"{figures['time_s'][part] / figures['latency_s']:.0%}"


if __name__ == "__main__":
    sys.exit(main())
