"""What became of the values of the sites: where they break first, and where blocks crush them."""

from dataclasses import dataclass

import pandas as pd

from lightning_v2.errors import ArgumentError

FLUSHED_PERCENT = 10.0
"""A site that loses a larger share of its operands is worth a warning."""

FLUSHED_WORDS = (
    "Flushed: operands that were not zero and are crushed to it, because the largest of the 16 "
    "values that share an exponent leaves them no bits; correlation hardly sees that."
)
"""What `activations_flushed_percent` and `weights_flushed_percent` count."""


@dataclass(frozen=True)
class BrokenSite:
    """A site with values that are NaN, infinite or saturated.

    Attributes:
        site, op: which.
        values: of the candidate, in all calls.
        nan, infinite, saturated: how many of them are, see `ValueCounts`.
        in_reference: whether the reference has values there that are not finite, too.
    """

    site: str
    op: str
    values: int
    nan: int
    infinite: int
    saturated: int
    in_reference: bool

    @property
    def counts(self) -> str:
        """How many of the values are what."""
        kinds = {"NaN": self.nan, "infinite": self.infinite, "saturated": self.saturated}
        return ", ".join(f"{count} {kind}" for kind, count in kinds.items() if count)

    def __str__(self) -> str:
        what = "not finite" if self.nan or self.infinite else "saturated"
        too = "; not finite in the reference either" if self.in_reference else ""
        return f"{what} from {self.site} ({self.op}) on: {self.counts} of {self.values} values{too}"


class SiteValues:
    """What a comparison with a table `layers` (see `layer_errors.layer_table`) says of values."""

    layers: pd.DataFrame

    @property
    def first_broken(self) -> BrokenSite | None:
        """The first site, in the order in which they run, with NaN, infinite or saturated values.

        Raises:
            ArgumentError: the sites were not measured.
        """
        return first_broken(self.layers)

    @property
    def values_words(self) -> str:
        """One line: where values break first, and where blocks flush most.

        Raises:
            ArgumentError: the sites were not measured.
        """
        broken = self.first_broken
        words = [str(broken) if broken else "all values of all sites are finite, none is saturated"]
        return "; ".join(words + flushed_words(self.layers))

    def flushed(self, worst: int = 5) -> pd.DataFrame:
        """The sites of which blocks flush most to zero, in percent of the operands not zero before.

        Raises:
            ArgumentError: the sites were not measured.
        """
        shares = ["activations_flushed_percent", "weights_flushed_percent"]
        table = _measured(self.layers)[["site", "op", *shares, "isolated_sqnr_db", "isolated_pcc"]]
        most = table[shares].max(axis=1)  # NaN where nothing is a block float
        order = most[most > 0].sort_values(ascending=False).index
        return table.loc[order].head(worst).reset_index(drop=True)


def broken_sites(layers: pd.DataFrame) -> list[BrokenSite]:
    """All of them, in the order in which they run.

    Raises:
        ArgumentError: the sites were not measured.
    """
    table = _measured(layers)
    bad = table[(table["nan"] + table["infinite"] + table["saturated"]) > 0]
    return [
        BrokenSite(
            row["site"],
            row["op"],
            *(int(row[name]) for name in ("values", "nan", "infinite", "saturated")),
            bool(row["reference_nan"] + row["reference_infinite"] > 0),
        )
        for _, row in bad.iterrows()
    ]


def first_broken(layers: pd.DataFrame) -> BrokenSite | None:
    """The first of `broken_sites`, or None."""
    return next(iter(broken_sites(layers)), None)


def flushed_words(layers: pd.DataFrame) -> list[str]:
    """A warning for each kind of operand of which a site loses more than `FLUSHED_PERCENT`."""
    lines = []
    for kind in ("activations", "weights"):
        flushed = layers[f"{kind}_flushed_percent"]
        many = int((flushed > FLUSHED_PERCENT).sum())
        if many:
            worst = layers.loc[flushed.idxmax()]
            lines.append(
                f"blocks of 16 crush {flushed.max():.1f} % of the {kind} of {worst['site']} to "
                f"zero (SQNR {worst['isolated_sqnr_db']:.1f} dB, PCC {worst['isolated_pcc']:.5f} "
                f"alone); more than {FLUSHED_PERCENT:.0f} % at {many} of {len(layers)} sites"
            )
    return lines


def lowest(layers: pd.DataFrame, column: str) -> pd.Series | None:
    """The row with the lowest value of a column; None where there is none."""
    return layers.loc[layers[column].idxmin()] if layers[column].notna().any() else None


def _measured(layers: pd.DataFrame) -> pd.DataFrame:
    if not len(layers):
        raise ArgumentError("no sites were measured: compare with layers=True")
    return layers
