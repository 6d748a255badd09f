"""How much of a model a plan runs in which fidelity and format.

"Layers" can be counted in three ways, and they disagree, so every share comes with its denominator:
sites (operations with a name), multiply-adds of one sentence, and bytes of stored weights.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol
from weakref import WeakKeyDictionary

import pandas as pd

from lightning_v2 import tensix
from lightning_v2.tensix.intercept.operations import OPERATIONS
from lightning_v2.tensix.numbers.formats import BITS_PER_VALUE
from lightning_v2.tensix.numbers.sites import Site, SitePrecision

SENTENCE = "The quick brown fox jumps over the lazy dog."
"""What a voice says when its operations are counted; its own first sentence if it has any."""

_traces: WeakKeyDictionary = WeakKeyDictionary()

_DENOMINATORS = {
    "math_fidelity": "sites of the matrix engine (linear, convolution, matmul), their "
    "multiply-adds, the bytes of their weights",
    "weights": "sites with constant matrix operands, their multiply-adds, the bytes of all "
    "constants (biases and norm scales count as the format they are stored in)",
    "activations": "all sites but integer accumulators, all multiply-adds",
    "output": "all sites, all multiply-adds",
}


class Precisions(Protocol):
    """What says how each site runs: a `Plan`.

    Attributes:
        name: as it is shown.
    """

    name: str

    def for_site(self, site: Site) -> SitePrecision: ...


class Share(NamedTuple):
    """The sites of one value of a field, and how much of all they are."""

    sites: int
    share_of_sites: float
    share_of_macs: float
    share_of_weight_bytes: float


@dataclass(frozen=True)
class Coverage:
    """Shares of a plan over the sites of one run.

    Attributes:
        plan: that is counted.
        sites: what ran (`tensix.trace`).
    """

    plan: Precisions
    sites: tuple[Site, ...]

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row a site: op, engine, precision, multiply-adds, values and bytes of its constants."""
        return pd.DataFrame(self._rows).set_index("site")

    @cached_property
    def _rows(self) -> list[dict]:
        rows = []
        for site in self.sites:
            precision = self.plan.for_site(site)
            engine = OPERATIONS[site.op].engine if site.op in OPERATIONS else "other"
            matrix_bytes = site.weights * BITS_PER_VALUE[precision.weights] / 8
            vector_bytes = site.vectors * BITS_PER_VALUE[precision.vectors] / 8
            rows.append(
                {
                    "site": site.name,
                    "op": site.op,
                    "engine": engine,
                    "math_fidelity": precision.math_fidelity if engine == "matrix" else "",
                    "fp32_dest_acc_en": precision.fp32_dest_acc_en,
                    "weights": precision.weights if site.weights else "",
                    "vectors": precision.vectors if site.vectors else "",
                    "activations": "" if precision.output == "uint32" else precision.activations,
                    "output": precision.output,
                    "macs": site.macs,
                    "weight_values": site.weights,
                    "vector_values": site.vectors,
                    "weight_bytes": matrix_bytes,
                    "vector_bytes": vector_bytes,
                }
            )
        return rows

    @cached_property
    def shares(self) -> pd.DataFrame:
        """Rows (field, value); columns sites, and the shares of sites, macs and weight_bytes."""
        rows = {(f, value): share for f, of in self._shares.items() for value, share in of.items()}
        index = pd.MultiIndex.from_tuples(rows, names=["field", "value"])
        return pd.DataFrame(rows.values(), index, Share._fields)

    @cached_property
    def _shares(self) -> dict[str, dict[str, Share]]:
        """Without pandas: a search asks for those of many plans."""
        rows = self._rows
        return {
            "math_fidelity": _shares(
                [row for row in rows if row["engine"] == "matrix"],
                "math_fidelity",
                _sums(rows, "math_fidelity", "weight_bytes"),
            ),
            "weights": _shares(
                [row for row in rows if row["weights"]], "weights", _constants_by_format(rows)
            ),
            "activations": _shares([row for row in rows if row["activations"]], "activations"),
            "output": _shares(rows, "output"),
        }

    @property
    def weight_bytes(self) -> float:
        """Bytes of all constants as stored, block exponents included, tile padding not."""
        return float(sum(row["weight_bytes"] + row["vector_bytes"] for row in self._rows))

    def share(self, field: str, value: str, of: str = "sites") -> float:
        """One share between 0 and 1, such as ("math_fidelity", "LoFi", of="macs").

        of: "sites", "macs" or "weight_bytes".
        """
        found = self._shares.get(field, {}).get(value)
        return float(getattr(found, f"share_of_{of}")) if found else 0.0

    def __str__(self) -> str:
        shares = self.shares.copy()
        for column in shares.columns[1:]:
            shares[column] = [f"{x:.1%}" if pd.notna(x) else "" for x in shares[column]]
        notes = [f"{field}: of {text}" for field, text in _DENOMINATORS.items()]
        head = f"plan {self.plan.name}: {len(self.sites)} sites, "
        return "\n".join([head + f"{self.weight_bytes / 1e6:.2f} MB", shares.to_string(), *notes])

    def _repr_html_(self) -> str:
        styled = self.shares.style.format("{:.1%}", subset=self.shares.columns[1:], na_rep="")
        notes = "".join(f"<li>{field}: of {text}</li>" for field, text in _DENOMINATORS.items())
        head = (
            f"<p>Plan <b>{self.plan.name}</b>: {len(self.sites)} sites, "
            f"{self.weight_bytes / 1e6:.2f} MB of constants</p>"
        )
        return f"{head}{styled.to_html()}<ul>{notes}</ul>"


def voice_sites(voice: object, text: str | None = None) -> list[Site]:
    """Sites of a voice (anything with `model` and `synthesize`) when it says `text`."""
    if text is not None:
        return tensix.trace(voice.model, lambda: voice.synthesize(text))
    if voice.model not in _traces:
        said = (getattr(voice, "sentences", None) or [SENTENCE])[0]
        _traces[voice.model] = tensix.trace(voice.model, lambda: voice.synthesize(said))
    return _traces[voice.model]


def _shares(
    rows: list[dict], field: str, weight_bytes: dict[str, float] | None = None
) -> dict[str, Share]:
    """Shares of the sites of `rows` by their value of `field`."""
    macs = _sums(rows, field, "macs")
    sites = dict.fromkeys([*macs, *(weight_bytes or {})], 0)
    for row in rows:
        sites[row[field]] += 1
    parts = [_fractions(counts) for counts in (sites, macs)]
    of_bytes = _fractions(weight_bytes) if weight_bytes is not None else {}
    missing = 0.0 if of_bytes else float("nan")
    return {
        value: Share(count, *(part.get(value, 0.0) for part in parts), of_bytes.get(value, missing))
        for value, count in sites.items()
    }


def _constants_by_format(rows: list[dict]) -> dict[str, float]:
    matrices = _sums(rows, "weights", "weight_bytes")
    vectors = _sums(rows, "vectors", "vector_bytes")
    return {f: matrices.get(f, 0.0) + vectors.get(f, 0.0) for f in sorted({*matrices, *vectors})}


def _sums(rows: list[dict], field: str, column: str) -> dict[str, float]:
    """Value of `field` -> sum of a column; rows without a value do not count."""
    sums: dict[str, float] = {}
    for row in rows:
        if value := row[field]:
            sums[value] = sums.get(value, 0) + row[column]
    return sums


def _fractions(parts: dict[str, float]) -> dict[str, float]:
    total = sum(parts.values())
    return {value: part / total if total else 0.0 for value, part in parts.items()}
