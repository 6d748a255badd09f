"""A reference that has spoken once, and stays there for one candidate after the other.

`compare` says everything anew each time. Who changes a plan, listens, and changes it again has the
same reference all the while: its tensors are kept here, and the error of a site alone is measured
again only where the precision of that site has changed.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import torch

from lightning_v2.analysis.sites.block_ranges import BlockRanges
from lightning_v2.analysis.sites.error_sums import ErrorSums
from lightning_v2.analysis.sites.isolated import Isolated, lowered_precisions
from lightning_v2.analysis.sites.layer_errors import comparable, layer_table
from lightning_v2.analysis.sites.lock_step import first
from lightning_v2.analysis.sites.value_counts import ValueCounts
from lightning_v2.deployment.speak import speak
from lightning_v2.model import Speech, Voice
from lightning_v2.precision import Plan, Reference, reference_of
from lightning_v2.tensix import SiteCall, SitePrecision
from lightning_v2.tensix.intercept.interception import Observer
from lightning_v2.threads import torch_threads


def go_on() -> None:
    """What is called after every site, and may raise to end a run."""


@dataclass(frozen=True, eq=False)
class Said:
    """What a candidate has said.

    Attributes:
        plan: of the candidate.
        speech: its own.
        accumulated: site -> error with everything before it low as well, of the sites that ran.
        values: site -> what its outputs are like.
    """

    plan: Plan
    speech: Speech
    accumulated: dict[str, ErrorSums]
    values: dict[str, ValueCounts]


class KeptReference:
    """The reference of `compare`, for any number of candidates.

    Holds about 40 MB a second of speech.

    Attributes:
        speech: what it said.
        reference: how it was said.
        tier: of every emulation.
        ops: site -> op, in the order in which they ran.
    """

    def __init__(
        self,
        voice: Voice,
        text: str,
        reference: Reference | str | Path = "fp32",
        tier: str = "fast",
        seed: int = 0,
        after_site: Callable[[], None] = go_on,
    ):
        """Arguments as those of `compare`; `after_site` may raise to end the run.

        Raises:
            PlanError: the reference does not parse or names a site that the voice does not have.
            TextError: there is nothing to say, or the text holds control characters.
        """
        self.reference = reference_of(reference)
        self.tier, self.ops = tier, {}
        self._voice, self._text, self._seed = voice, text, seed
        self._calls: dict[str, list[SiteCall]] = defaultdict(list)
        self._free: dict[str, list[torch.Tensor]] = defaultdict(list)
        self._forced: dict[str, list[torch.Tensor]] = defaultdict(list)
        self._values: dict[str, ValueCounts] = defaultdict(ValueCounts)
        self._isolated: dict[Hashable, ErrorSums] = {}
        self._ranges: dict[Hashable, dict[str, float]] = {}
        self._predicted: dict[Hashable, tuple[dict[str, ErrorSums], dict[str, ValueCounts]]] = {}

        def watch(call: SiteCall) -> None:
            after_site()
            self.ops.setdefault(call.site, call.op)
            self._calls[call.site].append(replace(call, result=None))
            output = first(call.result)
            self._free[call.site].append(output.detach().clone())
            self._values[call.site].add(output, "float32")

        def watch_forced(call: SiteCall) -> None:
            after_site()
            self._forced[call.site].append(first(call.result).detach().clone())

        self.speech = self._say(self.reference, watch, None)
        self._say(self.reference, watch_forced, self.speech)

    def say(
        self, plan: Plan, after_site: Callable[[], None] = go_on, teacher_forced: bool = True
    ) -> Said:
        """The text under a plan.

        teacher_forced: with the reference's durations and F0, or with its own.

        Raises:
            PlanError: the plan names a site that the voice does not have, or an output that an
                operation does not have.
            whatever `after_site` raises.
        """
        accumulated: dict[str, ErrorSums] = defaultdict(ErrorSums)
        values: dict[str, ValueCounts] = defaultdict(ValueCounts)
        rights, forced = (self._forced, self.speech) if teacher_forced else (self._free, None)
        watch = _against(rights, accumulated, values, plan, after_site)
        speech = self._say(plan, watch, forced)
        return Said(plan, speech, dict(accumulated), dict(values))

    def layers(self, said: Said, after_site: Callable[[], None] = go_on) -> pd.DataFrame:
        """The table that `Comparison.layers` has.

        Raises:
            whatever `after_site` raises.
        """
        accumulated: dict[str, ErrorSums] = defaultdict(ErrorSums, said.accumulated)
        values: dict[str, ValueCounts] = defaultdict(ValueCounts, said.values)
        missing = self.ops.keys() - accumulated.keys()
        precisions = lowered_precisions(self._voice, said.plan)
        if missing:
            sums, counts = self._left_out(missing, said.plan, precisions, after_site)
            accumulated.update(sums)
            values.update(counts)
        alone = Isolated(self._voice, said.plan, self.tier)
        isolated, columns = {}, {}
        for site, op in self.ops.items():
            after_site()
            key = site, precisions[site], precisions.get(alone.first(site))
            if key not in self._isolated:
                self._isolated[key] = self._alone(site, op, alone)
            isolated[site] = self._isolated[key]
            stored = site, precisions[site].weights, precisions[site].activations
            if stored not in self._ranges:
                self._ranges[stored] = self._range(site, precisions[site])
            columns[site] = self._ranges[stored]
        return layer_table(
            self.ops, isolated, accumulated, values, self._values, columns.__getitem__
        )

    def _left_out(
        self,
        missing: Collection[str],
        plan: Plan,
        precisions: Mapping[str, SitePrecision],
        after_site: Callable[[], None],
    ) -> tuple[dict[str, ErrorSums], dict[str, ValueCounts]]:
        """Of predictors, which forced durations and F0 leave out: seen running freely, up to the
        last of them, and again only where something that runs before it has changed."""
        order = list(self.ops)
        before = order[: 1 + max(map(order.index, missing))]
        key = frozenset(missing), plan.adapted, tuple(precisions[site] for site in before)
        if key not in self._predicted:
            sums: dict[str, ErrorSums] = defaultdict(ErrorSums)
            counts: dict[str, ValueCounts] = defaultdict(ValueCounts)
            rights = {site: self._free[site] for site in missing}
            watch = _against(rights, sums, counts, plan, after_site)
            left = sum(map(len, rights.values()))

            def until_the_last(call: SiteCall) -> None:
                nonlocal left
                watch(call)
                left -= call.site in rights
                if not left:
                    raise _Seen

            with suppress(_Seen):
                self._say(plan, until_the_last, None)
            self._predicted[key] = dict(sums), dict(counts)
        return self._predicted[key]

    def _alone(self, site: str, op: str, alone: Isolated) -> ErrorSums:
        sums = ErrorSums()
        with torch.inference_mode(), torch_threads(1):
            before = self._calls.get(alone.first(site), [])
            for i, (call, right) in enumerate(
                zip(self._calls[site], self._free[site], strict=True)
            ):
                if before:
                    alone.remember(before[i])
                sums.add(*comparable(op, right, first(alone(call))))
        return sums

    def _range(self, site: str, precision: SitePrecision) -> dict[str, float]:
        ranges = BlockRanges(lambda _: precision, self._voice.model)
        with torch.inference_mode(), torch_threads(1):
            for call in self._calls[site]:
                ranges.observe(call)
        return ranges.columns(site)

    def _say(self, plan: Reference, observer: Observer, forced: Speech | None) -> Speech:
        return speak(
            self._voice, self._text, plan, self.tier, seed=self._seed, forced=forced,
            observer=observer,
        )  # fmt: skip


class _Seen(BaseException):
    """Ends a run of which no more is wanted; nobody on the way takes it for an error."""


def _against(
    rights: dict[str, list[torch.Tensor]],
    sums: dict[str, ErrorSums],
    values: dict[str, ValueCounts],
    plan: Plan,
    after_site: Callable[[], None],
) -> Observer:
    """An observer that adds up the errors and counts the values of the sites in `rights`.

    A site that has another shape there (free-running: other durations) has no figure.
    """
    calls: dict[str, int] = defaultdict(int)
    incomparable: set[str] = set()

    def watch(call: SiteCall) -> None:
        after_site()
        site, output = call.site, first(call.result)
        if site not in rights:
            return
        values[site].add(output, plan.for_site(site).output)
        if site in incomparable:
            return
        at = calls[site]
        calls[site] += 1
        if at >= len(rights[site]) or rights[site][at].shape != output.shape:
            incomparable.add(site)
            sums[site] = ErrorSums()
        else:
            sums[site].add(*comparable(call.op, rights[site][at], output))

    return watch
