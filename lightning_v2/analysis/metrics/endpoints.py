"""The one table of limits: what "no measurable degradation" asks for, endpoint by endpoint.

Why each limit stands where it does is in docs/equivalence.md; `benchmarks/prosody_limits.py` makes
the calibration of the free-running ones.

What DNSMOS makes of a plan is void: it is shown, because others report it, and not judged, because
it hears one signal and not a difference.
"""

import math
import operator
from dataclasses import dataclass
from typing import Literal

CONFIDENCE = 0.95
QUANTILE = 0.95
"""Of sentences, where the statistic is their 95th percentile."""

Run = Literal["teacher-forced", "free-running", "recordings"]
Relation = Literal[">=", ">", "<=", "<"]
_RELATIONS = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}
SIGNS: dict[Relation, str] = {">=": "≥", ">": ">", "<=": "≤", "<": "<"}
"""Relation -> as it is printed before a limit."""


def holds(value: float, relation: Relation, limit: float) -> bool:
    """Whether a value keeps a limit; NaN keeps none."""
    return bool(_RELATIONS[relation](value, limit))


@dataclass(frozen=True)
class Endpoint:
    """One condition.

    Attributes:
        label: words for a person, no two the same.
        column: of the records of its run, which hold a value a sentence.
        statistic: over sentences; a "share" weighs each by the column `weight`.
        relation: of the bound to the limit. The bound is the lower one for ">" and ">=".
        limit: in `unit`.
        unit: as printed.
        run: what is measured: teacher-forced or free-running against float32, or how much further
            than float32 from the recordings.
        weight: column with the size of a sentence, for a share.
        void: why it is measured and shown, but not judged; empty if it is judged.
    """

    label: str
    column: str
    statistic: Literal["mean", "mean magnitude", "95th percentile of magnitudes", "share"]
    relation: Relation
    limit: float
    unit: str
    run: Run = "teacher-forced"
    weight: str | None = None
    void: str = ""

    @property
    def lower(self) -> bool:
        """Whether the bound is a lower one: large values are good."""
        return self.relation in (">", ">=")

    def holds(self, bound: float) -> bool:
        return holds(bound, self.relation, self.limit)

    @property
    def allows_nothing(self) -> bool:
        """Whether the limit is the best that a share can be: then what is beyond it in a sample is
        beyond it everywhere."""
        return self.statistic == "share" and self.limit == (100 if self.lower else 0)

    @property
    def least_sentences(self) -> int:
        """So many are needed before anything can be shown to hold.

        With fewer, even the worst sentence of a sample is too often better than the percentile
        that is asked for; of a mean, taken as that of a symmetric distribution, than the median.
        """
        below = QUANTILE if self.statistic == "95th percentile of magnitudes" else 0.5
        return math.ceil(math.log(1 - CONFIDENCE) / math.log(below))

    @property
    def least_weight(self) -> float:
        """Sum of weights that is needed as well: in fewer words or frames, a share at the limit
        would too often show not a single one. 0 where this asks for nothing."""
        allowed = (100 - self.limit if self.lower else self.limit) / 100
        if self.statistic != "share" or not 0 < allowed < 1:
            return 0
        return math.ceil(math.log(1 - CONFIDENCE) / math.log(1 - allowed))


_ONE_SIGNAL = (
    "it scores one signal and hears no difference of two; its limit is what the paper behind this "
    "project calls no degradation"
)

ENDPOINTS = (
    Endpoint("PESQ-WB", "pesq_wb_mos", "mean", ">=", 4.5, "MOS-LQO"),
    Endpoint("zimtohrli", "zimtohrli", "mean", "<=", 3e-4, ""),
    Endpoint("mel spectrum, RMS", "mel_rmse_db", "mean", "<=", 0.5, "dB"),
    Endpoint("log-spectral distance", "lsd_db", "mean", "<=", 1.0, "dB"),
    Endpoint("frames at 2 to 4 dB LSD", "lsd_2_to_4_percent", "share", "<", 2.0, "%",
             weight="frames"),
    Endpoint("frames above 4 dB LSD", "lsd_above_4_percent", "share", "<=", 0.0, "%",
             weight="frames"),
    Endpoint("F0, median", "f0_median_cents", "mean", "<=", 1.0, "cents"),
    Endpoint("F0, 95th percentile", "f0_p95_cents", "mean", "<=", 15.0, "cents"),
    Endpoint("voicing flips", "voicing_flips_percent", "share", "<=", 0.5, "%", weight="frames"),
    Endpoint("rise in pauses", "pause_rise_db", "mean", "<=", 1.0, "dB"),
    Endpoint("gain error", "gain_db", "mean magnitude", "<=", 0.2, "dB"),
    Endpoint("group delay, 95th percentile", "group_delay_p95_ms", "mean", "<=", 1.0, "ms"),
    Endpoint("length, change", "length_change_percent", "mean magnitude", "<=", 1.0, "%",
             "free-running"),
    Endpoint("length, 95th percentile of sentences", "length_change_percent",
             "95th percentile of magnitudes", "<=", 3.0, "%", "free-running"),
    Endpoint("phone boundaries, 95th percentile", "boundary_shift_p95_ms", "mean", "<=", 20.0,
             "ms", "free-running"),
    Endpoint("paired F0, median", "f0_median_cents", "mean", "<=", 10.0, "cents", "free-running"),
    Endpoint("paired F0, 95th percentile", "f0_p95_cents", "mean", "<=", 85.0, "cents",
             "free-running"),
    Endpoint("paired voicing flips", "voicing_flips_percent", "share", "<=", 2.0, "%",
             "free-running", weight="frames"),
    Endpoint("paired mel spectrum, RMS", "mel_rmse_db", "mean", "<=", 1.4, "dB", "free-running"),
    Endpoint("paired log-spectral distance", "lsd_db", "mean", "<=", 1.65, "dB", "free-running"),
    Endpoint("recogniser agrees", "words_agree_percent", "share", ">=", 98.0, "% of words",
             "free-running", weight="words_right"),
    Endpoint("word error rate, change", "word_error_change_points", "share", "<=", 2.0,
             "points", "free-running", weight="words"),
    Endpoint("DNSMOS overall, change", "dnsmos_ovrl_change_mos", "mean", ">", -0.07, "MOS",
             "free-running", void=_ONE_SIGNAL),
    Endpoint("DNSMOS P.808, change", "dnsmos_p808_change_mos", "mean", ">", -0.07, "MOS",
             "free-running", void=_ONE_SIGNAL),
    Endpoint("PESQ-WB, change", "pesq_change_mos", "mean", ">", -0.05, "MOS-LQO", "recordings"),
    Endpoint("STOI, change", "stoi_change", "mean", ">", -0.002, "", "recordings"),
    Endpoint("MCD, change", "mcd_change_db", "mean", "<", 0.05, "dB", "recordings"),
)  # fmt: skip


def limit_of(column: str, run: Run) -> float | None:
    """What the mean of many sentences has to reach in a column of a run; None: no limit."""
    endpoint = endpoint_of(column, run)
    return None if endpoint is None else endpoint.limit


def endpoint_of(column: str, run: Run) -> Endpoint | None:
    """The condition on the mean of many sentences in a column of a run; None: there is none."""
    return next(
        (
            endpoint
            for endpoint in ENDPOINTS
            if (endpoint.column, endpoint.run, endpoint.void) == (column, run, "")
        ),
        None,
    )
