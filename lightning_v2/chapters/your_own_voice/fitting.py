"""Plans for a voice: what of them is not for it, and a plan as the file that it would be."""

import html
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lightning_v2.model import Voice
from lightning_v2.precision import Plan, voice_sites
from lightning_v2.precision.fit import for_voice


@dataclass(frozen=True)
class FittedPlans:
    """Plans of which the rules are for sites that a voice has.

    Attributes:
        plans: as they were asked for, in order.
        notes: what was left out of which, in sentences.
    """

    plans: tuple[Plan, ...]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, voice: Voice, plans: Sequence[Plan | str | Path]) -> "FittedPlans":
        """Presets without their rules for sites of other voices; other plans as they are.

        Raises:
            PlanError: a plan does not parse, or one that is no preset names a site that the voice
                does not have.
        """
        sites = voice_sites(voice)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fitted = tuple(for_voice(Plan.of(plan), sites) for plan in plans)
        for plan in fitted:
            plan.check(sites)
        return cls(fitted, tuple(str(warning.message) for warning in caught))

    def __iter__(self):
        return iter(self.plans)

    def __repr__(self) -> str:
        names = ", ".join(plan.name for plan in self.plans)
        return "\n".join([f"plans: {names}", *self.notes])

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{html.escape(line)}</li>" for line in repr(self).splitlines())
        return f'<div class="findings"><ul>{items}</ul></div>'


@dataclass(frozen=True)
class PlanFile:
    """A plan as a file that can be saved, folded away on a page.

    Attributes:
        plan: any.
    """

    plan: Plan

    def __repr__(self) -> str:
        return self.plan.to_yaml()

    def _repr_html_(self) -> str:
        words = f"<summary>{html.escape(self.plan.name)}.yaml</summary>"
        return f"<details>{words}<pre>{html.escape(self.plan.to_yaml())}</pre></details>"
