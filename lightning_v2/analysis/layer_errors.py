"""The error of every site of a model: on its own, and with everything before it low as well."""

import math
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import pandas as pd
import torch

MEMORY_BYTES = 2 << 30
"""Most that the outputs of a reference run may take."""


@dataclass
class ErrorSums:
    """Sums over all values of a site, from which its error figures follow."""

    count: int = 0
    reference: float = 0.0
    candidate: float = 0.0
    reference_squared: float = 0.0
    candidate_squared: float = 0.0
    product: float = 0.0
    error_squared: float = 0.0
    max_abs: float = 0.0

    def add(self, reference: torch.Tensor, candidate: torch.Tensor) -> None:
        """Take in two tensors of one shape."""
        a, b = reference.double().flatten(), candidate.double().flatten()
        error = b - a
        self.count += a.numel()
        self.reference += a.sum().item()
        self.candidate += b.sum().item()
        self.reference_squared += (a @ a).item()
        self.candidate_squared += (b @ b).item()
        self.product += (a @ b).item()
        self.error_squared += (error @ error).item()
        self.max_abs = max(self.max_abs, error.abs().max().item() if a.numel() else 0.0)

    @property
    def pcc(self) -> float:
        """Pearson correlation; 1 for identical values, NaN where one side is constant."""
        if self.error_squared == 0:
            return 1.0
        n = self.count
        spread_a = self.reference_squared - self.reference**2 / n
        spread_b = self.candidate_squared - self.candidate**2 / n
        if spread_a <= 0 or spread_b <= 0:
            return math.nan
        covariance = self.product - self.reference * self.candidate / n
        return covariance / math.sqrt(spread_a * spread_b)

    @property
    def sqnr_db(self) -> float:
        """Energy of the reference over that of the error; inf for identical values."""
        if self.error_squared == 0:
            return math.inf
        return 10 * math.log10(max(self.reference_squared, 1e-300) / self.error_squared)

    @property
    def gain(self) -> float:
        """Best factor from reference to candidate: 0.985 means that 1.5 % got lost."""
        if self.reference_squared == 0:
            return 1.0 if self.error_squared == 0 else math.nan
        return self.product / self.reference_squared


@dataclass
class LayerErrors:
    """Watches a reference run and a candidate run of the same model on the same text.

    Of a site that returns several tensors, the first one counts.

    Attributes:
        lower: runs one call alone in low precision: lower(site, function, args, kwargs).
    """

    lower: Callable
    _outputs: dict[str, list[torch.Tensor]] = field(default_factory=lambda: defaultdict(list))
    _ops: dict[str, str] = field(default_factory=dict)
    _isolated: dict[str, ErrorSums] = field(default_factory=lambda: defaultdict(ErrorSums))
    _accumulated: dict[str, ErrorSums] = field(default_factory=lambda: defaultdict(ErrorSums))
    _calls: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _incomparable: set[str] = field(default_factory=set)
    _bytes: int = 0

    def observe_reference(self, site, op, function, args, kwargs, output) -> None:
        """Keep the output and run the call alone in low precision on the same inputs.

        Raises:
            MemoryError: the text is so long that its outputs would take more than 2 GiB.
        """
        self._ops.setdefault(site, op)
        output = _first(output)
        self._bytes += output.nbytes
        if self._bytes > MEMORY_BYTES:
            raise MemoryError(
                f"the layer outputs of this text take more than {MEMORY_BYTES >> 30} GiB: "
                "compare a shorter text, or pass layers=False"
            )
        self._outputs[site].append(output.detach().clone())
        lowered = _first(self.lower(site, function, args, kwargs))
        self._isolated[site].add(*_values(op, output, lowered))

    def observe_candidate(self, site, op, function, args, kwargs, output) -> None:
        """Compare the output with what the reference had at the same call."""
        call = self._calls[site]
        self._calls[site] += 1
        output = _first(output)
        kept = self._outputs.get(site, [])
        if call >= len(kept) or kept[call].shape != output.shape:
            self._incomparable.add(site)
        else:
            self._accumulated[site].add(*_values(op, kept[call], output))

    def missing(self) -> frozenset[str]:
        """Sites of the reference that no candidate has run yet."""
        return frozenset(self._ops) - self._calls.keys()

    def observe_only(self, sites: Collection[str]) -> Callable:
        """`observe_candidate` for some sites of one more run of the candidate."""

        def observe(site, *call) -> None:
            if site in sites:
                self.observe_candidate(site, *call)

        return observe

    def table(self) -> pd.DataFrame:
        """A row a site in the order of the reference run.

        Columns: site, op, then pcc, sqnr_db, max_abs (in the site's own unit) and gain, each
        `isolated_` and `accumulated_`. Accumulated figures are NaN for a site that did not run in
        the candidate or whose shape differs there (free-running: other durations).
        """
        nothing = ErrorSums()
        rows = []
        for site, op in self._ops.items():
            row = {"site": site, "op": op}
            accumulated = self._accumulated.get(site, nothing)
            if site in self._incomparable:
                accumulated = nothing
            for kind, sums in (("isolated", self._isolated[site]), ("accumulated", accumulated)):
                for name in ("pcc", "sqnr_db", "max_abs", "gain"):
                    row[f"{kind}_{name}"] = getattr(sums, name) if sums.count else math.nan
            rows.append(row)
        return pd.DataFrame(rows)


def _first(output: torch.Tensor | tuple[torch.Tensor, ...]) -> torch.Tensor:
    """The first tensor of what a site returns: of a recurrent layer, the output without states."""
    return output[0] if isinstance(output, tuple) else output


def _values(
    op: str, reference: torch.Tensor, candidate: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Both as numbers that may be subtracted; a phase, in cycles, goes round: 0.99 is near 0."""
    if op != "phase":
        return reference, candidate
    turned = torch.remainder(candidate - reference + 0.5, 1.0) - 0.5
    return reference, reference + turned
