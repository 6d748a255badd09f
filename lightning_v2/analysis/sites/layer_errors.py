"""The error of every site of a model: on its own, and with everything before it low as well."""

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import pandas as pd
import torch

from lightning_v2.analysis.sites.block_ranges import BlockRanges
from lightning_v2.analysis.sites.error_sums import ErrorSums
from lightning_v2.analysis.sites.lock_step import Ahead, first
from lightning_v2.analysis.sites.value_counts import ValueCounts
from lightning_v2.tensix import SiteCall
from lightning_v2.tensix.intercept.interception import Observer

Right = TypeVar("Right")
Result = TypeVar("Result")

FIGURES = (
    "pcc",
    "sqnr_db",
    "max_abs",
    "gain",
    "relative_rms",
    "relative_max",
    "gain_share",
    "offset_share",
    "rest_share",
)
"""Properties of `ErrorSums` that are columns of the table."""


@dataclass
class LayerErrors:
    """Watches a reference run, and then a candidate beside a reference, of one model on one text.

    Nothing of a run is kept: isolated errors need one call at a time, and for accumulated ones the
    reference runs once more, in step with the candidate. Of a site that returns several tensors,
    the first one counts.

    Attributes:
        lower: runs one call alone in low precision.
        block_ranges: watches the operands of the reference, if somebody wants to know.
        output_of: site -> format of the candidate's outputs.
    """

    lower: Callable[[SiteCall], object]
    block_ranges: BlockRanges | None = None
    output_of: Callable[[str], str] = lambda site: "float32"
    _ops: dict[str, str] = field(default_factory=dict)
    _isolated: dict[str, ErrorSums] = field(default_factory=lambda: defaultdict(ErrorSums))
    _accumulated: dict[str, ErrorSums] = field(default_factory=lambda: defaultdict(ErrorSums))
    _values: dict[str, ValueCounts] = field(default_factory=lambda: defaultdict(ValueCounts))
    _right: dict[str, ValueCounts] = field(default_factory=lambda: defaultdict(ValueCounts))
    _seen: set[str] = field(default_factory=set)
    _incomparable: set[str] = field(default_factory=set)

    def observe_reference(self, call: SiteCall) -> None:
        """Run the call alone in low precision on the same inputs."""
        self._ops.setdefault(call.site, call.op)
        if self.block_ranges is not None:
            self.block_ranges.observe(call)
        output = first(call.result)
        self._right[call.site].add(output, "float32")
        lowered = first(self.lower(call))
        self._isolated[call.site].add(*comparable(call.op, output, lowered))

    def accumulate(
        self,
        reference: Callable[[Observer], object],
        candidate: Callable[[Observer], Result],
        only: Collection[str] | None = None,
    ) -> Result:
        """Run a candidate beside a reference, and return what the candidate returns.

        Args:
            reference: runs the reference under an observer, in a thread of its own.
            candidate: runs the candidate under an observer.
            only: sites that count; all if not given.
        """

        def counts(site: str) -> bool:
            return only is None or site in only

        with Ahead(reference, counts) as ahead:
            return candidate(self._beside(ahead, counts))

    def both(
        self, reference: Callable[[Observer], Right], candidate: Callable[[Observer], Result]
    ) -> tuple[Right, Result]:
        """`observe_reference` and `accumulate` of one and the same run of a reference.

        Returns:
            What the two return.
        """

        def watched(observe: Observer) -> Right:
            def observe_both(call: SiteCall) -> None:
                self.observe_reference(call)
                observe(call)

            return reference(observe_both)

        with Ahead(watched, lambda site: True) as ahead:
            result = candidate(self._beside(ahead, lambda site: True))
            return ahead.result(), result

    def _beside(self, ahead: Ahead, counts: Callable[[str], bool]) -> Observer:
        """The observer of a candidate beside a reference."""
        calls: dict[str, int] = defaultdict(int)

        def observe(call: SiteCall) -> None:
            site = call.site
            if not counts(site):
                return
            self._seen.add(site)
            right = ahead.output(site, calls[site])
            calls[site] += 1
            output = first(call.result)
            self._values[site].add(output, self.output_of(site))
            if right is None or right.shape != output.shape:
                self._incomparable.add(site)
            else:
                self._accumulated[site].add(*comparable(call.op, right, output))

        return observe

    def missing(self) -> frozenset[str]:
        """Sites of the reference that no candidate has run yet."""
        return frozenset(self._ops) - self._seen

    def table(self) -> pd.DataFrame:
        """A row a site in the order of the reference run; see `layer_table`."""
        accumulated = {
            site: sums for site, sums in self._accumulated.items() if site not in self._incomparable
        }
        columns = self.block_ranges.columns if self.block_ranges else None
        return layer_table(
            self._ops, self._isolated, accumulated, self._values, self._right, columns
        )


def layer_table(
    ops: Mapping[str, str],
    isolated: Mapping[str, ErrorSums],
    accumulated: Mapping[str, ErrorSums],
    values: Mapping[str, ValueCounts],
    reference: Mapping[str, ValueCounts],
    columns: Callable[[str], dict[str, float]] | None = None,
) -> pd.DataFrame:
    """A row a site, in the order of `ops`.

    Columns: site, op, then each `isolated_` and `accumulated_`

        pcc, sqnr_db, gain          see `ErrorSums`
        max_abs                     in the site's own unit
        relative_rms, relative_max  of the error, over the rms of the reference
        gain_share, offset_share, rest_share    of the error's energy, 1 together; NaN without
                                    error

    then of the candidate's outputs, everything before the site low as well

        values                      how many there are
        nan, infinite, saturated    how many of them are, see `ValueCounts`

    and reference_nan and reference_infinite of the reference's, and those of
    `BlockRanges.columns` for the operands of the reference. Accumulated figures
    are NaN for a site that did not run in the candidate or whose shape differs there
    (free-running: other durations).

    Args:
        ops: site -> op.
        isolated: site -> its error alone.
        accumulated: site -> its error with everything before it low as well.
        values: site -> what its outputs in the candidate are like.
        reference: site -> what its outputs in the reference are like.
        columns: further columns of a site.
    """
    nothing, unseen = ErrorSums(), ValueCounts()
    rows = []
    for site, op in ops.items():
        row = {"site": site, "op": op}
        for kind, known in (("isolated", isolated), ("accumulated", accumulated)):
            sums = known.get(site, nothing)
            for name in FIGURES:
                row[f"{kind}_{name}"] = getattr(sums, name) if sums.count else math.nan
        row |= vars(values.get(site, unseen))
        right = reference.get(site, unseen)
        row |= {"reference_nan": right.nan, "reference_infinite": right.infinite}
        rows.append(row | (columns(site) if columns else {}))
    return pd.DataFrame(rows)


def comparable(
    op: str, reference: torch.Tensor, candidate: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Both as numbers that may be subtracted; a phase, in cycles, goes round: 0.99 is near 0."""
    if op != "phase":
        return reference, candidate
    turned = torch.remainder(candidate - reference + 0.5, 1.0) - 0.5
    return reference, reference + turned
