"""From a state to what there is to hear and to see, step by step, what matters most first."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pandas as pd

from lightning_v2.analysis.comparison import Comparison
from lightning_v2.analysis.metrics import audio_metrics
from lightning_v2.analysis.metrics.sound.phase import PhaseDrift
from lightning_v2.analysis.sites.kept_reference import KeptReference, Said, go_on
from lightning_v2.errors import ArgumentError
from lightning_v2.model import Speech
from widgets.explorer.explorer_state import State


@dataclass(frozen=True, eq=False)
class Result:
    """What is known of a state. The sound comes first; the rest is None until it is there.

    Attributes:
        state: which it belongs to, all of it.
        reference: what is right.
        candidate: what the plan makes of it.
        metrics: as `Comparison.metrics`.
        phase: as `Comparison.phase`.
        layers: as `Comparison.layers`.
    """

    state: State
    reference: Speech
    candidate: Speech
    metrics: dict[str, float] | None = None
    phase: PhaseDrift | None = None
    layers: pd.DataFrame | None = None

    @property
    def whole(self) -> bool:
        return self.layers is not None

    @property
    def comparison(self) -> Comparison:
        """The same as `lightning_v2.compare` returns.

        Raises:
            ArgumentError: something of it is not known yet.
        """
        if not self.whole:
            raise ArgumentError("this result is not complete: its sites have not been measured yet")
        return Comparison(
            plan=self.state.plan,
            reference_plan=self.state.reference_plan,
            tier=self.state.tier,
            teacher_forced=self.state.teacher_forced,
            reference=self.reference,
            candidate=self.candidate,
            layers=self.layers,
            metrics=self.metrics,
            phase=self.phase,
        )


@dataclass
class Steps:
    """Computes results. Keeps one reference: the next state mostly has the same one.

    steps(state, after_site) yields the result as it grows. `after_site` is called often, and may
    raise to give up: then nothing is changed.
    """

    _key: tuple | None = None
    _kept: KeptReference | None = None

    def __call__(self, state: State, after_site: Callable[[], None] = go_on) -> Iterator[Result]:
        kept = self._reference(state, after_site)
        said: Said = kept.say(state.plan, after_site, state.teacher_forced)
        result = Result(state, kept.speech, said.speech)
        yield result
        metrics, phase = audio_metrics.measure(kept.speech, said.speech)
        result = replace(result, metrics=metrics, phase=phase)
        yield result
        yield replace(result, layers=kept.layers(said, after_site))

    def _reference(self, state: State, after_site: Callable[[], None]) -> KeptReference:
        if state.reference_key != self._key:
            # The old one goes first: two of them would take twice the memory.
            self._key = self._kept = None
            self._kept = KeptReference(
                state.speaker, state.text, state.reference, state.tier, state.seed, after_site
            )
            self._key = state.reference_key
        return self._kept


@dataclass
class Results:
    """The complete results of late, by the key of their state."""

    most: int = 24
    _results: OrderedDict[str, Result] = field(default_factory=OrderedDict)

    def add(self, result: Result) -> None:
        self._results[result.state.key] = result
        self._results.move_to_end(result.state.key)
        while len(self._results) > self.most:
            self._results.popitem(last=False)

    def get(self, state: State) -> Result | None:
        if state.key in self._results:
            self._results.move_to_end(state.key)
        return self._results.get(state.key)
