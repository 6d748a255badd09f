"""What `benchmarks/foreign.py` measured, as the table of docs/results.md."""

import json
from collections.abc import Callable
from operator import itemgetter

from markdown_table import RESULTS, table


def foreign_table() -> str:
    record = json.loads((RESULTS / "foreign.json").read_text())
    bounds, voices = record["bounds"], record["voices"]
    head = ("", *(f"{name} {version}" for name, version in voices.items()), "bound")

    def row(words: str, part: str, bound: str, of: Callable[[dict], object]) -> tuple:
        found = [record.get(part, {}).get(name) for name in voices]
        return words, *(f"{of(x)}" if x else "" for x in found), bound

    beside = ", ".join(f"{x:g}" for x in (bounds["float32"][name] for name in voices))
    rows = [
        row(f"float32: time over onnxruntime, {words}", "float32", bound, itemgetter(key))
        for words, key, bound in (
            ("the file itself", "over_onnxruntime_file", beside),
            ("the same float graph", "over_onnxruntime_float", ""),
        )
    ]
    rows += [
        row(
            f"fast tier, `{plan}`: time over our float32",
            "fast",
            f"{bounds['fast']:g}",
            lambda x, plan=plan: x["plans"][plan]["over_float32"],
        )
        for plan in _plans(record.get("fast", {}))
    ]
    rows += [
        row(
            f"exact tier, `{plan}`: multiply-adds a second, share of one matmul's",
            "exact",
            f"{bounds['exact']:g}",
            lambda x, plan=plan: x["plans"][plan]["share"],
        )
        for plan in _plans(record.get("exact", {}))
    ]
    rows += [
        row(
            f"largest memory of a process that says the sentence, {tier}, GiB",
            "memory",
            f"{bounds['memory_bytes'] / 2**30:g}",
            lambda x, tier=tier: f"{x[tier]['peak_bytes'] / 2**30:.2f}",
        )
        for tier in ("float32", "fast", "exact")
    ]
    slowest = ", ".join(f"{bounds['load_s'][name]:g}" for name in voices)
    rows.append(row("seconds to load", "load", slowest, lambda x: f"{x['seconds']:.2f}"))
    lines = [
        f"*Measured* by `benchmarks/foreign.py`, “{record['sentence']}” (exact tier: "
        f"“{record['short']}”, a third of the rounds), one thread, processor time, medians of "
        f"{record['repeats']} rounds of all in turns, {record['machine']['cpu']}:\n",
        *table(head, [row for row in rows if any(row[1:-1])]),
    ]
    return "\n".join(lines) + "\n"


def _plans(part: dict[str, dict]) -> list[str]:
    return list(dict.fromkeys(plan for found in part.values() for plan in found["plans"]))
