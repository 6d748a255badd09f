"""How much of a model a plan runs in which fidelity and format.

"Layers" can be counted in three ways, and they disagree, so every share comes with its denominator:
sites (operations with a name), multiply-adds of one sentence, and bytes of stored weights.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol
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
        return pd.DataFrame(rows).set_index("site")

    @cached_property
    def shares(self) -> pd.DataFrame:
        """Rows (field, value); columns sites, and the shares of sites, macs and weight_bytes."""
        table = self.table
        parts = [
            _shares(table[table.engine == "matrix"], "math_fidelity"),
            _shares(table[table.weights != ""], "weights", _constants_by_format(table)),
            _shares(table[table.activations != ""], "activations"),
            _shares(table, "output"),
        ]
        return pd.concat(parts)

    @property
    def weight_bytes(self) -> float:
        """Bytes of all constants as stored, block exponents included, tile padding not."""
        return float(self.table.weight_bytes.sum() + self.table.vector_bytes.sum())

    def share(self, field: str, value: str, of: str = "sites") -> float:
        """One share between 0 and 1, such as ("math_fidelity", "LoFi", of="macs").

        of: "sites", "macs" or "weight_bytes".
        """
        shares = self.shares
        found = (field, value) in shares.index
        return float(shares.loc[(field, value), f"share_of_{of}"]) if found else 0.0

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


def _shares(table: pd.DataFrame, field: str, weight_bytes: pd.Series | None = None) -> pd.DataFrame:
    """Shares of the sites of `table` by their value of `field`."""
    groups = table.groupby(field, sort=False)
    shares = pd.DataFrame({"sites": groups.size(), "share_of_sites": groups.size() / len(table)})
    shares["share_of_macs"] = _fraction(groups.macs.sum())
    if field == "math_fidelity":
        weight_bytes = groups.weight_bytes.sum()
    if weight_bytes is not None:
        shares = shares.reindex(shares.index.union(weight_bytes.index, sort=False))
        shares["sites"] = shares["sites"].fillna(0).astype(int)
        shares["share_of_weight_bytes"] = _fraction(weight_bytes)
    else:
        shares["share_of_weight_bytes"] = float("nan")
    shares.index = pd.MultiIndex.from_product([[field], shares.index], names=["field", "value"])
    return shares.fillna({"share_of_sites": 0.0, "share_of_macs": 0.0})


def _constants_by_format(table: pd.DataFrame) -> pd.Series:
    matrices = table[table.weights != ""].groupby("weights", sort=False).weight_bytes.sum()
    vectors = table[table.vectors != ""].groupby("vectors", sort=False).vector_bytes.sum()
    return matrices.add(vectors, fill_value=0.0)


def _fraction(values: pd.Series) -> pd.Series:
    total = values.sum()
    return values / total if total else values * 0.0
